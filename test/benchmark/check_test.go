// SPDX-License-Identifier: Apache-2.0

package benchmark_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/cli"
	"github.com/demarc-dev/demarc/test/benchmark"
)

// manifests is how many `demarc check` gets; the budget is 2 s for them on 2 cores.
const manifests = 1000

// BenchmarkCheck1000 is `demarc check` of a folder with a thousand manifests, from reading the files to the last word.
func BenchmarkCheck1000(b *testing.B) {
	dir := b.TempDir()
	writeManifests(b, dir)
	for b.Loop() {
		var out, complaints bytes.Buffer
		if code := cli.Main(b.Context(), []string{"check", "-f", dir}, strings.NewReader(""), &out, &complaints); code != 0 {
			b.Fatalf("got exit code %d, want 0\n%s%s", code, &out, &complaints)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/1000-manifests")
}

func writeManifests(b *testing.B, dir string) {
	b.Helper()
	set, err := benchmark.DaemonSet()
	if err != nil {
		b.Fatal(err)
	}
	for i := range manifests {
		set.Name = fmt.Sprintf("log-shipper-%d", i)
		raw, err := yaml.Marshal(set)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, set.Name+".yaml"), raw, 0o600); err != nil {
			b.Fatal(err)
		}
	}
}
