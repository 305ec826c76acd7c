// SPDX-License-Identifier: Apache-2.0

package posture_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/provider"
)

func decode(t testing.TB, raw string) *object.Object {
	t.Helper()
	o, err := object.Decode([]byte(raw), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func gathered(t testing.TB, raws ...string) policy.State {
	t.Helper()
	g := posture.New(provider.AKS())
	for _, raw := range raws {
		if err := g.Add(decode(t, raw)); err != nil {
			t.Fatal(err)
		}
	}
	return g.State()
}

// Only Pods in trouble are kept, whatever else of theirs says Unknown.
func TestGathererKeepsPodsInTrouble(t *testing.T) {
	pod := func(meta, status string) string {
		return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"shop"` + meta + `},"spec":{"nodeName":"n"},"status":{` + status + `}}`
	}
	for name, c := range map[string]struct {
		raw  string
		want int
	}{
		"running":                    {pod("", `"phase":"Running"`), 0},
		"unknown":                    {pod("", `"phase": "Unknown"`), 1},
		"lost":                       {pod("", `"phase":"Running","reason":"NodeLost"`), 1},
		"deleted":                    {pod(`,"deletionTimestamp":"2026-11-22T08:00:00Z","deletionGracePeriodSeconds":30`, `"phase":"Running"`), 1},
		"a condition that's unknown": {pod("", `"phase":"Running","conditions":[{"type":"Ready","status":"Unknown"}]`), 0},
		"an annotation that says so": {pod(`,"annotations":{"a":"NodeLost","b":"Unknown"}`, `"phase":"Running"`), 0},
	} {
		if got := gathered(t, c.raw).StuckPods; len(got) != c.want {
			t.Errorf("%s: got %d, want %d", name, len(got), c.want)
		}
	}
	stuck := gathered(t, pod(`,"deletionTimestamp":"2026-11-22T08:00:00Z","deletionGracePeriodSeconds":30,"finalizers":["f"]`, ``)).StuckPods[0]
	if stuck.GracePeriod != 30*time.Second || stuck.NodeName != "n" || stuck.Finalizers[0] != "f" || stuck.DeletionTimestamp.Hour() != 8 {
		t.Errorf("got %+v", stuck)
	}
}

func TestGathererReadsNodes(t *testing.T) {
	s := gathered(t, `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n","uid":"u","creationTimestamp":"2026-01-01T00:00:00Z",
		"labels":{"agentpool":"a"},"annotations":{"kubernetes.azure.com/security-patch-timestamp":"2026-01-02","other":"x"}},
		"spec":{"providerID":"azure:///x","unschedulable":true},
		"status":{"images":[{"names":["a"]}],"conditions":[{"type":"DiskPressure","status":"False"},
		{"type":"Ready","status":"Unknown","reason":"NodeStatusUnknown","lastTransitionTime":"2026-01-03T00:00:00Z"}],
		"nodeInfo":{"kubeletVersion":"v1.35.1","osImage":"o","operatingSystem":"linux","kernelVersion":"k","containerRuntimeVersion":"c"}}}`)
	n := s.Nodes[0]
	want := policy.NodeState{Subject: n.Subject, Unschedulable: true, ProviderID: "azure:///x",
		Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Ready:   policy.ConditionState{Status: "Unknown", Reason: "NodeStatusUnknown", Since: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)},
		Info: policy.NodeInfo{KubeletVersion: "v1.35.1", OSImage: "o", OperatingSystem: "linux", KernelVersion: "k",
			ContainerRuntimeVersion: "c"}}
	if diff := cmp.Diff(want, n); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"kubernetes.azure.com/security-patch-timestamp": "2026-01-02"}, n.Meta.Annotations); diff != "" {
		t.Errorf("annotations that nobody asks for are kept (-want +got):\n%s", diff)
	}
}

// What was not read is nil; what was read and is not there is empty.
func TestGathererTellsUnreadFromEmpty(t *testing.T) {
	g := posture.New(provider.AKS())
	s := g.State()
	if s.Nodes == nil || s.StuckPods == nil || s.Budgets == nil || s.Events == nil || s.Features == nil {
		t.Errorf("a list that was read is nil: %+v", s)
	}
	if s.Admission != nil {
		t.Error("a cluster without any webhook configuration was taken for one that was read")
	}
	if err := g.Add(decode(t, `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}`)); err != nil {
		t.Fatal(err)
	}
	if err := g.Add(decode(t, `{"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration","metadata":{"name":"m"}}`)); err != nil {
		t.Fatal(err)
	}
	if s = g.State(); s.Admission == nil || len(s.Admission.Mutating) != 1 || s.Admission.Validating == nil {
		t.Errorf("got %+v", s.Admission)
	}
	for _, r := range posture.Wants() {
		g.Unread(r)
	}
	if s = g.State(); s.Nodes != nil || s.StuckPods != nil || s.Budgets != nil || s.Events != nil || s.Admission != nil {
		t.Errorf("what was not read is there: %+v", s)
	}
}

func TestGathererRefusesWhatItCannotRead(t *testing.T) {
	for _, r := range posture.Wants() {
		gvk := r.GVK()
		raw := fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":"x","deletionTimestamp":"2026-01-01T00:00:00Z"},
			"status":"AADSTS7000222","spec":[],"webhooks":"x","involvedObject":3}`, gvk.GroupVersion().String(), gvk.Kind)
		g := posture.New(provider.AKS())
		if err := g.Add(decode(t, raw)); err == nil || !strings.Contains(err.Error(), gvk.Kind+" x") {
			t.Errorf("%s: got %v", gvk.Kind, err)
		}
		if s := g.State(); len(s.Nodes)+len(s.StuckPods)+len(s.Budgets)+len(s.Events) > 0 || s.Admission != nil {
			t.Errorf("%s: kept all the same: %+v", gvk.Kind, s)
		}
	}
	if s := gathered(t, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":3}`); len(s.Nodes) > 0 {
		t.Errorf("got %+v from a kind that nobody wants", s)
	}
}

