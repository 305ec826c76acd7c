#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A linter rule that can't fail guards nothing. This plants one offender for each floor in a copy of the tree and
# expects the linter to name it.
set -euo pipefail
cd "$(dirname "$0")/.."
linter=$(realpath "$1")
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"
cd "$copy"

# package | import that it must not have, and that makes no cycle, or the linter would see nothing at all
offenders=(
  'object|github.com/demarc-dev/demarc/pkg/version'
  'provider|github.com/demarc-dev/demarc/pkg/version'
  'featuregates|k8s.io/component-base/featuregate'
  'alphaapis|github.com/demarc-dev/demarc/pkg/version'
  'kubecomponent|github.com/demarc-dev/demarc/pkg/version'
  'azureobject|github.com/demarc-dev/demarc/pkg/version'
  'policy|github.com/demarc-dev/demarc/pkg/version'
  'rules|github.com/demarc-dev/demarc/pkg/version'
  'posture|github.com/demarc-dev/demarc/pkg/version'
  'admissionconfig|k8s.io/client-go/rest'
  'managedfields|github.com/demarc-dev/demarc/pkg/version'
  'pseudonym|github.com/demarc-dev/demarc/pkg/version'
  'catalogue|github.com/demarc-dev/demarc/pkg/version'
  'surroundings|github.com/demarc-dev/demarc/pkg/version'
  'engine|github.com/demarc-dev/demarc/pkg/rules'
  'surroundings/live|github.com/demarc-dev/demarc/pkg/rules'
  'admissionconfig/live|github.com/demarc-dev/demarc/pkg/rules'
  'admissionwatch|github.com/demarc-dev/demarc/pkg/rules'
  'report/html|html/template'
  'metrics|k8s.io/client-go/rest'
  'openreports|k8s.io/client-go/rest'
  'reload|k8s.io/client-go/rest'
  'certificates|k8s.io/client-go/rest'
  'event|github.com/demarc-dev/demarc/pkg/version'
  'guard|github.com/demarc-dev/demarc/pkg/rules'
  'enforcer|github.com/demarc-dev/demarc/pkg/rules'
  'webhook/server|github.com/demarc-dev/demarc/pkg/policy'
  'webhook|github.com/demarc-dev/demarc/pkg/rules'
  'auditor|github.com/demarc-dev/demarc/pkg/rules'
  'preview|github.com/demarc-dev/demarc/pkg/rules'
  'serve|github.com/demarc-dev/demarc/pkg/rules'
)
planted=()
for o in "${offenders[@]}"; do
  pkg=${o%%|*} import=${o##*|}
  file=pkg/$pkg/zz_planted.go
  printf '// SPDX-License-Identifier: Apache-2.0\n\npackage %s\n\nimport _ "%s"\n' "${pkg##*/}" "$import" >"$file"
  planted+=("$file:5:8: import '$import'")
done
out=$("$linter" run --tests=false --enable-only depguard --allow-parallel-runners --max-same-issues 0 --max-issues-per-linter 0 ./pkg/... 2>&1 || true)
missed=0
for p in "${planted[@]}"; do
  if ! grep -qF "${p%%:*}" <<<"$out"; then
    echo "lint: the planted offender $p was not caught" >&2
    missed=1
  fi
done
if ((missed)); then
  echo "$out" >&2
  exit 1
fi
echo "lint: ${#planted[@]} planted offenders caught"
