#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every test: unit tests with the race detector, then those that talk to a real API server, and the chart's. Ends with a count.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
go test -race -json ./... >"$log" || failed=1
# One after the other: each starts an API server of its own.
go test -tags integration -count=1 -p 1 -timeout 20m -json ./test/cluster ./test/integration ./test/reach >>"$log" || failed=1
go test -tags "chart integration" -count=1 -timeout 20m -json ./test/chart >>"$log" || failed=1
grep -oE '(against the API server: |DEMARC_REACH_SEED=)[^\\"]*' "$log" || true
go run ./hack/testcount <"$log" || failed=1
exit $failed
