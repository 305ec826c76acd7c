// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// hook reads the first hook of a webhook configuration; what is given is the one webhook.
func hook(t *testing.T, webhook string) *Hook {
	t.Helper()
	c := &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "c"}}
	c.Webhooks = make([]admissionregistrationv1.ValidatingWebhook, 1)
	if err := yaml.UnmarshalStrict([]byte(webhook), &c.Webhooks[0]); err != nil {
		t.Fatal(err)
	}
	return FromValidating(c)[0]
}

func request(op admissionregistrationv1.OperationType, group, version, resource, sub string, ns *Namespace) *Request {
	return &Request{Operation: op, Resource: schema.GroupVersionResource{Group: group, Version: version, Resource: resource},
		Subresource: sub, Namespace: ns, Object: &Object{}, AnyName: true}
}

const anything = "rules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*']}]\n"

func TestReaches(t *testing.T) {
	managed := &Namespace{Name: "kube-system", Labels: map[string]string{"control-plane": "true"}}
	vague := &Namespace{Name: "vague", Partial: true}
	podInSystem := request(create, "", "v1", "pods", "", managed)
	for name, c := range map[string]struct {
		webhook string
		request *Request
		server  Server
		want    Reach
		field   string
	}{
		"everything":           {webhook: anything, request: podInSystem, want: Yes},
		"no rule":              {webhook: "{}", request: podInSystem, want: No, field: "webhooks[0].rules"},
		"a star, and a status": {webhook: "rules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]", request: request(update, "", "v1", "nodes", "status", nil), want: No, field: "webhooks[0].rules"},
		"a selector that leaves it out": {webhook: anything + "namespaceSelector: {matchExpressions: [{key: control-plane, operator: DoesNotExist}]}",
			request: podInSystem, want: No, field: "webhooks[0].namespaceSelector"},
		"nodes match every selector": {webhook: anything + "namespaceSelector: {matchLabels: {a: b}}", request: request(update, "", "v1", "nodes", "status", nil), want: Yes},
		"a selector by name": {webhook: anything + "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}",
			request: request(create, "", "v1", "pods", "", vague), want: No, field: "webhooks[0].namespaceSelector"},
		"labels that aren't known": {webhook: anything + "namespaceSelector: {matchLabels: {a: b}}",
			request: request(create, "", "v1", "pods", "", vague), want: Maybe, field: "webhooks[0].namespaceSelector"},
		"an object that isn't known": {webhook: anything + "objectSelector: {matchLabels: {a: b}}", request: podInSystem, want: Maybe, field: "webhooks[0].objectSelector"},
		"exec has no labels": {webhook: anything + "objectSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}",
			request: request(admissionregistrationv1.Connect, "", "v1", "pods", "exec", managed), want: No, field: "webhooks[0].objectSelector"},
		"another version":             {webhook: "rules: [{operations: ['*'], apiGroups: [autoscaling], apiVersions: [v1], resources: ['*']}]", request: request(create, "autoscaling", "v2", "horizontalpodautoscalers", "", managed), want: Yes},
		"another version, exactly":    {webhook: "matchPolicy: Exact\nrules: [{operations: ['*'], apiGroups: [autoscaling], apiVersions: [v1], resources: ['*']}]", request: request(create, "autoscaling", "v2", "horizontalpodautoscalers", "", managed), want: No, field: "webhooks[0].rules"},
		"a custom resource's version": {webhook: "rules: [{operations: ['*'], apiGroups: [x.example], apiVersions: [v2], resources: ['*']}]", request: request(create, "x.example", "v1", "xs", "", managed), want: Maybe, field: "webhooks[0].rules"},
		"a webhook configuration":     {webhook: anything, request: request(create, "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "", nil), want: No},
		"a token review, of old":      {webhook: anything, request: request(create, "authentication.k8s.io", "v1", "tokenreviews", "", nil), server: Server{Minor: 36}, want: Yes},
		"a token review, today":       {webhook: anything, request: request(create, "authentication.k8s.io", "v1", "tokenreviews", "", nil), server: Server{Minor: 37}, want: No},
		"a condition that is false":   {webhook: anything + "matchConditions: [{name: a, expression: \"request.operation == 'DELETE'\"}]", request: podInSystem, want: No, field: "webhooks[0].matchConditions[0]"},
		"a condition on what isn't known": {webhook: anything + "matchConditions: [{name: a, expression: \"object.metadata.name == 'x'\"}]",
			request: podInSystem, want: Maybe, field: "webhooks[0].matchConditions[0]"},
		"a condition that needn't know": {webhook: anything + "matchConditions: [{name: a, expression: \"object.metadata.name == 'x' || request.operation == 'CREATE'\"}]",
			request: podInSystem, want: Yes},
		"a condition on rights":     {webhook: anything + "matchConditions: [{name: a, expression: \"authorizer.path('/').check('get').allowed()\"}]", request: podInSystem, want: Maybe, field: "webhooks[0].matchConditions[0]"},
		"no condition at all":       {webhook: anything + "matchConditions: [{name: a, expression: \"object.\"}]", request: podInSystem, want: Maybe, field: "webhooks[0].matchConditions[0]"},
		"a condition without bound": {webhook: anything + "failurePolicy: Ignore\nmatchConditions: [{name: a, expression: \"" + costly + "\"}]", request: podInSystem, want: No, field: "webhooks[0].matchConditions[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.server.Reaches(hook(t, c.webhook), c.request)
			if got.Reach != c.want || got.Why.Field != c.field || got.Refused {
				t.Errorf("got %s, %q (refused %t), want %s, %q", got.Reach, got.Why, got.Refused, c.want, c.field)
			}
		})
	}
}

// costly would run for hours, were there no bound on what an expression may cost.
const costly = "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, " +
	"[1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, [1,2,3,4,5,6,7,8,9,10].all(g, [1,2,3,4,5,6,7,8,9,10].all(h, a+b+c+d+e+f+g+h > 0))))))))"

func TestRefused(t *testing.T) {
	r := request(create, "", "v1", "pods", "", &Namespace{Name: "shop"})
	r.Object = &Object{Content: map[string]any{"metadata": map[string]any{"name": "x"}}}
	failing := anything + "matchConditions: [{name: a, expression: \"object.spec.x == 1\"}]\n"
	dry := *r
	dry.DryRun = true
	for name, c := range map[string]struct {
		webhook string
		request *Request
		want    Reach
		refused bool
	}{
		"a failure, closed":                          {failing, r, Maybe, true},
		"a failure, open":                            {failing + "failurePolicy: Ignore", r, No, false},
		"a failure beside a false one":               {anything + "matchConditions: [{name: a, expression: \"object.spec.x == 1\"}, {name: b, expression: \"false\"}]", r, No, false},
		"a dry run with side effects":                {anything + "sideEffects: Some\nfailurePolicy: Ignore", &dry, Maybe, true},
		"a dry run without":                          {anything + "sideEffects: NoneOnDryRun", &dry, Yes, false},
		"a dry run, and who knows":                   {anything, &dry, Maybe, true},
		"a dry run, and who knows, but it's ignored": {anything + "failurePolicy: Ignore", &dry, No, false},
		"a dry run that is out of reach":             {anything + "sideEffects: Some\nobjectSelector: {matchLabels: {a: b}}", &dry, No, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (&Server{}).Reaches(hook(t, c.webhook), c.request); got.Reach != c.want || got.Refused != c.refused {
				t.Errorf("got %s (refused %t: %s), want %s (refused %t)", got.Reach, got.Refused, got.Why, c.want, c.refused)
			}
		})
	}
}

