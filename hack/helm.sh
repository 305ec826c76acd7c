#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds Helm from a Go module: Helm 4, which test/helm/go.mod pins, or with the
# argument 3 Helm 3, which test/helm3/go.mod pins. It lands in
# .cache/helm/<hash>/helm (2 to 3 minutes, once). The last line on stdout is the
# path of the binary.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-4} in
3) folder=helm3 ;;
4) folder=helm ;;
*)
	echo "helm: $1: must be 3 or 4" >&2
	exit 2
	;;
esac
module=helm.sh/helm/v${1:-4}
cd "$root/test/$folder"
out=$root/.cache/helm/$(sha256sum <go.sum | cut -c1-12)/helm
if [[ ! -x $out ]]; then
	echo "helm: building $module (2 to 3 minutes, once)" >&2
	mkdir -p "$(dirname "$out")"
	version=$(GOWORK=off go list -m -f '{{.Version}}' "$module")
	flags="-s -w -X $module/internal/version.version=$version"
	if [[ $folder == helm3 ]]; then
		# Helm 3 is told at its build which Kubernetes `helm template` is for; Helm 4 finds out.
		minor=$(GOWORK=off go list -m -f '{{.Version}}' k8s.io/client-go | cut -d. -f2)
		flags+=" -X $module/pkg/chartutil.k8sVersionMajor=1 -X $module/pkg/chartutil.k8sVersionMinor=$minor"
		flags+=" -X $module/pkg/lint/rules.k8sVersionMajor=1 -X $module/pkg/lint/rules.k8sVersionMinor=$minor"
	fi
	GOWORK=off CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "$flags" -o "$out.new" "$module/cmd/helm"
	mv "$out.new" "$out"
fi
echo "$out"
