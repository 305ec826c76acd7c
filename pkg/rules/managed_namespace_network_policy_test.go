// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

func TestCalicoExpressions(t *testing.T) {
	pods := suspect{provider.AKS(), "kube-system", true}
	for text, want := range map[string]choice{
		"":                            notLeftOut,
		"  ":                          notLeftOut,
		"all()":                       notLeftOut,
		"!all()":                      leftOut,
		"global()":                    leftOut,
		"! global( )":                 notLeftOut,
		"!!all()":                     notLeftOut,
		"app == 'web'":                leftOut,
		"app != 'web'":                notLeftOut,
		"!(app == 'web')":             notLeftOut,
		"has(team)":                   leftOut,
		"!has(team)":                  notLeftOut,
		"has(k8s-app)":                notLeftOut,
		"k8s-app == 'kube-dns'":       named,
		"!(k8s-app == 'kube-dns')":    notLeftOut,
		"k8s-app starts with 'kube-'": named,
		"k8s-app startswith 'kube-'":  named,
		"k8s-app ends with \"dns\"":   named,
		"k8s-app contains 'be-d'":     named,
		"k8s-app contains 'shop'":     leftOut,
		"app == 'metrics-server'":     leftOut,
		"projectcalico.org/namespace == 'kube-system'":                    named,
		"projectcalico.org/namespace != 'kube-system'":                    leftOut,
		"!(projectcalico.org/namespace == 'kube-system')":                 leftOut,
		"!(projectcalico.org/namespace != 'kube-system')":                 named,
		"projectcalico.org/namespace in {'shop', \"kube-system\"}":        named,
		"projectcalico.org/namespace in {}":                               leftOut,
		"projectcalico.org/namespace not in { 'kube-system' }":            leftOut,
		"projectcalico.org/namespace notin {'shop'}":                      notLeftOut,
		"has(projectcalico.org/namespace)":                                notLeftOut,
		"pcns.kubernetes.azure.com/managedby == 'aks'":                    named,
		"pcns.kubernetes.io/metadata.name == 'shop'":                      leftOut,
		"all() && projectcalico.org/namespace == 'kube-system'":           named,
		"app == 'web' && projectcalico.org/namespace == 'kube-system'":    leftOut,
		"app == 'web' || projectcalico.org/namespace == 'kube-system'":    named,
		"app == 'web' || app == 'db' && all()":                            leftOut,
		"(app == 'web' || all()) && all()":                                notLeftOut,
		"!(app == 'web' || projectcalico.org/namespace == 'kube-system')": leftOut,
		"!(app == 'web' && projectcalico.org/namespace == 'kube-system')": notLeftOut,
		"projectcalico.org/namespace in {'kube-system'":                   leftOut,
		"projectcalico.org/namespace = 'kube-system'":                     leftOut,
		"projectcalico.org/namespace == kube-system":                      leftOut,
		"projectcalico.org/namespace == 'kube-system":                     leftOut,
		"projectcalico.org/namespace":                                     leftOut,
		"projectcalico.org/namespace inside {'kube-system'}":              leftOut,
		"all() all()": leftOut,
		"all(":        leftOut,
		"all(x)":      leftOut,
		"has()":       leftOut,
		"some()":      leftOut,
		"!":           leftOut,
		"&& all()":    leftOut,
		"(all()":      leftOut,
		"\x00":        leftOut,
		strings.Repeat("(", deepestExpression) + "all()" + strings.Repeat(")", deepestExpression): notLeftOut,
		strings.Repeat("(", 5000) + "app == 'web'" + strings.Repeat(")", 5000):                    notLeftOut,
		"app == '" + strings.Repeat("x", longestExpression) + "'":                                 notLeftOut,
	} {
		if got := chosenByExpression(text, pods.podLabel); got != want {
			t.Errorf("%.80q: got %d, want %d", text, got, want)
		}
	}
}

