# syntax=docker/dockerfile:1
# docker build -t mayfly . && docker run --rm --runtime=runsc -p 8080:8080 mayfly
#
# docs/deploy.md says how to run it in gVisor. The last stage, file system and settings, is what `make test-image`
# starts and checks. Base images, crates and npm packages are pinned; the few Debian packages in the image are the
# suite's newest, so that building again takes its security fixes in.
#
# V8 is downloaded from GitHub, or built (half an hour or more) where that can't be reached. To give its archive instead,
# put it into this folder and build with --build-arg RUSTY_V8_ARCHIVE=/src/NAME-OF-THE-FILE.a.gz

ARG DEBIAN=bookworm
ARG NODE=22.23.2
ARG RUST=1.95.0

FROM node:${NODE}-${DEBIAN}-slim AS web
WORKDIR /src
COPY package.json package-lock.json tsconfig*.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY web web
COPY static static
# The book at /docs.
COPY README.md CHANGELOG.md SECURITY.md ./
COPY docs docs
COPY server/README.md server/
RUN npm run build

# Same Debian as the image: the program links its C library.
FROM rust:${RUST}-${DEBIAN} AS server
ARG RUSTY_V8_ARCHIVE=""
WORKDIR /src
COPY . .
COPY --from=web /src/static/dist static/dist
# Crates, what was compiled from them, and V8 stay with the builder between builds; the program leaves the cache.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    --mount=type=cache,target=/root/.cache/mayfly,sharing=locked \
    RUSTY_V8_ARCHIVE="$RUSTY_V8_ARCHIVE" scripts/v8-env cargo build --release --locked && \
    install -D target/release/mayfly /out/mayfly

FROM server AS root
RUN scripts/image-root /image /out/mayfly

FROM scratch
COPY --from=root /image /
ENV MAYFLY_LISTEN=0.0.0.0:8080 MAYFLY_DATA_DIR=/var/lib/mayfly MAYFLY_LOG_FORMAT=json
# A number, so that whoever starts it can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/mayfly
# All that is ever written. The rest works read-only.
VOLUME ["/var/lib/mayfly"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=6s --start-period=15s CMD ["/usr/local/bin/mayfly", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/mayfly"]
CMD ["serve"]
