# The image of the controller: docker build -t exchange-sync-controller .
#
# The last stage, and the stage exchange, are COPY and settings, no RUN. test/image/rootfs.ts reads them and does the same in a
# folder, so that the tests run what an image holds on machines without a container engine: what goes in is said here and
# nowhere else.

# Node, the libraries that it is linked with, and an empty folder for the state. The digest counts, and is that of an index of
# several platforms; the tag says what it is. Dependabot renews both.
FROM node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20 AS node
RUN mkdir /node /state && \
    cp --parents --dereference "$(command -v node)" $(ldd "$(command -v node)" | grep -o '/[^ ]*') /node

# The packages that the program needs when it runs. None of their scripts does.
FROM node AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts
COPY Dockerfile ./
COPY image ./image
RUN node --disable-warning=ExperimentalWarning image/contents.ts /contents

# The embedded Exchange of examples/kind: docker build -t embedded-exchange:demo --target exchange .
# It is for trying things only, is part of no release, and nothing of it is in the image of the controller.
FROM scratch AS exchange
COPY --from=node /node /
COPY --from=node --chown=65532:65532 /state /var/lib/exchange
COPY --from=packages /app/node_modules/yaml /app/node_modules/yaml
COPY package.json LICENSE /app/
COPY controller/ews/ntlm/md4.ts /app/controller/ews/ntlm/
COPY test/exchange /app/test/exchange
ENV PATH=/usr/local/bin
WORKDIR /app
USER 65532:65532
EXPOSE 8443
ENTRYPOINT ["/usr/local/bin/node", "--disable-warning=ExperimentalWarning", "/app/test/exchange/main.ts"]
CMD ["--help"]

# No shell, no package manager. Node has the certificates of the public authorities in itself; an ExchangeServer names its own.
FROM scratch
COPY --from=node /node /
COPY --from=node --chown=65532:65532 /state /var/lib/exsync
COPY <<EOF /etc/passwd
root:x:0:0:root:/nonexistent:/nonexistent
exsync:x:65532:65532:exsync:/nonexistent:/nonexistent
EOF
COPY <<EOF /etc/group
root:x:0:
exsync:x:65532:
EOF
COPY <<EOF /etc/nsswitch.conf
hosts: files dns
EOF
# For people: kubectl exec … -- exsync bin list. A kernel takes one argument here; the others only save memory.
COPY --chmod=0755 <<EOF /usr/local/bin/exsync
#!/usr/local/bin/node --disable-warning=ExperimentalWarning
import('/app/controller/main.ts')
EOF
COPY --from=packages /app/node_modules /app/node_modules
COPY --from=packages /contents /app/
COPY package.json LICENSE /app/
COPY crds/*.yaml /app/crds/
COPY controller /app/controller

LABEL org.opencontainers.image.title="exchange-sync-controller" \
      org.opencontainers.image.description="Keeps an Exchange public folder and its members' mailbox folders the same." \
      org.opencontainers.image.licenses="Apache-2.0"
# Compiled code is kept in /tmp where one is mounted that may be written.
ENV PATH=/usr/local/bin EXSYNC_STATE=/var/lib/exsync XDG_CACHE_HOME=/tmp
WORKDIR /app
USER 65532:65532
EXPOSE 8080 9440
# The flags are those of the first line of controller/main.ts.
ENTRYPOINT ["/usr/local/bin/node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=8", "--max-old-space-size=768", "/app/controller/main.ts"]
CMD ["--help"]
