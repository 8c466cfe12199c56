# The image: one executable that needs nothing but a place for its data. It runs as nobody in particular, on a read-only root.
#   docker build -t elido .
#   docker run --read-only -v elido:/var/lib/elido -p 8080:8080 -p 8090:8090 elido
# For both kinds of machines: docker buildx build --platform linux/amd64,linux/arm64 -t elido . Each is built as on such a machine, by one of its kind
# or emulated; nothing is compiled for another kind.

ARG BUILD_IMAGE=docker.io/library/rust:1.95-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
# Set by the builder: what it builds for; two kinds share one cache.
ARG TARGETARCH
# The date that what is made bears; it is that of no build, so that the same sources make the same files. Neither do they name folders of the builder.
ARG SOURCE_DATE_EPOCH=0
ENV RUSTFLAGS="--remap-path-prefix=/source=/elido --remap-path-prefix=/usr/local/cargo=/cargo"
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/root/.npm,sharing=locked dev/web && rm -rf web/node_modules
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/source/target,sharing=locked \
    export CARGO_TARGET_DIR=/source/target/image-$TARGETARCH && \
    cargo build --release --locked --bin elido && cp "$CARGO_TARGET_DIR/release/elido" /usr/local/bin/elido && \
    dev/sbom /usr/local/share/elido.cdx.json
RUN bash -c '. dev/lib.sh && need_country_file /country.mmdb' && mkdir /data

FROM ${RUNTIME_IMAGE}
COPY --from=build /usr/local/bin/elido /usr/local/bin/elido
COPY --from=build /country.mmdb /usr/share/elido/country.mmdb
COPY --from=build /source/LICENSE /usr/share/doc/elido/LICENSE
# What the executable is made of, as CycloneDX.
COPY --from=build /usr/local/share/elido.cdx.json /usr/share/doc/elido/elido.cdx.json
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
