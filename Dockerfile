# One image, two binaries: muster and the fake Graph API.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p muster -p fake-graph

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --home-dir /var/lib/muster --create-home muster
COPY --from=build /src/target/release/muster /src/target/release/fake-graph /usr/local/bin/
USER muster
VOLUME /var/lib/muster
ENTRYPOINT ["muster"]
CMD ["--help"]
