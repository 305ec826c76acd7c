// SPDX-License-Identifier: Apache-2.0

package admissionconfig_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/provider"
)

func TestOverview(t *testing.T) {
	const configuration = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: contoso}
webhooks:
- name: a.contoso.example
  admissionReviewVersions: [v1]
  sideEffects: None
  clientConfig: {service: {namespace: contoso, name: policy}}
  rules:
  - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods, nodes, pods/status]}
  - {apiGroups: [contoso.example, ""], apiVersions: [v1], operations: [DELETE], resources: ["*"]}
- name: b.contoso.example
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Ignore
  clientConfig: {service: {namespace: contoso, name: policy}}
  rules:
  - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [nodes]}
`
	managed := map[string]string{"kubernetes.azure.com/managedby": "aks", "control-plane": "true"}
	namespaces := []admissionconfig.Namespace{{Name: "contoso"}, {Name: "kube-node-lease"}, {Name: "kube-system", Labels: managed}, {Name: "shop"}}
	server := &admissionconfig.Server{Minor: 36}
	hooks := hooksIn(t, configuration)
	want := []*admissionconfig.Overview{
		{Resources: []string{"pods", "nodes", "*.contoso.example", "*.core"}, Namespaced: true,
			Namespaces: []string{"contoso", "kube-node-lease", "shop"}, Waits: []admissionconfig.Wait{{What: "nodes"}, {What: "pods", Own: "contoso", Customers: true}}},
		{Resources: []string{"nodes"}},
	}
	for i, h := range hooks {
		got := server.Overview(provider.AKS(), h, namespaces, nil)
		if diff := cmp.Diff(want[i], got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", h, diff)
		}
	}
}
