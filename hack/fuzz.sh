#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target of the module for FUZZTIME each: a duration (5s) or a number of executions (1000000x); 0 runs none,
# and leaves it at the seeds, which are unit tests.
# Minimising is kept short: by default it takes a minute for each input that reaches something new.
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ ${FUZZTIME:=5s} == 0 ]]; then
  echo "fuzz: left out; the seeds run as unit tests"
  exit 0
fi
count=0
while IFS=: read -r file target; do
  dir=./$(dirname "$file")
  echo "fuzz: $target in $dir for $FUZZTIME"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 10x "$dir"
  count=$((count + 1))
done < <(grep -rHoE '^func Fuzz[A-Za-z0-9]+' --include='*_test.go' pkg test hack cmd | sed 's/func //')
echo "fuzz: $count targets ran"
((count > 0))
