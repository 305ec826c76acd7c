// SPDX-License-Identifier: Apache-2.0

package featuregates

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKnown(t *testing.T) {
	oldest, newest := Known()
	if oldest != 20 || newest != 37 {
		t.Errorf("got %s to %s, want 1.20 to 1.37", oldest, newest)
	}
	if release, ok := Source(36); !ok || release != "v1.36.3" {
		t.Errorf("source of 1.36: got %q, %t", release, ok)
	}
	if release, ok := Source(newest + 1); ok {
		t.Errorf("source of %s: got %q, want none", newest+1, release)
	}
}

func TestLookup(t *testing.T) {
	for _, test := range []struct {
		gate  string
		minor Minor
		want  Spec
		known bool
	}{
		{"MemoryQoS", 21, Spec{}, false},
		{"MemoryQoS", 22, Spec{Stage: Alpha}, true},
		{"MemoryQoS", 36, Spec{Stage: Alpha}, true},
		{"HonorPVReclaimPolicy", 30, Spec{Stage: Alpha}, true},
		{"HonorPVReclaimPolicy", 31, Spec{Stage: Beta, Default: true}, true},
		{"RecoverVolumeExpansionFailure", 31, Spec{Stage: Alpha}, true},
		{"RecoverVolumeExpansionFailure", 32, Spec{Stage: Beta, Default: true}, true},
		{"KubeletServiceAccountTokenForCredentialProviders", 32, Spec{}, false},
		{"KubeletServiceAccountTokenForCredentialProviders", 33, Spec{Stage: Alpha}, true},
		{"KubeletServiceAccountTokenForCredentialProviders", 34, Spec{Stage: Beta, Default: true}, true},
		{"WindowsHostNetwork", 32, Spec{Stage: Alpha, Default: true}, true},
		{"WindowsHostNetwork", 33, Spec{Stage: Deprecated}, true},
		{"HPAScaleToZero", 36, Spec{Stage: Alpha}, true},
		{"CustomCPUCFSQuotaPeriod", 35, Spec{Stage: Alpha}, true},
		{"CPUCFSQuotaPeriod", 35, Spec{}, false},
		{"ClientsAllowCBOR", 35, Spec{Stage: Alpha}, true},
		{"ContextualLogging", 29, Spec{Stage: Alpha}, true},
		{"LoggingAlphaOptions", 24, Spec{}, false},
		{"memoryqos", 36, Spec{}, false},
		{"MemoryQoS", 38, Spec{}, false},
		{"MemoryQoS", 0, Spec{}, false},
		{"", 36, Spec{}, false},
		{"AllAlpha", 36, Spec{Stage: Alpha}, true},
		{"AllAlpha", 0, Spec{Stage: Alpha}, true},
		{"AllAlpha", 99, Spec{Stage: Alpha}, true},
		{"AllBeta", 36, Spec{Stage: Beta}, true},
		{"AllBeta", 99, Spec{}, false},
	} {
		t.Run(test.gate+" "+test.minor.String(), func(t *testing.T) {
			got, known := Lookup(test.gate, test.minor)
			if got != test.want || known != test.known {
				t.Errorf("got %v, %t, want %v, %t", got, known, test.want, test.known)
			}
		})
	}
}

func TestLeavesAlpha(t *testing.T) {
	for _, test := range []struct {
		gate  string
		minor Minor
		next  Minor
		stage Stage
		ok    bool
	}{
		{"HonorPVReclaimPolicy", 23, 31, Beta, true},
		{"HonorPVReclaimPolicy", 30, 31, Beta, true},
		{"HonorPVReclaimPolicy", 31, 0, "", false},
		{"WindowsHostNetwork", 32, 33, Deprecated, true},
		{"InformerResourceVersion", 34, 35, GA, true},
		{"CrossNamespaceVolumeDataSource", 26, 0, "", false},
		{"DynamicKubeletConfig", 20, 0, "", false},
		{"AllAlpha", 30, 0, "", false},
		{"NoSuchGate", 30, 0, "", false},
		{"EventedPLEG", 99, 0, "", false},
		{"ClusterTrustBundle", 30, 33, Beta, true},
		{"DRAControlPlaneController", 31, 32, "", true},
	} {
		t.Run(test.gate+" "+test.minor.String(), func(t *testing.T) {
			next, stage, ok := LeavesAlpha(test.gate, test.minor)
			if next != test.next || stage != test.stage || ok != test.ok {
				t.Errorf("got %v, %q, %t, want %v, %q, %t", next, stage, ok, test.next, test.stage, test.ok)
			}
		})
	}
}

