// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

const managedLabel = `"kubernetes.azure.com/managedby":"aks"`

// managedInput is a request on an object in kube-system; before and after are JSON, empty for none.
func managedInput(t *testing.T, r object.Resource, op policy.Operation, before, after string) policy.Input {
	t.Helper()
	in := policy.Input{Operation: op, Resource: r, Provider: provider.AKS()}
	if r.Namespaced {
		in.NamespaceName = "kube-system"
		in.Namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: "kube-system", Labels: map[string]string{"kubernetes.azure.com/managedby": "aks"}}}
	}
	in.Old, in.Object = managedObject(t, r, before), managedObject(t, r, after)
	in.Name = in.Subject().Meta.Name
	return in
}

func managedObject(t *testing.T, r object.Resource, raw string) *object.Object {
	t.Helper()
	if raw == "" {
		return nil
	}
	o, err := object.Decode([]byte(raw), r.GVK())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// summary is what a test compares: path, message, whether in doubt, and the bound.
func summary(findings []policy.Finding) []string {
	var lines []string
	for _, f := range findings {
		line := "-"
		if f.Path != nil {
			line = f.Path.String()
		}
		line += ": " + f.Message
		if f.Doubt != "" {
			line += " (doubt)"
		}
		lines = append(lines, line+strings.TrimSuffix(" "+string(f.AtMost), " "))
	}
	return lines
}

func TestManagedComponentScaleWithoutParent(t *testing.T) {
	for name, want := range map[string][]string{
		"coredns": {"spec.replicas: must stay 2 if AKS sizes this Deployment (doubt)"},
		"cart":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			scale := func(n int) string {
				return fmt.Sprintf(`{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":%q},"spec":{"replicas":%d}}`, name, n)
			}
			in := managedInput(t, object.Deployments, policy.Update, scale(2), scale(0))
			in.Subresource = "scale"
			if diff := cmp.Diff(want, summary(checkManagedComponent(in))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestManagedComponentChanges(t *testing.T) {
	deployment := func(name, labels, spec string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"labels":{%s}},"spec":{%s}}`, name, labels, spec)
	}
	many := make([]string, maxComponentChanges+8)
	for i := range many {
		many[i] = fmt.Sprintf(`"contoso.example/%02d":"x"`, i)
	}
	for name, c := range map[string]struct {
		before, after string
		want          []string
	}{
		"a forged mark makes no component of what was the customer's": {
			deployment("cart", "", `"replicas":1`), deployment("cart", managedLabel, `"replicas":2`), nil},
		"a stripped mark still counts": {
			deployment("x", managedLabel, `"replicas":1`), deployment("x", "", `"replicas":2`),
			[]string{"metadata.labels[kubernetes.azure.com/managedby]: must stay as it is: AKS manages this Deployment",
				"spec.replicas: must stay as it is: AKS manages this Deployment"}},
		"a switch to editable counts": {
			deployment("x", managedLabel, ""), deployment("x", managedLabel+`,"addonmanager.kubernetes.io/mode":"EnsureExists"`, ""),
			[]string{"metadata.labels[addonmanager.kubernetes.io/mode]: must stay as it is: AKS manages this Deployment"}},
		"an editable object that loses its mode": {
			deployment("x", managedLabel+`,"addonmanager.kubernetes.io/mode":"EnsureExists"`, `"replicas":1`),
			deployment("x", managedLabel, `"replicas":2`), nil},
		"an editable object with a component's name": {
			deployment("coredns", `"addonmanager.kubernetes.io/mode":"EnsureExists"`, `"replicas":1`),
			deployment("coredns", `"addonmanager.kubernetes.io/mode":"EnsureExists"`, `"replicas":2`), nil},
		"a label below the provider's prefix": {
			deployment("x", managedLabel, ""), deployment("x", managedLabel+`,"kubernetes.azure.com/tier":"x"`, ""),
			[]string{"metadata.labels[kubernetes.azure.com/tier]: must stay as it is: AKS manages this Deployment"}},
		"the legacy mark alone": {
			deployment("x", `"kubernetes.io/cluster-service":"true"`, `"replicas":1`),
			deployment("x", `"kubernetes.io/cluster-service":"true"`, `"replicas":2`),
			[]string{"spec.replicas: must stay as it is if AKS manages this Deployment (doubt)"}},
		"Kubernetes' mark on a known name": {
			deployment("coredns", `"addonmanager.kubernetes.io/mode":"Reconcile"`, `"replicas":1`),
			deployment("coredns", `"addonmanager.kubernetes.io/mode":"Reconcile"`, `"replicas":2`),
			[]string{"spec.replicas: must stay as it is: AKS manages this Deployment"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := managedInput(t, object.Deployments, policy.Update, c.before, c.after)
			if diff := cmp.Diff(c.want, summary(checkManagedComponent(in))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("what hides behind many small changes", func(t *testing.T) {
		in := managedInput(t, object.Deployments, policy.Update, deployment("x", managedLabel, `"replicas":1`),
			deployment("x", managedLabel+","+strings.Join(many, ","), `"replicas":0`))
		got := summary(checkManagedComponent(in))
		want := "-: must not change in so many fields at once: AKS manages this Deployment"
		if len(got) != maxComponentChanges+1 || got[maxComponentChanges] != want {
			t.Errorf("%d findings, last %q; want %d, last %q", len(got), got[len(got)-1], maxComponentChanges+1, want)
		}
	})
}

func TestManagedComponentDeletion(t *testing.T) {
	in := managedInput(t, object.Deployments, policy.Delete, `{"metadata":{"name":"coredns","labels":{`+managedLabel+`}}}`, "")
	got := checkManagedComponent(in)
	if len(got) != 1 || got[0].Path != nil || got[0].Doubt != "" {
		t.Fatalf("findings %v; want one about the request itself, without doubt", summary(got))
	}
	if want := "kubectl rollout restart -n kube-system deployment/coredns"; !strings.Contains(got[0].Fix, want) {
		t.Errorf("fix %q; want it to hold %q", got[0].Fix, want)
	}
	in.NamespaceName, in.Namespace = "flux-system", nil
	if got := summary(checkManagedComponent(in)); len(got) != 1 || !strings.HasSuffix(got[0], "(doubt)") {
		t.Errorf("in a namespace known by name only: %v; want one finding in doubt", got)
	}
}

func TestManagedComponentInSharedNamespace(t *testing.T) {
	for labels, want := range map[string][]string{
		"":           nil,
		managedLabel: {"spec.replicas: must stay as it is if AKS manages this StatefulSet (doubt)"},
	} {
		placement := func(replicas int) string {
			return fmt.Sprintf(`{"metadata":{"name":"dapr-placement-server","labels":{%s}},"spec":{"replicas":%d}}`, labels, replicas)
		}
		in := managedInput(t, object.StatefulSets, policy.Update, placement(1), placement(3))
		in.NamespaceName, in.Namespace = "dapr-system", nil
		if diff := cmp.Diff(want, summary(checkManagedComponent(in))); diff != "" {
			t.Errorf("with labels %s (-want +got):\n%s", labels, diff)
		}
	}
}

func TestManagedComponentHints(t *testing.T) {
	resources := `{"metadata":{"name":%q,"labels":{` + managedLabel + `}},"spec":{"template":{"spec":{"containers":[{"name":"a",` +
		`"resources":{"limits":{"memory":%q}}}]}}}}`
	replicas := `{"metadata":{"name":%q,"labels":{` + managedLabel + `}},"spec":{"replicas":%s}}`
	data := `{"metadata":{"name":%q,"labels":{` + managedLabel + `}},"data":{"a":%q}}`
	for _, c := range []struct {
		resource     object.Resource
		object, name string
		fix          string
	}{
		{object.Deployments, resources, "coredns", "set the annotation kubernetes.azure.com/override-requests-limits=enabled in the same change"},
		{object.Deployments, resources, "keda-operator", "leave it, or set it through az aks: AKS puts changes back"},
		{object.Deployments, replicas, "coredns", "set it in the ConfigMap coredns-autoscaler, which is yours to edit"},
		{object.Deployments, replicas, "keda-operator", "leave it, or set it through az aks: AKS puts changes back"},
		{object.ConfigMaps, data, "coredns", "set it in the ConfigMap coredns-custom, which is yours to edit"},
		{object.ConfigMaps, data, "cilium-config", "leave it, or set it through az aks: AKS puts changes back"},
	} {
		in := managedInput(t, c.resource, policy.Update, fmt.Sprintf(c.object, c.name, "1"), fmt.Sprintf(c.object, c.name, "2"))
		if got := checkManagedComponent(in); len(got) != 1 || got[0].Fix != c.fix {
			t.Errorf("%s %s: findings %v; want one with the fix %q", c.resource.Kind, c.name, got, c.fix)
		}
	}
}

func TestMaybeAddon(t *testing.T) {
	const account = "system:serviceaccount:"
	for _, c := range []struct {
		user, namespace string
		want            bool
	}{
		{"ada@contoso.example", "kube-system", false},
		{"masterclient", "kube-system", false},
		{account + "kube-system:new-operator", "kube-system", true},
		{account + "kube-system:new-operator", "aks-istio-system", true},
		{account + "shop:kube-system", "kube-system", false},
		{account + "flux-system:kustomize-controller", "kube-system", false},
		{account + "tigera-operator:new-operator", "calico-system", true},
		{account, "kube-system", false},
	} {
		in := policy.Input{Provider: provider.AKS(), NamespaceName: c.namespace, User: &authenticationv1.UserInfo{Username: c.user}}
		if got := maybeAddon(in); got != c.want {
			t.Errorf("maybeAddon of %q in %s = %t; want %t", c.user, c.namespace, got, c.want)
		}
	}
	if maybeAddon(policy.Input{Provider: provider.AKS()}) {
		t.Error("maybeAddon without a user = true; want false")
	}
}

func TestManagedComponentDataKeys(t *testing.T) {
	in := managedInput(t, object.ConfigMaps, policy.AtRest, "",
		`{"metadata":{"name":"coredns-custom"},"data":{"z":"1","b.server":"1","d":"1","c.override":"1","a":"1","e":"1"}}`)
	var want []string
	for _, key := range []string{"a", "d", "e", "z"} {
		want = append(want, "data["+key+"]: must end in .server or .override: nothing reads it otherwise Warn")
	}
	if diff := cmp.Diff(want, summary(checkManagedComponent(in))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
