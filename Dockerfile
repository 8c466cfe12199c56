# The image: one executable that needs nothing but a place for its data. It runs as nobody in particular, on a read-only root.
#   docker build -t elido .
#   docker run --read-only -v elido:/var/lib/elido -p 8080:8080 -p 8090:8090 elido

ARG BUILD_IMAGE=docker.io/library/rust:1.95-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/root/.npm,sharing=locked dev/web && rm -rf web/node_modules
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/source/target,sharing=locked \
    cargo build --release --locked --bin elido && cp target/release/elido /usr/local/bin/elido
RUN bash -c '. dev/lib.sh && need_country_file /country.mmdb' && mkdir /data

FROM ${RUNTIME_IMAGE}
COPY --from=build /usr/local/bin/elido /usr/local/bin/elido
COPY --from=build /country.mmdb /usr/share/elido/country.mmdb
COPY --from=build /source/LICENSE /usr/share/doc/elido/LICENSE
# Certificates to trust, whatever the runtime image brings.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /data /var/lib/elido

ENV ELIDO_DATA_FOLDER=/var/lib/elido \
    ELIDO_GEO__COUNTRY_FILE=/usr/share/elido/country.mmdb \
    ELIDO_LOG__FORMAT=json
USER 65532:65532
VOLUME /var/lib/elido
# Redirects and the API. The internal listener (8081) stays inside.
EXPOSE 8080 8090
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/usr/local/bin/elido", "health"]
ENTRYPOINT ["/usr/local/bin/elido"]
CMD ["run", "--role", "all"]
