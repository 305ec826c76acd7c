// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

func TestNamespaceSystemMetadataPodSecurity(t *testing.T) {
	must := func(level string) []string {
		return []string{fmt.Sprintf("metadata.labels[pod-security.kubernetes.io/enforce]: "+
			"must not be %q: AKS manages this namespace", level)}
	}
	own := []string{"metadata.labels[pod-security.kubernetes.io/enforce]: may be taken off again: AKS manages this namespace Warn"}
	for _, c := range []struct {
		was, is string
		want    []string
	}{
		{"", "restricted", must("restricted")},
		{"", "baseline", must("baseline")},
		{"privileged", "baseline", must("baseline")},
		{"baseline", "restricted", must("restricted")},
		{"restricted", "baseline", own},
		{"restricted", "privileged", own},
		{"", "privileged", own},
		{"restricted", "", nil},
		{"baseline", "baseline", nil},
	} {
		t.Run(c.was+" to "+c.is, func(t *testing.T) {
			in := managedInput(t, object.Namespaces, policy.Update, psaNamespace(c.was), psaNamespace(c.is))
			if diff := cmp.Diff(c.want, summary(checkNamespaceSystemMetadata(in))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func psaNamespace(level string) string {
	label := ""
	if level != "" {
		label = fmt.Sprintf(`,"pod-security.kubernetes.io/enforce":%q`, level)
	}
	return `{"metadata":{"name":"kube-system","labels":{` + managedLabel + label + `}}}`
}

func TestNamespaceSystemMetadataByName(t *testing.T) {
	namespace := func(name, labels string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"labels":{%s}}}`, name, labels)
	}
	for name, c := range map[string]struct {
		before, after string
		want          []string
	}{
		"marks put on it are another rule's affair": {namespace("kube-system", ""), namespace("kube-system", managedLabel), nil},
		"a provider's label that was there": {
			namespace("flux-system", `"kubernetes.azure.com/x":"y"`), namespace("flux-system", ""),
			[]string{`metadata.labels[kubernetes.azure.com/x]: must stay "y" if AKS manages this namespace (doubt)`}},
		"a label that looks like a mark, on a shared name": {
			namespace("flux-system", `"control-plane":"flux"`), namespace("flux-system", ""), nil},
		"the same on a name of the provider's alone": {
			namespace("kube-system", `"control-plane":"true"`), namespace("kube-system", ""),
			[]string{`metadata.labels[control-plane]: must stay "true" if AKS manages this namespace (doubt)`}},
	} {
		t.Run(name, func(t *testing.T) {
			in := managedInput(t, object.Namespaces, policy.Update, c.before, c.after)
			if diff := cmp.Diff(c.want, summary(checkNamespaceSystemMetadata(in))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamespaceSystemMetadataOfManaged(t *testing.T) {
	namespace := func(metadata string) string {
		return fmt.Sprintf(`{"metadata":{"name":"flux-system",%s}}`, metadata)
	}
	const owner = `,"ownerReferences":[{"kind":"ConfigMap","name":"x","uid":"1"}]`
	for name, c := range map[string]struct {
		before, after string
		want          []string
	}{
		"everything at once, in order": {
			namespace(`"labels":{` + managedLabel + `}`), namespace(`"labels":{"z":"1","a":"1"},"annotations":{"a":"b"}` + owner),
			[]string{"metadata.labels[a]: may be taken off again: AKS manages this namespace Warn",
				`metadata.labels[kubernetes.azure.com/managedby]: must stay "aks": AKS manages this namespace`,
				"metadata.labels[z]: may be taken off again: AKS manages this namespace Warn",
				"metadata.ownerReferences: must stay as it is: AKS manages this namespace"}},
		"an annotation of one's own changed": {
			namespace(`"labels":{` + managedLabel + `},"annotations":{"a":"b"}`),
			namespace(`"labels":{` + managedLabel + `},"annotations":{"a":"c"}`), nil},
		"an annotation below the provider's prefix added": {
			namespace(`"labels":{` + managedLabel + `}`),
			namespace(`"labels":{` + managedLabel + `},"annotations":{"kubernetes.azure.com/x":"c"}`), nil},
		"an owner for what is the customer's": {namespace(`"labels":{}`), namespace(`"labels":{}` + owner), nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := managedInput(t, object.Namespaces, policy.Update, c.before, c.after)
			if diff := cmp.Diff(c.want, summary(checkNamespaceSystemMetadata(in))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamespaceSystemMetadataByAnAddon(t *testing.T) {
	in := managedInput(t, object.Namespaces, policy.Delete, `{"metadata":{"name":"aks-istio-system","labels":{`+managedLabel+`}}}`, "")
	in.User = &authenticationv1.UserInfo{Username: "system:serviceaccount:kube-system:new-operator"}
	if got := checkNamespaceSystemMetadata(in); len(got) != 1 || got[0].Doubt != doubtAddon {
		t.Errorf("findings %v; want one with the doubt %q", summary(got), doubtAddon)
	}
}
