#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the end-to-end tests: a real Kubernetes of one node on this machine, the
# image of our Dockerfile, the chart installed by Helm.
#
#   hack/e2e.sh                    everything (about 15 minutes), and writes test/e2e/results.md
#   hack/e2e.sh -run TestStory     some of it: the arguments go to `go test`
#
# It can be run again and again: each run first takes away what an earlier one
# left, also one that was cut off. DEMARC_E2E_ROUNDS says how often the whole
# life of a release is gone through (3); DEMARC_E2E_LOG names a file for all that
# the tests say.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "e2e: $*" >&2; }

if ((EUID != 0)); then
	say "only root can run this: a kubelet mounts, and makes namespaces and cgroups. Try: sudo -E make e2e"
	exit 1
fi

packages=(buildah conntrack containerd containernetworking-plugins ipset iproute2 iptables runc socat util-linux)
if command -v dpkg-query >/dev/null; then
	missing=()
	for p in "${packages[@]}"; do
		[[ $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) == "install ok installed" ]] || missing+=("$p")
	done
	if ((${#missing[@]} > 0)); then
		say "installing ${missing[*]}"
		export DEBIAN_FRONTEND=noninteractive
		apt-get update -qq >&2
		apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
	fi
else
	say "this is no Debian: see to it yourself that these are there: ${packages[*]}"
fi

# There is one such node on a machine at a time. What Go starts must not inherit the lock: it would outlive us.
exec 8>/tmp/demarc-node.lock
if ! flock --nonblock 8; then
	say "another run has the node; waiting for it"
	flock 8
fi

binaries=$(hack/controlplane.sh etcd kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubectl kubelet 8>&-)
helm=$(hack/helm.sh 8>&- | tail -n 1)

# The node takes images from buildah's store. The second differs by its version alone: it is what releases move to.
image=localhost/demarc
for tag in e2e e2e-next; do
	say "building $image:$tag"
	output=$(BUILDER=buildah make --no-print-directory image IMAGE="$image:$tag" VERSION="v0.0.0-$tag" 2>&1 8>&-) || {
		echo "$output" >&2
		exit 1
	}
done

DEMARC_CONTROLPLANE=$binaries DEMARC_HELM=$helm DEMARC_IMAGE=$image \
	go test -tags e2e -count=1 -timeout 40m -json ./test/e2e "$@" 8>&- |
	tee "${DEMARC_E2E_LOG:-/dev/null}" | go run ./hack/testcount -each