func TestHistory(t *testing.T) {
	for gate, want := range map[string]string{
		"MutableCSINodeAllocatableCount": "alpha in 1.33, beta in 1.34 to 1.35, GA since 1.36",
		"HPAScaleToZero":                 "alpha in 1.20 to 1.36, beta in 1.37",
		"CSIMigrationRBD":                "alpha in 1.24 to 1.27, deprecated in 1.28 to 1.30",
		"EventedPLEG":                    "alpha since 1.26",
		"NoSuchGate":                     "",
		"AllAlpha":                       "alpha in every version",
	} {
		if got := History(gate); got != want {
			t.Errorf("%s: got %q, want %q", gate, got, want)
		}
	}
}

func TestAlphaRanges(t *testing.T) {
	want := []Range{{From: 26, To: 32, Spec: Spec{Stage: Alpha, Default: true}}}
	if diff := cmp.Diff(want, AlphaRanges("WindowsHostNetwork")); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
	if got := AlphaRanges("AllBeta"); len(got) != 0 {
		t.Errorf("AllBeta: got %v, want none", got)
	}
}

// TestRangesAreCopies keeps a caller from changing the table.
func TestRangesAreCopies(t *testing.T) {
	first := Ranges("MemoryQoS")
	want := slices.Clone(first)
	first[0].Stage = GA
	if diff := cmp.Diff(want, Ranges("MemoryQoS")); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
}

func TestConcurrentUse(t *testing.T) {
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, known := Lookup("MemoryQoS", 36); !known {
				t.Error("MemoryQoS is not known")
			}
		})
	}
	group.Wait()
}

func TestLookupAllocatesNothing(t *testing.T) {
	args := []string{"kube-scheduler", "--leader-elect=true", "--config", "/etc/kubernetes/scheduler.yaml", "--v=2"}
	for name, do := range map[string]func(){
		"Lookup":      func() { Lookup("MemoryQoS", 36) },
		"Lookup miss": func() { Lookup("NoSuchGate", 36) },
		"LeavesAlpha": func() { LeavesAlpha("MemoryQoS", 22) },
		"ParseMinor":  func() { ParseMinor("v1.36.3-aks.1") },
		"no flag":     func() { FromArgs(args) },
	} {
		if allocations := testing.AllocsPerRun(100, do); allocations != 0 {
			t.Errorf("%s: %v allocations, want none", name, allocations)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Lookup("APIResponseCompression", 37)
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(embedded); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFromArgs(b *testing.B) {
	usual := []string{
		"kube-scheduler", "--authentication-kubeconfig=/etc/kubernetes/scheduler.conf", "--bind-address=127.0.0.1",
		"--config", "/etc/kubernetes/scheduler.yaml", "--leader-elect=true", "--secure-port=10259", "--v=2",
	}
	hostile := make([]byte, 0, MaxText)
	for i := 0; len(hostile) < MaxText-8; i++ {
		hostile = append(hostile, byte('a'+i%26), byte('a'+i/26%26), byte('a'+i/676%26), '=', '1', ',')
	}
	for name, args := range map[string][]string{
		"none":     usual,
		"one":      append(slices.Clone(usual), "--feature-gates=MemoryQoS=true,AllAlpha=false,NodeSwap=true"),
		"hostile":  {"--feature-gates", string(hostile)},
		"far over": {"--feature-gates=" + strings.Repeat("MemoryQoS=1,", 1<<17)},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				FromArgs(args)
			}
		})
	}
}