func TestPolicies(t *testing.T) {
	var s Set
	for _, doc := range []string{
		`{apiVersion: admissionregistration.k8s.io/v1beta1, kind: MutatingAdmissionPolicy, metadata: {name: m}, spec: {matchConstraints: {resourceRules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods]}]}}}`,
		`{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: b}, spec: {policyName: p, validationActions: [Deny], paramRef: {name: x, parameterNotFoundAction: Allow}, matchResources: {namespaceSelector: {matchLabels: {a: b}}}}}`,
		`{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: p}, spec: {paramKind: {apiVersion: v1, kind: ConfigMap}, matchConstraints: {resourceRules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods], resourceNames: [x]}]}}}`,
		`{apiVersion: v1, kind: Pod, metadata: {name: p}}`,
	} {
		raw, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Add(raw); err != nil {
			t.Fatal(err)
		}
	}
	hooks := s.Hooks()
	if len(hooks) != 2 {
		t.Fatalf("got %d hooks, want 2", len(hooks))
	}
	p, m := hooks[0], hooks[1]
	in := request(create, "", "v1", "pods", "", &Namespace{Name: "shop", Labels: map[string]string{"a": "b"}})
	in.AnyName, in.Name = false, "x"
	out := request(create, "", "v1", "pods", "", &Namespace{Name: "shop"})
	for name, c := range map[string]struct {
		hook      *Hook
		request   *Request
		want      Reach
		inBinding bool
		why       string
	}{
		"parameters decide":                   {p, in, Maybe, true, "spec.paramRef: the API server asks the policy once for each parameter that it finds"},
		"the binding leaves it out":           {p, out, No, true, "spec.matchResources.namespaceSelector: the selector leaves it out"},
		"a policy without binding is nothing": {m, in, No, false, "the policy has no binding"},
	} {
		t.Run(name, func(t *testing.T) {
			got := (&Server{}).Reaches(c.hook, c.request)
			if got.Reach != c.want || got.Why.InBinding != c.inBinding || got.Why.String() != c.why {
				t.Errorf("got %s: %q (in the binding: %t)", got.Reach, got.Why, got.Why.InBinding)
			}
		})
	}
}
