# The image of the Airbyte source. It is not published: build it from a clone (docs/airbyte.md).

# The package contains no platform-specific code, so it is built once, on the build machine's platform.
FROM --platform=$BUILDPLATFORM node:26-slim AS build
WORKDIR /build
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund
# The files that npm would install, with the dependency versions from the lock file.
RUN npm pack --pack-destination /tmp \
    && mkdir -p /airbyte/integration_code \
    && tar -xzf /tmp/tap-zendesk-chat-*.tgz -C /airbyte/integration_code --strip-components=1 \
    && cp package-lock.json /airbyte/integration_code/
WORKDIR /airbyte/integration_code
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && chmod -R a+rX,go-w /airbyte

FROM node:26-slim
# The platform runs connectors as uid 1000, which belongs to the user node in this base image.
RUN userdel --remove node \
    && groupadd --gid 1000 airbyte \
    && mkdir /airbyte \
    && useradd --uid 1000 --gid 1000 --create-home --home-dir /airbyte/home --shell /bin/sh airbyte
COPY --from=build /airbyte/integration_code /airbyte/integration_code
WORKDIR /airbyte/integration_code
# A numeric user, so that Kubernetes can verify that it is not root.
USER 1000:1000
# The platform evaluates the variable in a shell; Docker runs the entry point. The flag limits V8's young generation,
# which contains short-lived records. Without it, a sync needs up to 120 MB more, depending on the Node.js version.
# NODE_OPTIONS is not set, because the program needs the same amount of memory for every account.
ENV AIRBYTE_ENTRYPOINT="node --max-semi-space-size=4 /airbyte/integration_code/bin/source-zendesk-chat.js"
ENTRYPOINT ["node", "--max-semi-space-size=4", "/airbyte/integration_code/bin/source-zendesk-chat.js"]
LABEL io.airbyte.name="source-zendesk-chat" \
      io.airbyte.version="0.1.0" \
      org.opencontainers.image.title="source-zendesk-chat" \
      org.opencontainers.image.description="Airbyte source that reads a Zendesk Chat account completely" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
