#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds Helm from the Go module that test/helm/go.mod pins, into
# .cache/helm/<hash>/helm (2 to 3 minutes, once). The last line on stdout is
# the path of the binary.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root/test/helm"
out=$root/.cache/helm/$(sha256sum <go.sum | cut -c1-12)/helm
if [[ ! -x $out ]]; then
	echo "helm: building it (2 to 3 minutes, once)" >&2
	mkdir -p "$(dirname "$out")"
	version=$(GOWORK=off go list -m -f '{{.Version}}' helm.sh/helm/v4)
	GOWORK=off CGO_ENABLED=0 go build -trimpath -buildvcs=false \
		-ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$version" \
		-o "$out.new" helm.sh/helm/v4/cmd/helm
	mv "$out.new" "$out"
fi
echo "$out"
