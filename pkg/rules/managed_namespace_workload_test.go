// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

func TestManagedNamespaceWorkloadAtRest(t *testing.T) {
	found := []string{"metadata.namespace: must be a namespace of your own: kube-system is for AKS's components"}
	for name, c := range map[string]struct {
		object          string
		atRest, created []string
	}{
		"marked":                         {`{"metadata":{"name":"x","labels":{` + managedLabel + `}}}`, nil, found},
		"editable":                       {`{"metadata":{"name":"x","labels":{"addonmanager.kubernetes.io/mode":"EnsureExists"}}}`, nil, found},
		"known by name":                  {`{"metadata":{"name":"coredns"}}`, nil, found},
		"made by a controller":           {`{"metadata":{"name":"x","ownerReferences":[{"kind":"Installation","controller":true}]}}`, nil, found},
		"owned without being controlled": {`{"metadata":{"name":"x","ownerReferences":[{"kind":"Installation"}]}}`, found, found},
		"the customer's":                 {`{"metadata":{"name":"x"}}`, found, found},
	} {
		t.Run(name, func(t *testing.T) {
			in := managedInput(t, object.Deployments, policy.AtRest, "", c.object)
			if diff := cmp.Diff(c.atRest, summary(checkManagedNamespaceWorkload(in))); diff != "" {
				t.Errorf("at rest (-want +got):\n%s", diff)
			}
			in.Operation = policy.Create
			if diff := cmp.Diff(c.created, summary(checkManagedNamespaceWorkload(in))); diff != "" {
				t.Errorf("created (-want +got):\n%s", diff)
			}
		})
	}
}

func TestManagedNamespaceWorkloadUnknownLabels(t *testing.T) {
	for namespace, want := range map[string][]string{
		"kube-system": {"metadata.namespace: must be a namespace of your own if AKS manages kube-system (doubt)"},
		"flux-system": nil,
		"shop":        nil,
	} {
		in := managedInput(t, object.Deployments, policy.Create, "", `{"metadata":{"name":"x"}}`)
		in.NamespaceName, in.Namespace = namespace, nil
		if diff := cmp.Diff(want, summary(checkManagedNamespaceWorkload(in))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", namespace, diff)
		}
	}
}

func TestManagedNamespaceWorkloadOfAnAddon(t *testing.T) {
	in := managedInput(t, object.Deployments, policy.Create, "", `{"metadata":{"name":"x"}}`)
	in.User = &authenticationv1.UserInfo{Username: "system:serviceaccount:kube-system:new-operator"}
	if got := checkManagedNamespaceWorkload(in); len(got) != 1 || got[0].Doubt != doubtAddon {
		t.Errorf("findings %v; want one with the doubt %q", summary(got), doubtAddon)
	}
}
