// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkCheck checks 1,000 manifests of 7 KB each, as `demarc check -f DIR` does; the budget is 2 s on two cores.
func BenchmarkCheck(b *testing.B) {
	var env strings.Builder
	for i := range 80 {
		fmt.Fprintf(&env, "        - name: SOME_ENVIRONMENT_VARIABLE_%d\n          value: \"some value of %d\"\n", i, i)
	}
	dir := b.TempDir()
	for i := range 1000 {
		manifest := fmt.Sprintf(`apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent-%d, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers:
      - name: agent
        image: registry.contoso.example/agent:1
        env:
%s`, i, &env)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.yaml", i)), []byte(manifest), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		var stderr strings.Builder
		if code := Main(b.Context(), []string{"check", "-f", dir}, nil, &stderr, &stderr); code != exitClean {
			b.Fatal(stderr.String())
		}
	}
}