func TestMetrics(t *testing.T) {
	const text = `# HELP kubernetes_feature_enabled [BETA] whether a feature is on
# TYPE kubernetes_feature_enabled gauge
kubernetes_feature_enabled{name="AllAlpha",stage="ALPHA"} 1
kubernetes_feature_enabled{name="MemoryQoS",stage="ALPHA"} 1
kubernetes_feature_enabled{name="Off",stage="ALPHA"} 0
kubernetes_feature_enabled{stage="ALPHA",name="Turned"} 1 1700000000000
kubernetes_feature_enabled {name="Spaced", stage="ALPHA",} 1.0
kubernetes_feature_enabled{name="Nodes\"",stage="ALPHA"} 1
kubernetes_feature_enabled{name="Stable",stage=""} 1
kubernetes_feature_enabled{name="NodeLogQuery",stage="BETA"} 1
kubernetes_feature_enabled{name="PodReadyToStartContainersCondition",stage="BETA"} 1
kubernetes_feature_enabled_other{name="X",stage="ALPHA"} 1
kubernetes_feature_enabled{name="Cut",stage="ALPHA"
kubernetes_feature_enabled{name="Cut
kubernetes_feature_enabled
`
	g := posture.New(provider.AKS())
	long := "apiserver_x{le=\"" + strings.Repeat("9", 200<<10) + "kubernetes_feature_enabled{name=\"X\",stage=\"ALPHA\"} 1\n"
	if err := g.Metrics(policy.Subject{}, iotest.OneByteReader(strings.NewReader(long+text))); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range g.State().Features {
		got = append(got, f.Name+" "+f.Stage)
	}
	want := []string{"MemoryQoS ALPHA", "NodeLogQuery BETA", "Spaced ALPHA", "Turned ALPHA"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	broken := errors.New("connection reset")
	if err := g.Metrics(policy.Subject{}, io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

// The aim of an upgrade is the caller's: what stands in the way of one may not stand in that of another.
func TestUpgradeReadinessToAnAim(t *testing.T) {
	s := gathered(t, `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n","labels":{"agentpool":"win"}},
		"status":{"conditions":[{"type":"Ready","status":"True"}],"nodeInfo":{"kubeletVersion":"v1.34.1","kernelVersion":"10.0.20348.1"}}}`)
	s.Now, s.Cluster.ServerVersion = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), "v1.35.2"
	for to, want := range map[featuregates.Minor][]string{
		36: nil,
		37: {"must pass through 1.36 first", "AKS offers with 1.37"},
		38: {"must pass through 1.36 first", "at most 3 minor versions older than a control plane of 1.38", "AKS offers with 1.38"},
	} {
		found := posture.UpgradeReadiness(s, to)
		if len(found) != len(want) {
			t.Errorf("to %s: got %+v, want %d", to, found, len(want))
			continue
		}
		for i, part := range want {
			if !strings.Contains(found[i].Message, part) {
				t.Errorf("to %s: got %q, want %q", to, found[i].Message, part)
			}
		}
	}
}

// BenchmarkAddPod is what each of a large cluster's Pods costs beside its listing.
func BenchmarkAddPod(b *testing.B) {
	var spec strings.Builder
	for i := range 40 {
		fmt.Fprintf(&spec, `{"name":"c%d","image":"registry.example/app:1","env":[{"name":"A","value":"some text of a usual length"}]},`, i)
	}
	o := decode(b, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"shop"},"spec":{"containers":[`+
		strings.TrimSuffix(spec.String(), ",")+`]},"status":{"phase":"Running"}}`)
	g := posture.New(provider.AKS())
	b.ReportAllocs()
	b.SetBytes(int64(len(o.Raw())))
	for b.Loop() {
		if err := g.Add(o); err != nil {
			b.Fatal(err)
		}
	}
}