func TestNamespaceLabels(t *testing.T) {
	for text, want := range map[string]choice{
		"kubernetes.io/metadata.name == 'kube-system'": named,
		"projectcalico.org/name == 'kube-system'":      named,
		"kubernetes.io/metadata.name != 'kube-system'": leftOut,
		"kubernetes.io/metadata.name not in {'shop'}":  notLeftOut,
		"has(kubernetes.io/metadata.name)":             notLeftOut,
		"kubernetes.azure.com/managedby == 'aks'":      named,
		"has(kubernetes.azure.com/managedby)":          named,
		"!has(kubernetes.azure.com/managedby)":         leftOut,
		"control-plane == 'true'":                      named,
		"!has(control-plane)":                          leftOut,
		"control-plane == 'controller-manager'":        leftOut,
		"k8s-app == 'kube-dns'":                        leftOut,
		"environment not in {'production', 'staging'}": notLeftOut,
	} {
		s := suspect{provider.AKS(), "kube-system", true}
		if got := chosenByExpression(text, s.namespaceLabel); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestWhatPoliciesCutOff(t *testing.T) {
	for _, c := range []struct {
		name     string
		resource object.Resource
		spec     string
		want     string
	}{
		{"nothing said", object.NetworkPolicies, `{}`, "all ingress that it doesn't allow"},
		{"rules speak", object.NetworkPolicies, `{"egress":[{"to":[{}]}]}`, "all ingress and egress that it doesn't allow"},
		{"ports are not all", object.NetworkPolicies, `{"ingress":[{"ports":[{"port":53}]}]}`, "all ingress that it doesn't allow"},
		{"one rule for all", object.NetworkPolicies, `{"ingress":[{"from":[{}]},{"from":[],"ports":[]}]}`, ""},
		{"only egress", object.NetworkPolicies, `{"policyTypes":["Egress"]}`, "all egress that it doesn't allow"},
		{"Cilium without rules", object.CiliumNetworkPolicies, `{"ingress":[]}`, ""},
		{"Cilium everybody on a port", object.CiliumNetworkPolicies, `{"ingress":[{"fromEntities":["all"],"toPorts":[{}]}]}`, "all ingress that it doesn't allow"},
		{"Cilium denies and closes", object.CiliumNetworkPolicies, `{"egressDeny":[{}]}`, "all egress that it doesn't allow"},
		{"Cilium denies", object.CiliumNetworkPolicies, `{"enableDefaultDeny":{"ingress":false},"ingressDeny":[{}]}`, "ingress that it denies"},
		{"Cilium says nothing of one way", object.CiliumNetworkPolicies, `{"enableDefaultDeny":{"ingress":false},"ingress":[{}],"egress":[{}]}`, "all egress that it doesn't allow"},
		{"Calico without rules", object.CalicoNetworkPolicies, `{}`, "all ingress that it doesn't allow"},
		{"Calico egress rules only", object.CalicoNetworkPolicies, `{"egress":[{"action":"Allow","protocol":"TCP"}]}`, "all egress that it doesn't allow"},
		{"Calico denies first", object.CalicoNetworkPolicies, `{"ingress":[{"action":"Deny","protocol":"TCP"},{"action":"Allow"}]}`, "all ingress that it doesn't allow"},
		{"Calico allows first", object.CalicoNetworkPolicies, `{"ingress":[{"action":"Allow","source":{}},{"action":"Deny"}]}`, ""},
		{"Calico leaves it to others", object.CalicoNetworkPolicies, `{"ingress":[{"action":"Log"},{"action":"Pass","metadata":{"annotations":{}}}]}`, ""},
		{"admin passes", object.AdminNetworkPolicies, `{"ingress":[{"action":"Pass"}]}`, ""},
		{"admin denies both", object.AdminNetworkPolicies, `{"ingress":[{"action":"Deny"}],"egress":[{"action":"Deny"}]}`, "ingress and egress that it denies"},
		{"of other types", object.CiliumNetworkPolicies, `{"ingress":{"a":1},"enableDefaultDeny":[],"egressDeny":"x"}`, ""},
		{"items of other types", object.AdminNetworkPolicies, `{"ingress":[1,"x",null]}`, ""},
	} {
		in := managedInput(t, c.resource, policy.Create, "", `{"metadata":{"name":"x"},"spec":`+c.spec+`}`)
		root, err := in.Object.Tree()
		if err != nil {
			t.Fatal(err)
		}
		d := networkDialects[c.resource.GroupKind()]
		got := ""
		if cut := d.cuts(d.parts(root)[0].spec); cut != (cutOff{}) {
			got = cut.String()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// At rest a mark is the provider's, in a request it is whoever makes it who counts.
func TestNetworkPolicyOfAKS(t *testing.T) {
	const marked = `{"metadata":{"name":"konnectivity-agent","labels":{` + managedLabel + `}},"spec":{"podSelector":{}}}`
	const unmarked = `{"metadata":{"name":"konnectivity-agent"},"spec":{"podSelector":{}}}`
	const opened = `{"metadata":{"name":"konnectivity-agent"},"spec":{"podSelector":{},"ingress":[{}]}}`
	found := []string{"metadata.namespace: must not be kube-system: AKS's pods lose all ingress that it doesn't allow"}
	for _, c := range []struct {
		name          string
		op            policy.Operation
		before, after string
		want          []string
	}{
		{"at rest", policy.AtRest, "", marked, nil},
		{"the customer's at rest", policy.AtRest, "", unmarked, found},
		{"created with a forged mark", policy.Create, "", marked, found},
		{"changed, which managed-component tells", policy.Update, marked, unmarked, nil},
		{"the customer's closed", policy.Update, opened, unmarked, found},
		{"the customer's opened", policy.Update, unmarked, opened, nil},
	} {
		in := managedInput(t, object.NetworkPolicies, c.op, c.before, c.after)
		if diff := cmp.Diff(c.want, summary(checkManagedNamespaceNetworkPolicy(in))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestNetworkPolicySelectorsInDoubt(t *testing.T) {
	for _, c := range []struct {
		name     string
		resource object.Resource
		raw      string
		want     []string
	}{
		{"every pod", object.CiliumClusterwideNetworkPolicies, `{"spec":{"endpointSelector":{},"ingress":[{}]}}`,
			[]string{"spec.endpointSelector: must leave kube-system out: AKS's pods lose all ingress that it doesn't allow (doubt)"}},
		{"named", object.CiliumClusterwideNetworkPolicies,
			`{"spec":{"endpointSelector":{"matchLabels":{"any:io.kubernetes.pod.namespace":"kube-system"}},"ingress":[{}]}}`,
			[]string{"spec.endpointSelector: must leave kube-system out: AKS's pods lose all ingress that it doesn't allow"}},
		{"one of several", object.CiliumClusterwideNetworkPolicies,
			`{"specs":[{"endpointSelector":{"matchLabels":{"app":"web"}},"ingress":[{}]},{"nodeSelector":{},"egress":[{}]}]}`,
			[]string{"specs[1].nodeSelector: must not be set: AKS's components on the nodes lose all egress that it doesn't allow (doubt)"}},
		{"several in one namespace", object.CiliumNetworkPolicies,
			`{"specs":[{"endpointSelector":{},"enableDefaultDeny":{"egress":false},"egressDeny":[{}]},{"endpointSelector":{},"ingress":[{}]}]}`,
			[]string{"metadata.namespace: must not be kube-system: AKS's pods lose all ingress and egress that it doesn't allow"}},
		{"which service accounts isn't known", object.CalicoGlobalNetworkPolicies,
			`{"spec":{"namespaceSelector":"projectcalico.org/name == 'kube-system'","serviceAccountSelector":"role == 'x'"}}`,
			[]string{"spec.namespaceSelector: must leave kube-system out: AKS's pods lose all ingress that it doesn't allow (doubt)"}},
		{"other namespaces only", object.CalicoGlobalNetworkPolicies, `{"spec":{"namespaceSelector":"projectcalico.org/name != 'kube-system'"}}`,
			[]string{"spec.namespaceSelector: must leave out AKS's namespaces beside kube-system: pods lose all ingress that it doesn't allow (doubt) Audit"}},
		{"without subject", object.AdminNetworkPolicies, `{"spec":{"ingress":[{"action":"Deny"}]}}`, nil},
		{"without spec", object.CalicoGlobalNetworkPolicies, `{}`, nil},
		{"spec of another type", object.AdminNetworkPolicies, `{"spec":[]}`, nil},
		{"specs of another type", object.CiliumClusterwideNetworkPolicies, `{"specs":[1]}`, nil},
		{"pods of named namespaces", object.ClusterNetworkPolicies,
			`{"spec":{"subject":{"pods":{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}},"podSelector":{"matchExpressions":[{"key":"x","operator":"DoesNotExist"}]}}},"egress":[{"action":"Deny"}]}}`,
			[]string{"spec.subject: must leave kube-system out: AKS's pods lose egress that it denies"}},
	} {
		in := managedInput(t, c.resource, policy.Create, "", c.raw)
		if diff := cmp.Diff(c.want, summary(checkManagedNamespaceNetworkPolicy(in))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func FuzzCalicoExpression(f *testing.F) {
	f.Add("projectcalico.org/namespace not in {'kube-system', \"shop\"} && !(has(team) || global())")
	s := suspect{provider.AKS(), "kube-system", true}
	f.Fuzz(func(t *testing.T, text string) {
		if got := chosenByExpression(text, s.podLabel); got < leftOut || got > named {
			t.Errorf("got %d", got)
		}
	})
}
