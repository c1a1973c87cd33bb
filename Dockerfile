# syntax=docker/dockerfile:1
# docker build -t mayfly . && docker run --rm -p 8080:8080 mayfly
#
# Behind a firewall: put the V8 archive (see README.md) into the context and build with
#   --build-arg RUSTY_V8_ARCHIVE=/src/NAME-OF-THE-FILE.a.gz

ARG DEBIAN=bookworm

FROM node:22-${DEBIAN}-slim AS web
WORKDIR /src
COPY package.json package-lock.json tsconfig*.json ./
RUN npm ci --no-audit --no-fund
COPY web web
COPY static static
RUN npm run build

FROM rust:1.95-${DEBIAN} AS server
ARG RUSTY_V8_ARCHIVE=""
WORKDIR /src
COPY . .
COPY --from=web /src/static/dist static/dist
RUN RUSTY_V8_ARCHIVE="$RUSTY_V8_ARCHIVE" scripts/v8-env cargo build --release --locked

FROM debian:${DEBIAN}-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/mayfly --create-home mayfly
COPY --from=server /src/target/release/mayfly /usr/local/bin/mayfly
USER mayfly
WORKDIR /var/lib/mayfly
VOLUME /var/lib/mayfly
ENV MAYFLY_LISTEN=0.0.0.0:8080 MAYFLY_DATA_DIR=/var/lib/mayfly MAYFLY_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=6s --start-period=15s CMD ["mayfly", "healthcheck"]
ENTRYPOINT ["mayfly"]
CMD ["serve"]
