#!/usr/bin/env bash
# Gives the role that role.sql makes its password. Run by the image of PostgreSQL when it makes the database.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -v password="$(cat "${RELAY_PASSWORD_FILE:-/run/secrets/relay-password}")" \
  --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" <<<"ALTER ROLE outbox_relay PASSWORD :'password'"
