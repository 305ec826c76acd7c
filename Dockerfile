# SPDX-License-Identifier: Apache-2.0
# `make image` builds the static binary first; nothing is pulled from a registry.
FROM scratch
ARG TARGETARCH=amd64
ARG VERSION=devel
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="demarc" \
      org.opencontainers.image.description="Guards the line between the cloud provider's responsibility and the customer's in a Kubernetes cluster" \
      org.opencontainers.image.source="https://github.com/demarc-dev/demarc" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
COPY bin/linux/${TARGETARCH}/demarc /demarc
USER 65532:65532
EXPOSE 9443 8080 8081
ENTRYPOINT ["/demarc"]
CMD ["serve"]
