// SPDX-License-Identifier: Apache-2.0

package alphaapis_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	clientscheme "k8s.io/client-go/kubernetes/scheme"

	"github.com/demarc-dev/demarc/pkg/alphaapis"
	"github.com/demarc-dev/demarc/pkg/featuregates"
)

func TestKnown(t *testing.T) {
	oldest, newest := alphaapis.Known()
	if _, gates := featuregates.Known(); oldest != 28 || newest != gates {
		t.Errorf("the table knows %s to %s; want 1.28 to the newest of the feature gates, %s", oldest, newest, gates)
	}
}

// Facts that were looked up in Kubernetes' release notes, as a check of the generator.
func TestFacts(t *testing.T) {
	for _, c := range []struct {
		group, kind, version string
		from, to             featuregates.Minor
	}{
		{"scheduling.k8s.io", "Workload", "v1alpha1", 35, 35},
		{"scheduling.k8s.io", "Workload", "v1alpha2", 36, 36},
		{"networking.k8s.io", "IPAddress", "v1alpha1", 28, 30},
		{"networking.k8s.io", "IPAddress", "v1beta1", 31, 36},
		{"storage.k8s.io", "VolumeAttributesClass", "v1", 34, 37},
		{"resource.k8s.io", "ResourceClaim", "v1alpha3", 31, 33},
		{"resource.k8s.io", "ResourceClaim", "v1", 34, 37},
		{"admissionregistration.k8s.io", "MutatingAdmissionPolicy", "v1beta1", 34, 37},
		{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "v1", 30, 37},
	} {
		r, ok := alphaapis.ByKind(c.group, c.kind)
		if !ok {
			t.Errorf("%s of %s is not in the table", c.kind, c.group)
			continue
		}
		if v, ok := r.Version(c.version); !ok || v.From != c.from || v.To != c.to {
			t.Errorf("%s %s: got %v, want %s to %s", c.kind, c.version, v, c.from, c.to)
		}
	}
}

// Whatever is in the table is of Kubernetes itself: client-go has the group, and no other project's.
func TestOnlyOfKubernetesItself(t *testing.T) {
	groups := map[string]bool{"lifecycle.k8s.io": true} // newer than some releases of client-go
	for _, gv := range clientscheme.Scheme.PrioritizedVersionsAllGroups() {
		groups[gv.Group] = true
	}
	for _, r := range alphaapis.All() {
		if !groups[r.Group] {
			t.Errorf("group %s is not Kubernetes' own", r.Group)
		}
		alpha, ok := r.First(alphaapis.Alpha)
		if !ok || alpha.Maturity() != alphaapis.Alpha {
			t.Errorf("%s of %s has no alpha version", r.Kind, r.Group)
		}
	}
	for _, gk := range []schema.GroupKind{
		{Group: "argoproj.io", Kind: "Application"}, {Group: "keda.sh", Kind: "ScaledObject"},
		{Group: "gateway.networking.k8s.io", Kind: "TCPRoute"}, {Group: "snapshot.storage.k8s.io", Kind: "VolumeSnapshot"},
		{Group: "scheduling.x-k8s.io", Kind: "PodGroup"}, {Group: "policy", Kind: "Eviction"}, {Kind: "Pod"},
	} {
		if _, ok := alphaapis.ByKind(gk.Group, gk.Kind); ok {
			t.Errorf("%s must not be in the table", gk)
		}
	}
}

func TestMaturity(t *testing.T) {
	for version, want := range map[string]alphaapis.Maturity{
		"v1": alphaapis.Stable, "v2": alphaapis.Stable, "v1beta1": alphaapis.Beta, "v2beta2": alphaapis.Beta,
		"v1alpha1": alphaapis.Alpha, "v2alpha10": alphaapis.Alpha,
	} {
		if got := alphaapis.MaturityOf(version); got != want {
			t.Errorf("MaturityOf(%q) = %s; want %s", version, got, want)
		}
	}
	r, _ := alphaapis.ByKind("resource.k8s.io", "ResourceClaim")
	if v, ok := r.First(alphaapis.Beta); !ok || v.Name != "v1beta1" {
		t.Errorf("First(Beta) of ResourceClaim = %v; want v1beta1", v)
	}
	r, _ = alphaapis.ByKind("internal.apiserver.k8s.io", "StorageVersion")
	if v, ok := r.First(alphaapis.Stable); ok {
		t.Errorf("First(Stable) of StorageVersion = %v; want none", v)
	}
}

func TestIn(t *testing.T) {
	v := alphaapis.Version{Name: "v1alpha1", From: 31, To: 33}
	for minor, want := range map[featuregates.Minor]bool{30: false, 31: true, 33: true, 34: false} {
		if got := v.In(minor); got != want {
			t.Errorf("In(%s) = %t; want %t", minor, got, want)
		}
	}
}

func TestNamesAreOfOneForm(t *testing.T) {
	for _, r := range alphaapis.All() {
		if r.Plural != strings.ToLower(r.Plural) || r.Kind == "" || strings.HasPrefix(r.Group, ".") {
			t.Errorf("odd names: %+v", r)
		}
	}
}
