// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// accessInput is a request on a part of an object in kube-system.
func accessInput(t *testing.T, r object.Resource, sub string, op policy.Operation, before, after string) policy.Input {
	t.Helper()
	in := managedInput(t, r, op, before, after)
	in.Subresource, in.Name = sub, "x"
	return in
}

func TestManagedWorkloadAccessThroughServices(t *testing.T) {
	for name, fix := range map[string]string{
		"metrics-server":        "use what AKS documents for metrics-server, or open a support request",
		"metrics-server:443":    "use what AKS documents for metrics-server, or open a support request",
		"https:metrics-server:": "use what AKS documents for metrics-server, or open a support request",
	} {
		in := accessInput(t, object.Services, "proxy", policy.Connect, "", `{"kind":"ServiceProxyOptions","apiVersion":"v1"}`)
		in.Name = name
		got := checkManagedWorkloadAccess(in)
		want := []string{"-: must not reach through the API server into a Service of kube-system: AKS operates what runs there"}
		if diff := cmp.Diff(want, summary(got)); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", name, diff)
		}
		if got[0].Fix != fix {
			t.Errorf("%s: got fix %q, want %q", name, got[0].Fix, fix)
		}
	}
}

// A container can only be added, so the first new one is the finding, however many there were.
func TestManagedWorkloadAccessDebugging(t *testing.T) {
	const none, one, two = `{"spec":{}}`, `{"spec":{"ephemeralContainers":[{"name":"a"}]}}`,
		`{"spec":{"ephemeralContainers":[{"name":"a"},{"name":"b"}]}}`
	const must = ": must not be added to a pod of kube-system: AKS operates what runs there, and it stays until the pod goes"
	for _, c := range []struct {
		name, before, after string
		want                []string
	}{
		{"first", none, one, []string{"spec.ephemeralContainers[0]" + must}},
		{"two at once", none, two, []string{"spec.ephemeralContainers[0]" + must}},
		{"second", one, two, []string{"spec.ephemeralContainers[1]" + must}},
		{"as before", two, two, nil},
		{"malformed", none, `{"spec":{"ephemeralContainers":"a"}}`, nil},
	} {
		in := accessInput(t, object.Pods, "ephemeralcontainers", policy.Update, c.before, c.after)
		if diff := cmp.Diff(c.want, summary(checkManagedWorkloadAccess(in))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestManagedWorkloadAccessBindings(t *testing.T) {
	const binding = `{"metadata":{"name":"x"},"target":{"kind":"Node","name":"n"}}`
	want := []string{"target: must be chosen by AKS's scheduler: pods of kube-system go where it puts them"}
	in := accessInput(t, object.Bindings, "", policy.Create, "", binding)
	if diff := cmp.Diff(want, summary(checkManagedWorkloadAccess(in))); diff != "" {
		t.Errorf("in kube-system (-want +got):\n%s", diff)
	}
	in.NamespaceName, in.Namespace = "shop", nil
	if got := checkManagedWorkloadAccess(in); got != nil {
		t.Errorf("in a namespace of the customer: got %v, want none", summary(got))
	}
}

// A drain must never be stopped, whatever the rule's mode is.
func TestManagedWorkloadAccessEvictionIsOnlyRecorded(t *testing.T) {
	in := accessInput(t, object.Pods, "eviction", policy.Create, "", `{"metadata":{"name":"x"}}`)
	want := []string{"-: must not be evicted except by a drain: pods of kube-system are AKS's Audit"}
	if diff := cmp.Diff(want, summary(checkManagedWorkloadAccess(in))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestManagedWorkloadAccessIsForManagedNamespaces(t *testing.T) {
	for _, m := range managedWorkloadAccess.Match {
		if !m.ManagedOnly {
			t.Errorf("%s/%s: must not be asked for in customers' namespaces", m.Plural, m.Subresource)
		}
	}
}
