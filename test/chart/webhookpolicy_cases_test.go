// SPDX-License-Identifier: Apache-2.0

//go:build integration

package chart

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// plain is a configuration that nothing is said of.
func plain(name string, change func(*configuration)) string {
	c := &configuration{
		TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: "a.contoso.example", AdmissionReviewVersions: []string{"v1"}, SideEffects: new(admissionregistrationv1.SideEffectClassNone),
			ClientConfig: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: "shop", Name: "a"}},
			Rules: []admissionregistrationv1.RuleWithOperations{{Operations: []admissionregistrationv1.OperationType{"CREATE"},
				Rule: admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}}}},
			NamespaceSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "control-plane", Operator: "NotIn", Values: []string{"true"}}, {Key: "kubernetes.azure.com/managedby", Operator: "NotIn", Values: []string{"aks"}}}},
		}},
	}
	if change != nil {
		change(c)
	}
	raw, err := yaml.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func optOut(c *configuration) {
	c.Annotations = map[string]string{"admissions.enforcer/disabled": "true"}
	c.Webhooks[0].NamespaceSelector = nil
}

// The ways in which one and the same configuration gets a verdict, or is let be.
func (s *stage) policyCases(t *testing.T) {
	hook := func(change func(*admissionregistrationv1.ValidatingWebhook)) func(*configuration) {
		return func(c *configuration) { change(&c.Webhooks[0]) }
	}
	out := func(change func(*admissionregistrationv1.ValidatingWebhook)) func(*configuration) {
		return func(c *configuration) { optOut(c); change(&c.Webhooks[0]) }
	}
	selector := func(key string, op metav1.LabelSelectorOperator, values ...string) func(*configuration) {
		return out(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.NamespaceSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
		})
	}
	rules := func(group, resource string, scope admissionregistrationv1.ScopeType) func(*configuration) {
		return out(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.Rules[0].APIGroups, w.Rules[0].Resources, w.Rules[0].Scope = []string{group}, []string{resource}, &scope
		})
	}
	slow := func(group, resource string, seconds int32, policy admissionregistrationv1.FailurePolicyType) func(*configuration) {
		return hook(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.Rules[0].APIGroups, w.Rules[0].Resources = []string{group}, []string{resource}
			w.TimeoutSeconds, w.FailurePolicy = &seconds, &policy
		})
	}
	url := func(url string) func(*configuration) {
		return hook(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.ClientConfig.Service, w.ClientConfig.URL = nil, &url
		})
	}
	const closed, rewritten, needless, external, hot = "fail-closed-on-managed-namespaces", "rewritten-by-enforcer", "needless-opt-out", "external-url", "slow-on-hot-resources"
	for name, c := range map[string]struct {
		change func(*configuration)
		want   string
	}{
		"nothing to say": {nil, ""},
		"no webhooks":    {func(c *configuration) { c.Webhooks = nil }, ""},
		"no selector":    {hook(func(w *admissionregistrationv1.ValidatingWebhook) { w.NamespaceSelector = nil }), rewritten},
		"one term": {hook(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.NamespaceSelector.MatchExpressions = w.NamespaceSelector.MatchExpressions[1:]
		}), rewritten},
		"the form of the FAQ": {hook(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.NamespaceSelector.MatchExpressions[0] = metav1.LabelSelectorRequirement{Key: "control-plane", Operator: "DoesNotExist"}
		}), rewritten},
		"opt-out of another value": {func(c *configuration) { optOut(c); c.Annotations["admissions.enforcer/disabled"] = "yes" }, rewritten},
		"terms in another order": {hook(func(w *admissionregistrationv1.ValidatingWebhook) {
			slices.Reverse(w.NamespaceSelector.MatchExpressions)
		}), ""},
		"opted out": {optOut, closed},
		"by label":  {func(c *configuration) { optOut(c); c.Labels, c.Annotations = c.Annotations, nil }, closed},
		"fails open": {out(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.FailurePolicy = new(admissionregistrationv1.Ignore)
		}), ""},
		"kube-system by name":           {selector("kubernetes.io/metadata.name", "NotIn", "kube-system"), ""},
		"kube-system alone":             {selector("kubernetes.io/metadata.name", "In", "kube-system"), closed},
		"another namespace alone":       {selector("kubernetes.io/metadata.name", "In", "shop"), ""},
		"namespaces that opt in":        {selector("team", "Exists"), ""},
		"namespaces that don't opt out": {selector("team", "DoesNotExist"), closed},
		"namespaces of AKS's":           {selector("kubernetes.azure.com/managedby", "Exists"), closed},
		"namespaces by label": {out(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "a"}}
		}), ""},
		"kube-system by label": {out(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"control-plane": "true"}}
		}), closed},
		"objects that opt in": {out(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "a"}}
		}), ""},
		"objects that don't opt out": {out(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.ObjectSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "DoesNotExist"}}}
		}), closed},
		"a condition about namespaces": {out(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "a", Expression: "request.namespace != 'kube-system'"}}
		}), ""},
		"a condition about users": {out(func(w *admissionregistrationv1.ValidatingWebhook) {
			w.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "a", Expression: "request.userInfo.username != 'a'"}}
		}), closed},
		"resources of its own":    {rules("contoso.example", "*", admissionregistrationv1.AllScopes), ""},
		"cluster-scoped by scope": {rules("*", "*", admissionregistrationv1.ClusterScope), ""},
		"cluster-scoped by name":  {rules("", "nodes/status", admissionregistrationv1.AllScopes), ""},
		"a group of Kubernetes'":  {rules("coordination.k8s.io", "leases", admissionregistrationv1.AllScopes), closed},
		"no rules":                {out(func(w *admissionregistrationv1.ValidatingWebhook) { w.Rules = nil }), ""},
		"opted out without need": {func(c *configuration) {
			s := c.Webhooks[0].NamespaceSelector
			optOut(c)
			c.Webhooks[0].NamespaceSelector = s
		}, needless},
		"outside":                        {url("https://policy.contoso.example:8443/a"), external},
		"by address":                     {url("https://10.1.2.3/"), external},
		"a Service by its URL":           {url("https://a.shop.svc:8443/"), ""},
		"a Service by its URL, in full":  {url("https://a.shop.svc.cluster.local/"), ""},
		"a name that only looks like it": {url("https://a.svc.contoso.example/"), external},
		"30 s on pods":                   {slow("", "pods", 30, admissionregistrationv1.Fail), hot},
		"30 s on pods, failing open":     {slow("", "pods", 30, admissionregistrationv1.Ignore), ""},
		"10 s on pods":                   {slow("", "pods", 10, admissionregistrationv1.Fail), ""},
		"30 s on leases":                 {slow("coordination.k8s.io", "leases", 30, admissionregistrationv1.Fail), hot},
		"30 s on everything":             {slow("*", "*", 30, admissionregistrationv1.Fail), hot},
		"30 s on configmaps":             {slow("", "configmaps", 30, admissionregistrationv1.Fail), ""},
		"30 s on somebody's own nodes":   {slow("contoso.example", "nodes", 30, admissionregistrationv1.Fail), ""},
		"30 s on its own of any name":    {slow("contoso.example", "*", 30, admissionregistrationv1.Fail), ""},
		"demarc's own":                   {func(c *configuration) { optOut(c); c.Name = "demarc-managed" }, ""},
		"AKS's own by name":              {func(c *configuration) { optOut(c); c.Name = "aks-node-validating-webhook" }, ""},
		"AKS's own by label": {func(c *configuration) {
			optOut(c)
			c.Labels = map[string]string{"kubernetes.azure.com/controlPlaneWebhook": "Reconcile"}
		}, ""},
		"long names, and many of them":        {many, rewritten},
		"a name as long as it is let through": {func(c *configuration) { many(c); c.Webhooks = c.Webhooks[:1] }, rewritten},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, message := range s.said(t, plain("case", c.change)) {
				got = append(got, class(t, message))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// many gives a configuration a hundred webhooks with names as long as the API server takes them.
func many(c *configuration) {
	from := c.Webhooks[0]
	from.NamespaceSelector = nil
	c.Webhooks = nil
	for i := range 100 {
		w := *from.DeepCopy()
		w.Name = strings.Repeat(strings.Repeat(string(rune('a'+i%26)), 60)+".", 4) + "x" + string(rune('a'+i/26))
		c.Webhooks = append(c.Webhooks, w)
	}
}

// An update is told of what it changes, and of nothing that was there already.
func (s *stage) policyRatchet(t *testing.T) {
	bad := func(c *configuration) {
		c.Webhooks[0].NamespaceSelector = nil
		c.Webhooks[0].TimeoutSeconds = new(int32(20))
		c.Webhooks[0].ClientConfig.Service, c.Webhooks[0].ClientConfig.URL = nil, new("https://a.contoso.example/")
		c.Webhooks[0].MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "never", Expression: "false"}}
	}
	first := warnings(s.apply(t, plain("ratchet", bad)))
	if len(first) != 3 {
		t.Fatalf("got %q, want 3 warnings", first)
	}
	defer s.kubectl("delete", "validatingwebhookconfiguration", "ratchet")
	for name, c := range map[string]struct {
		change func(*configuration)
		want   string
	}{
		"nothing":           {bad, ""},
		"a label":           {func(c *configuration) { bad(c); c.Labels = map[string]string{"a": "b"} }, ""},
		"a shorter timeout": {func(c *configuration) { bad(c); c.Webhooks[0].TimeoutSeconds = new(int32(15)) }, ""},
		"a longer timeout":  {func(c *configuration) { bad(c); c.Webhooks[0].TimeoutSeconds = new(int32(30)) }, "slow-on-hot-resources"},
		"another address":   {func(c *configuration) { bad(c); c.Webhooks[0].ClientConfig.URL = new("https://b.contoso.example/") }, "external-url"},
		"another selector": {func(c *configuration) {
			bad(c)
			c.Webhooks[0].NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}}
		}, "rewritten-by-enforcer"},
		"an opt-out": {func(c *configuration) {
			bad(c)
			c.Annotations = map[string]string{"admissions.enforcer/disabled": "true"}
		}, "fail-closed-on-managed-namespaces"},
		"another webhook": {func(c *configuration) {
			bad(c)
			w := c.Webhooks[0].DeepCopy()
			w.Name, w.ClientConfig.URL, w.TimeoutSeconds = "b.contoso.example", new("https://a.shop.svc/"), nil
			c.Webhooks = append(c.Webhooks, *w)
		}, "rewritten-by-enforcer"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, message := range s.said(t, plain("ratchet", c.change)) {
				got = append(got, class(t, message))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	// A hundred webhooks, each looked for among a hundred, must not cost more than the API server lets an expression cost.
	s.apply(t, plain("ratchet", many))
	if got := s.said(t, plain("ratchet", func(c *configuration) { many(c); c.Labels = map[string]string{"a": "b"} })); len(got) != 0 {
		t.Errorf("a label on one with many webhooks: got %q", got)
	}
	closed := func(c *configuration) { bad(c); optOut(c) }
	s.apply(t, plain("ratchet", closed))
	if got := s.said(t, plain("ratchet", func(c *configuration) { closed(c); c.Labels = map[string]string{"a": "b"} })); len(got) != 0 {
		t.Errorf("a label on one that fails closed already: got %q", got)
	}
	if got := s.said(t, plain("ratchet", bad)); len(got) != 1 || class(t, got[0]) != "rewritten-by-enforcer" {
		t.Errorf("the opt-out goes: got %q", got)
	}
}

// AKS is told nothing, and deleting is nobody's business.
func (s *stage) policyWho(t *testing.T) {
	for user, want := range map[string]int{"aksService": 0, "system:serviceaccount:kube-system:azure-policy": 0, "masterclient": 1} {
		flags := []string{"--dry-run=server", "--as=" + user, "--as-group=system:masters"}
		if got := warnings(s.apply(t, plain("who", optOut), flags...)); len(got) != want {
			t.Errorf("%s: got %q, want %d warnings", user, got, want)
		}
	}
	if got := warnings(s.apply(t, plain("who", optOut))); len(got) != 1 {
		t.Errorf("got %q, want 1 warning", got)
	}
	c := exec.Command(s.cluster.Kubectl, "--kubeconfig", s.kubeconfig, "delete", "validatingwebhookconfiguration", "who")
	if out, err := c.CombinedOutput(); err != nil || strings.Contains(string(out), "Warning") {
		t.Errorf("delete: %v: %s", err, out)
	}
}
