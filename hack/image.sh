#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the image with whichever builder is there, or with the one that BUILDER names: image.sh NAME ARCH VERSION COMMIT
set -euo pipefail
cd "$(dirname "$0")/.."
wanted() { [[ ${BUILDER:-$1} == "$1" ]] && command -v "$1" >/dev/null; }
args=(--build-arg "TARGETARCH=$2" --build-arg "VERSION=$3" --build-arg "COMMIT=$4" -t "$1" .)
if wanted docker && docker info >/dev/null 2>&1; then
  exec docker build --platform "linux/$2" "${args[@]}"
elif wanted podman; then
  exec podman build --platform "linux/$2" "${args[@]}"
elif wanted buildah; then
  exec buildah bud --isolation "${BUILDAH_ISOLATION:-chroot}" --platform "linux/$2" "${args[@]}"
fi
echo "image: no docker (with its engine running), podman or buildah was found (BUILDER=${BUILDER:-any}): install one of them" >&2
exit 1
