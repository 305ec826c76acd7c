#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fails if the work tree differs from the last commit: a generated file is stale, or was never added.
set -euo pipefail
cd "$(dirname "$0")/.."
status=$(git status --porcelain --untracked-files=all)
if [[ -n $status ]]; then
  printf 'verify: the work tree differs from the last commit:\n%s\n' "$status" >&2
  git --no-pager diff --stat >&2
  echo "verify: run 'make generate' and commit what it writes" >&2
  exit 1
fi
echo "verify: everything generated is committed"
