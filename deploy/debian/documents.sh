#!/usr/bin/env bash
# Makes the documents of the Debian package that are not files of the source.
#
#   documents.sh PROGRAM VERSION MAINTAINER FOLDER
#
# Writes to FOLDER the manual page outbox-relay.1.gz, from the program's own help, so that there is no second text to keep
# true, and changelog.Debian.gz. SOURCE_DATE_EPOCH, when it is set, is the date of both.
set -euo pipefail
program=$1 version=$2 maintainer=$3 folder=$4
date_of() { LC_ALL=C date --utc --date="@${SOURCE_DATE_EPOCH:-$(date +%s)}" "$@"; }

# Text for roff: backslashes and hyphens as they are, no line that begins with a command.
escaped() { sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"; }

verbatim() { printf '.nf\n%s\n.fi\n' "$("$program" "$@" --help | escaped)"; }

commands_of() { "$program" "$@" --help | awk '/^Subcommands:/ {on = 1; next} /^$/ {on = 0} on && /^  [a-z]/ {print $1}'; }

# describe_commands COMMAND...: those below it, and those below them.
describe_commands() {
  local name
  for name in $(commands_of "$@"); do
    printf '.SS %s\n' "$(escaped <<<"outbox-relay $* $name" | tr -s ' ')"
    verbatim "$@" "$name"
    describe_commands "$@" "$name"
  done
}

manual_page() {
  cat <<END_OF_HEAD
.TH OUTBOX\-RELAY 1 $(date_of +%Y\\-%m\\-%d) "outbox\-relay $version" "User Commands"
.SH NAME
outbox\-relay \- relay of PostgreSQL outbox rows to Apache Kafka
.SH SYNOPSIS
.B outbox\-relay
.I COMMAND
.RI [ OPTION ...]
.SH DESCRIPTION
END_OF_HEAD
  verbatim
  echo '.SH COMMANDS'
  describe_commands
  cat <<'END_OF_TAIL'
.SH FILES
.TP
.I /etc/outbox\-relay/outbox\-relay.yaml
The configuration of the service; /usr/share/doc/outbox\-relay/configuration.md.gz explains every option.
.TP
.I /etc/default/outbox\-relay
Environment of the service: what the configuration names as ${NAME}.
.TP
.I /etc/credstore/outbox\-relay.postgres\fR, \fI/etc/credstore/outbox\-relay.kafka
Passwords of the service, for root only.
.TP
.I /usr/share/outbox\-relay/sql
The outbox table, the relay's control schema, and its role.
.SH SEE ALSO
/usr/share/doc/outbox\-relay/deploying.md.gz,
.BR systemctl (1),
.BR journalctl (1)
END_OF_TAIL
}

debian_changelog() {
  cat <<END_OF_ENTRY
outbox-relay ($version) unstable; urgency=medium

  * This version as its source is; changelog.gz says what is new.

 -- $maintainer  $(date_of '+%a, %d %b %Y %H:%M:%S %z')
END_OF_ENTRY
}

mkdir -p "$folder"
manual_page | gzip -9n >"$folder/outbox-relay.1.gz"
debian_changelog | gzip -9n >"$folder/changelog.Debian.gz"
