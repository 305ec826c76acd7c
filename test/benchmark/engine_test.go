// SPDX-License-Identifier: Apache-2.0

package benchmark

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/rules"
)

// maxAllocations is the budget of the engine for one object, decode excluded. Its budget of time, 20 microseconds, is
// read off BenchmarkEngine10Containers: a test would fail whenever the machine is busy.
const maxAllocations = 40

// engineCase is a request that the engine is asked about, with its body decoded.
type engineCase struct {
	name     string
	in       policy.Input
	findings bool
}

func engineCases(t testing.TB) []engineCase {
	create := input(t, "shop", nil)
	update := input(t, "shop", nil)
	update.Operation, update.Old = policy.Update, input(t, "shop", nil).Object
	return []engineCase{
		{"Create", create, false},
		{"Update", update, false},
		{"Refused", input(t, "kube-system", map[string]string{"kubernetes.azure.com/managedby": "aks"}), true},
	}
}

// input is a request to create a DaemonSet with ten containers in a namespace with those labels.
func input(t testing.TB, namespace string, labels map[string]string) policy.Input {
	t.Helper()
	set, err := DaemonSet()
	if err != nil {
		t.Fatal(err)
	}
	set.Namespace = namespace
	pod := &set.Spec.Template.Spec
	shipper := pod.Containers[0]
	for i := len(pod.Containers); i < 10; i++ {
		shipper.Name = fmt.Sprint("shipper-", i)
		pod.Containers = append(pod.Containers, shipper)
	}
	pod.HostPID = labels != nil
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	o, err := object.Decode(raw, object.DaemonSets.GVK())
	if err != nil {
		t.Fatal(err)
	}
	if pod, ok := o.Pod(); !ok || len(pod.Spec.Containers) != 10 {
		t.Fatalf("got %d containers (%v), want 10", len(pod.Spec.Containers), o.Err())
	}
	return policy.Input{
		Operation: policy.Create, Resource: object.DaemonSets, Object: o, Name: set.Name, NamespaceName: namespace,
		User:      &authenticationv1.UserInfo{Username: "ada@contoso.example", Groups: []string{"tenants", "system:authenticated"}},
		Namespace: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: labels}},
		Cluster:   &policy.ClusterFacts{ServerVersion: "v1.36.3"},
	}
}

func newEngine(t testing.TB) *engine.Engine {
	t.Helper()
	e, err := engine.New(rules.All(), provider.AKS(), v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// BenchmarkEngine10Containers is the engine alone, every rule on: no decoding, no words.
func BenchmarkEngine10Containers(b *testing.B) {
	e, now := newEngine(b), time.Now()
	for _, c := range engineCases(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Evaluate(c.in, now)
			}
		})
	}
}

// TestEngineAllocations keeps the budget, and sees that what is measured is what its name says.
func TestEngineAllocations(t *testing.T) {
	e, now := newEngine(t), time.Now()
	for _, c := range engineCases(t) {
		d := e.Evaluate(c.in, now)
		if got := len(d.Verdicts) > 0; got != c.findings || d.Allowed() == c.findings || len(d.Skipped)+len(d.Faults) > 0 {
			t.Errorf("%s: got %+v, want findings %t and nothing skipped", c.name, d, c.findings)
		}
		got := testing.AllocsPerRun(100, func() { e.Evaluate(c.in, now) })
		if limit := maxAllocations; !c.findings && got > float64(limit) {
			t.Errorf("%s: got %v allocations, want at most %d", c.name, got, limit)
		}
	}
}

// BenchmarkRulesAdded shows what rules cost requests that they don't match: a ConfigMap is judged by one rule, and however many
// rules there are besides, the time must stay what it is with that one alone.
func BenchmarkRulesAdded(b *testing.B) {
	raw := []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","namespace":"shop"},"data":{"a":"b"}}`)
	o, err := object.Decode(raw, object.ConfigMaps.GVK())
	if err != nil {
		b.Fatal(err)
	}
	in := input(b, "shop", nil)
	in.Operation, in.Resource, in.Object, in.Old, in.Name = policy.Delete, object.ConfigMaps, nil, o, "settings"
	matching := slices.DeleteFunc(rules.All(), func(r policy.Rule) bool {
		return !slices.ContainsFunc(r.Match, func(m policy.Match) bool {
			return m.Resource == in.Resource && m.Subresource == "" && slices.Contains(m.Operations, in.Operation)
		})
	})
	for name, list := range map[string][]policy.Rule{
		fmt.Sprintf("Matching%d", len(matching)): matching, fmt.Sprintf("All%d", len(rules.All())): rules.All(),
	} {
		e, err := engine.New(list, provider.AKS(), v1alpha1.Default())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			now := time.Now()
			for b.Loop() {
				e.Evaluate(in, now)
			}
		})
	}
}
