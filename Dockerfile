# The Airbyte source as an image. Nobody publishes it: build it from a clone (docs/airbyte.md).

# The package holds nothing that is of one platform alone, so it is built once, on the machine's own.
FROM --platform=$BUILDPLATFORM node:26-slim AS build
WORKDIR /build
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund
# What npm would install, unpacked, with the very versions the tests have run with.
RUN npm pack --pack-destination /tmp \
    && mkdir -p /airbyte/integration_code \
    && tar -xzf /tmp/tap-zendesk-chat-*.tgz -C /airbyte/integration_code --strip-components=1 \
    && cp package-lock.json /airbyte/integration_code/
WORKDIR /airbyte/integration_code
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && chmod -R a+rX,go-w /airbyte

FROM node:26-slim
# The platform runs everything as uid 1000, which is node's in this base image.
RUN userdel --remove node \
    && groupadd --gid 1000 airbyte \
    && mkdir /airbyte \
    && useradd --uid 1000 --gid 1000 --create-home --home-dir /airbyte/home --shell /bin/sh airbyte
COPY --from=build /airbyte/integration_code /airbyte/integration_code
WORKDIR /airbyte/integration_code
# A number, so that a cluster can see for itself that it is not root.
USER 1000:1000
# The platform evaluates the variable in a shell; Docker itself starts the entry point. The flag bounds the part of V8's
# heap in which records live for a moment: without it a sync takes up to 120 MB more, depending on Node's version.
# NODE_OPTIONS is not set: the program needs the same memory for every account, and a larger heap would only end at the
# container's limit.
ENV AIRBYTE_ENTRYPOINT="node --max-semi-space-size=4 /airbyte/integration_code/bin/source-zendesk-chat.js"
ENTRYPOINT ["node", "--max-semi-space-size=4", "/airbyte/integration_code/bin/source-zendesk-chat.js"]
LABEL io.airbyte.name="source-zendesk-chat" \
      io.airbyte.version="0.1.0" \
      org.opencontainers.image.title="source-zendesk-chat" \
      org.opencontainers.image.description="Airbyte source that reads a Zendesk Chat account completely" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
