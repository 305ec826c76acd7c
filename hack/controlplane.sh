#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds a Kubernetes control plane from the Go modules that
# test/controlplane/go.mod pins, into .cache/controlplane/<version>-<hash>/.
#
#   hack/controlplane.sh              kube-apiserver, etcd and kubectl
#   hack/controlplane.sh kubelet ...  the binaries named
#
# What is there already is left alone. Progress goes to stderr; the last line
# on stdout is the folder.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
module=$root/test/controlplane
cache=$root/.cache/controlplane
export GOWORK=off CGO_ENABLED=0

say() { echo "controlplane: $*" >&2; }

package_of() {
	case $1 in
	etcd) echo go.etcd.io/etcd/server/v3 ;;
	kube-apiserver | kube-controller-manager | kube-proxy | kube-scheduler | kubectl | kubelet)
		echo "k8s.io/kubernetes/cmd/$1" ;;
	*)
		say "unknown binary $1; known are etcd, kube-apiserver, kube-controller-manager, kube-proxy, kube-scheduler, kubectl, kubelet"
		return 1 ;;
	esac
}

# test/cluster computes the same hash to find the folder.
sum_of() {
	if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi <"$1" | cut -c1-12
}

take_lock() {
	exec 9>"$cache/.lock"
	if ! command -v flock >/dev/null; then
		say "no flock on this machine: do not run this twice at once"
		return
	fi
	if ! flock --nonblock 9; then
		say "another run is building; waiting for it"
		flock 9
	fi
}

building='' temp=''
clean_up() {
	[[ -z $building ]] || kill "$building" 2>/dev/null || true
	[[ -z $temp ]] || rm -rf "$temp"
}

# Shows one line every 15 seconds until the build, a child of this shell, ends.
watch_build() {
	local log=$1 total=$2 next=15
	SECONDS=0
	while kill -0 "$building" 2>/dev/null; do
		sleep 1 9>&-
		((SECONDS < next)) && continue
		say "$(printf '%d:%02d elapsed, %d packages compiled of at most %d' \
			$((SECONDS / 60)) $((SECONDS % 60)) "$(grep -c . "$log" || true)" "$total")"
		next=$((SECONDS + 15))
	done
}

build() {
	local packages=() name total status=0
	for name in "$@"; do packages+=("$(package_of "$name")"); done

	say "building $* of Kubernetes $version"
	say "this takes 6 to 7 minutes from scratch on 2 cores, seconds when Go's build cache is warm"
	say "fetching modules"
	total=$(go list -deps "${packages[@]}" | grep -c .)

	# A run that was killed leaves its folder; the lock says nobody is using it.
	rm -rf "$cache"/.building.*
	temp=$(mktemp -d "$cache/.building.XXXXXX")
	mkdir "$temp/bin"

	local stamp=k8s.io/component-base/version
	local major=${version#v} minor=${version#v*.}
	go build -v -trimpath -buildvcs=false -o "$temp/bin/" -ldflags "-s -w \
		-X $stamp.gitVersion=$version -X $stamp.gitMajor=${major%%.*} -X $stamp.gitMinor=${minor%%.*}" \
		"${packages[@]}" 2>"$temp/log" &
	building=$!
	watch_build "$temp/log" "$total"
	wait "$building" || status=$?
	building=''
	if ((status != 0)); then
		tail -n 30 "$temp/log" >&2
		say "go build ended with status $status"
		return "$status"
	fi

	# etcd's command is the root of its module, so Go names it after that.
	[[ ! -e $temp/bin/server ]] || mv "$temp/bin/server" "$temp/bin/etcd"
	mkdir -p "$out"
	for name in "$@"; do mv "$temp/bin/$name" "$out/$name"; done
	say "built in $((SECONDS / 60)) min $((SECONDS % 60)) s"
}

(($# > 0)) || set -- kube-apiserver etcd kubectl
for name in "$@"; do package_of "$name" >/dev/null; done

cd "$module"
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
out=$cache/$version-$(sum_of go.sum)
mkdir -p "$cache"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
take_lock

missing=()
for name in "$@"; do [[ -x $out/$name ]] || missing+=("$name"); done
if ((${#missing[@]} > 0)); then
	build "${missing[@]}"
else
	say "$* of Kubernetes $version: there already"
fi
echo "$out"
