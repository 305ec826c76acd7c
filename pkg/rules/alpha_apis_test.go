// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/alphaapis"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// The catalogue of resources and the table of alpha APIs say the same: what is in one only would never be asked for.
func TestAlphaAPIsAreInTheCatalogue(t *testing.T) {
	var want, got []object.Resource
	for _, r := range alphaapis.All() {
		want = append(want, object.Resource{Group: r.Group, Version: object.AnyVersion, Kind: r.Kind, Plural: r.Plural,
			Namespaced: r.Namespaced, Presence: object.Alpha})
	}
	for _, r := range object.Resources() {
		if r.Presence == object.Alpha {
			got = append(got, r)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("resources (-table +catalogue):\n%s", diff)
	}
}

func alphaInput(spoken schema.GroupVersionKind, server string) policy.Input {
	in := policy.Input{Operation: policy.Create, RequestKind: spoken}
	in.Resource, _ = object.ByKind(spoken.GroupKind())
	if server != "" {
		in.Cluster = &policy.ClusterFacts{ServerVersion: server}
	}
	return in
}

func TestAlphaAPIsCertainty(t *testing.T) {
	for _, c := range []struct{ version, server, want string }{
		{"v1alpha3", "v1.32.4", ""},
		{"v1alpha3", "v1.34.0", "Kubernetes 1.34 itself does not serve this version"},
		{"v1alpha9", "v1.34.0", "Kubernetes 1.34 itself does not serve this version"},
		{"v1alpha3", "", "the version of Kubernetes is not known"},
		{"v1alpha3", "unknown", "the version of Kubernetes is not known"},
		{"v1alpha2", "v1.27.1", "the table of alpha APIs begins with Kubernetes 1.28"},
		{"v1alpha9", "v1.99.0", "the table of alpha APIs knows up to Kubernetes 1.37"},
	} {
		in := alphaInput(schema.GroupVersionKind{Group: "resource.k8s.io", Version: c.version, Kind: "ResourceClaim"}, c.server)
		got := checkAlphaAPIs(in)
		if len(got) != 1 || got[0].Doubt != c.want {
			t.Errorf("%s on %s: %+v; want one with the doubt %q", c.version, c.server, got, c.want)
		}
	}
}

func TestAlphaAPIsFix(t *testing.T) {
	for _, c := range []struct{ group, kind, want string }{
		{"storage.k8s.io", "VolumeAttributesClass", "use storage.k8s.io/v1, stable since Kubernetes 1.34"},
		{"coordination.k8s.io", "LeaseCandidate", "use coordination.k8s.io/v1beta1, beta since Kubernetes 1.33"},
		{"internal.apiserver.k8s.io", "StorageVersion", "wait until StorageVersion is beta: up to Kubernetes 1.37 it is not"},
	} {
		got := checkAlphaAPIs(alphaInput(schema.GroupVersionKind{Group: c.group, Version: "v1alpha1", Kind: c.kind}, "v1.36.3"))
		if len(got) != 1 || got[0].Fix != c.want {
			t.Errorf("%s: %+v; want one with the fix %q", c.kind, got, c.want)
		}
	}
}

// Other projects call what people run in production alpha, and stable versions of Kubernetes' own are no alpha.
func TestAlphaAPIsOfOthers(t *testing.T) {
	for _, gvk := range []schema.GroupVersionKind{
		{Group: "argoproj.io", Version: "v1alpha1", Kind: "Application"},
		{Group: "keda.sh", Version: "v1alpha1", Kind: "ScaledObject"},
		{Group: "source.toolkit.fluxcd.io", Version: "v1alpha1", Kind: "GitRepository"},
		{Group: "gateway.networking.k8s.io", Version: "v1alpha2", Kind: "TCPRoute"},
		{Group: "gateway.networking.x-k8s.io", Version: "v1alpha1", Kind: "XListenerSet"},
		{Group: "policy.networking.k8s.io", Version: "v1alpha1", Kind: "AdminNetworkPolicy"},
		{Group: "groupsnapshot.storage.k8s.io", Version: "v1alpha1", Kind: "VolumeGroupSnapshot"},
		{Group: "scheduling.x-k8s.io", Version: "v1alpha1", Kind: "PodGroup"},
		{Group: "kaito.sh", Version: "v1alpha1", Kind: "Workspace"},
		{Group: "cilium.io", Version: "v2alpha1", Kind: "CiliumBGPPeeringPolicy"},
		{Group: "karpenter.azure.com", Version: "v1alpha2", Kind: "AKSNodeClass"},
		{Group: "resource.k8s.io", Version: "v1beta1", Kind: "ResourceClaim"},
		{Group: "resource.k8s.io", Version: "v1", Kind: "ResourceClaim"},
		{Group: "resource.k8s.io", Version: "v1alpha3", Kind: "Widget"},
		{},
	} {
		in := alphaInput(gvk, "v1.36.3")
		if got := checkAlphaAPIs(in); got != nil {
			t.Errorf("%s: %v; want none", gvk, summary(got))
		}
		if n := testing.AllocsPerRun(100, func() { checkAlphaAPIs(in) }); n != 0 {
			t.Errorf("%s: %v allocations; want none", gvk, n)
		}
	}
}

// The object may be converted to another version before it comes here.
func TestAlphaAPIsGoByWhatTheClientSpoke(t *testing.T) {
	claims, _ := object.ByKind(schema.GroupKind{Group: "resource.k8s.io", Kind: "ResourceClaim"})
	in := alphaInput(schema.GroupVersionKind{Group: "resource.k8s.io", Version: "v1beta1", Kind: "ResourceClaim"}, "v1.32.0")
	in.Resource = claims
	in.Object = managedObject(t, claims, `{"apiVersion":"resource.k8s.io/v1alpha3","kind":"ResourceClaim","metadata":{"name":"gpu"}}`)
	if got := checkAlphaAPIs(in); got != nil {
		t.Errorf("spoken in beta: %v; want none", summary(got))
	}
	in.RequestKind.Version = "v1alpha3"
	if got := checkAlphaAPIs(in); len(got) != 1 {
		t.Errorf("spoken in alpha: %v; want one", summary(got))
	}
}
