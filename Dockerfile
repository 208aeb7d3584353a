# The packages come from deploy/packages.sh, the one list of them; the build sees only what .dockerignore lets through.
FROM debian:trixie-slim AS build
COPY deploy/packages.sh /usr/local/bin/packages.sh
RUN packages.sh install build
WORKDIR /source
COPY CMakeLists.txt CMakePresets.json ./
COPY deploy/sql/ deploy/sql/
COPY src/ src/
ARG REVISION=unknown
RUN cmake --preset release -DOUTBOX_RELAY_REVISION="${REVISION}" \
    && cmake --build build/release --parallel "$(nproc)" --target outbox-relay \
    && strip build/release/src/cli/outbox-relay

FROM debian:trixie-slim
RUN --mount=type=bind,source=deploy/packages.sh,target=/packages.sh \
    /packages.sh install runtime \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
COPY --from=build /source/build/release/src/cli/outbox-relay /usr/local/bin/outbox-relay

ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="outbox-relay" \
      org.opencontainers.image.description="Relays PostgreSQL outbox rows to Apache Kafka" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/debian:trixie-slim"

# A number, so that Kubernetes can see that it is not root. The program writes no file and needs no home.
USER 65532:65532
EXPOSE 8980
# Asks /livez: an orchestrator must not restart the relay because PostgreSQL or Kafka is away.
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/usr/local/bin/outbox-relay", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/outbox-relay"]
CMD ["run", "-c", "/etc/outbox-relay/outbox-relay.yaml"]
