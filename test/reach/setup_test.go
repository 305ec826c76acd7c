// SPDX-License-Identifier: Apache-2.0

//go:build integration

package reach

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
)

// install serves the custom resources and registers the two observers, which get everything.
func (l *live) install(t *testing.T, config *rest.Config) {
	t.Helper()
	if _, err := envtest.InstallCRDs(config, envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{
		definition("Widget", apiextensionsv1.NamespaceScoped, "v1", "v1beta1"), definition("Gadget", apiextensionsv1.ClusterScoped, "v1")}}); err != nil {
		t.Fatal(err)
	}
	none, exact := admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.Exact
	all := []admissionregistrationv1.RuleWithOperations{everything()}
	registrations := l.client.AdmissionregistrationV1()
	if _, err := registrations.MutatingWebhookConfigurations().Create(t.Context(), &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "a-" + observeMutating},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{Name: "observe.reach.demarc.dev", ClientConfig: l.recorder.client(observeMutating), Rules: all,
			SideEffects: &none, MatchPolicy: &exact, AdmissionReviewVersions: []string{"v1"}}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := registrations.ValidatingWebhookConfigurations().Create(t.Context(), &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "a-" + observeValidating},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{Name: "observe.reach.demarc.dev", ClientConfig: l.recorder.client(observeValidating), Rules: all,
			SideEffects: &none, MatchPolicy: &exact, AdmissionReviewVersions: []string{"v1"}}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func definition(kind string, scope apiextensionsv1.ResourceScope, versions ...string) *apiextensionsv1.CustomResourceDefinition {
	plural := strings.ToLower(kind) + "s"
	d := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: plural + "." + customGroup},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{Group: customGroup, Scope: scope,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: plural, Singular: strings.ToLower(kind), Kind: kind, ListKind: kind + "List"}},
	}
	for i, v := range versions {
		d.Spec.Versions = append(d.Spec.Versions, apiextensionsv1.CustomResourceDefinitionVersion{
			Name: v, Served: true, Storage: i == 0,
			Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
				Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{
					"spec":   {Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{"replicas": {Type: "integer"}}},
					"status": {Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{"replicas": {Type: "integer"}}},
				}}},
			Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{},
				Scale: &apiextensionsv1.CustomResourceSubresourceScale{SpecReplicasPath: ".spec.replicas", StatusReplicasPath: ".status.replicas"}},
		})
	}
	return d
}

// populate makes a round's namespaces and what is in them.
func (l *live) populate(t *testing.T, g *generator) {
	t.Helper()
	namespaces := kindFor("v1", "namespaces")
	for i := range 4 {
		name := fmt.Sprintf("reach-%d-%d", g.round, i)
		g.namespaces = append(g.namespaces, name)
		body := namespaces.object(g, "", name)
		l.must(t, &call{method: http.MethodPost, path: namespaces.path("", "", ""), contentType: asJSON, body: body})
		labels, _ := body["metadata"].(map[string]any)["labels"].(map[string]string)
		l.labels[name] = labels
	}
	for i := range kinds {
		k := &kinds[i]
		switch {
		case !k.old || k.kind == "Namespace" || k.resource.Version == "v1beta1" || k.resource == gvr("autoscaling", "v1", k.resource.Resource) || k.resource == gvr("", "v1", "events"):
			continue
		case !k.namespaced:
			l.must(t, &call{method: http.MethodPost, path: k.path("", "", ""), contentType: asJSON, body: k.object(g, "", g.node())})
			continue
		}
		for _, ns := range g.namespaces {
			l.must(t, &call{method: http.MethodPost, path: k.path(ns, "", ""), contentType: asJSON, body: k.object(g, ns, "old")})
		}
	}
}

func (l *live) must(t *testing.T, c *call) {
	t.Helper()
	if strings.HasSuffix(c.path, "/pods") {
		// The account that pods run as is a controller's to make.
		ns := strings.Split(c.path, "/")[4]
		l.do(t, &call{method: http.MethodPost, path: "/api/v1/namespaces/" + ns + "/serviceaccounts", contentType: asJSON,
			body: map[string]any{"metadata": map[string]any{"name": "default"}}}, "root", []string{"system:masters"}, "")
	}
	if _, a := l.do(t, c, "root", []string{"system:masters"}, ""); a.status >= 300 {
		t.Fatalf("%s %s: %s", c.method, c.path, a.body)
	}
}

// unseen returns the request of a call that no observer is told of. What the server fills in isn't known then.
func (l *live) unseen(t *testing.T, c *call, user string, groups []string) *admissionconfig.Request {
	t.Helper()
	raw, err := c.json()
	if err != nil {
		t.Fatal(err)
	}
	o := content(t, raw)
	o.Sparse = true
	return &admissionconfig.Request{Operation: c.operation, Resource: c.resource, Kind: c.resource.GroupVersion().WithKind(c.kind), Name: c.name,
		Object: o, DryRun: true, User: &authenticationv1.UserInfo{Username: user, Groups: groups}}
}

// register creates a round's configurations, the markers last, and waits until those are in force.
func (l *live) register(t *testing.T, g *generator, s *admissionconfig.Set) {
	t.Helper()
	marks := g.markers(s, l.recorder.client)
	for _, c := range s.Mutating {
		l.create(t, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", c)
	}
	for _, c := range s.Validating {
		l.create(t, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", c)
	}
	for _, p := range s.ValidatingPolicies {
		l.create(t, "validatingadmissionpolicies", "ValidatingAdmissionPolicy", p)
	}
	for _, p := range s.MutatingPolicies {
		l.create(t, "mutatingadmissionpolicies", "MutatingAdmissionPolicy", p)
	}
	for _, stage := range [][]string{marks.first, marks.second} {
		first := &stage[0] == &marks.first[0]
		for _, b := range s.ValidatingBindings {
			if slices.Contains(marks.first, b.Name) == first {
				l.create(t, "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", b)
			}
		}
		for _, b := range s.MutatingBindings {
			if slices.Contains(marks.first, b.Name) == first {
				l.create(t, "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", b)
			}
		}
		l.await(t, g.namespaces[0], stage)
	}
}

func (l *live) create(t *testing.T, resource, kind string, o interface{ GetName() string }) {
	t.Helper()
	k := kindOf{resource: gvr(admissionregistrationv1.GroupName, "v1", resource)}
	l.must(t, &call{method: http.MethodPost, path: k.path("", "", ""), contentType: asJSON, body: typed(t, kind, o)})
	t.Cleanup(func() { l.remove(&call{method: http.MethodDelete, path: k.path("", o.GetName(), "")}) })
}

// await asks until the hooks are asked.
func (l *live) await(t *testing.T, namespace string, ids []string) {
	t.Helper()
	k := kindFor("v1", "configmaps")
	g := &generator{Rand: rand.New(rand.NewPCG(0, 0))} // how often this asks is nobody's concern
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		probe := call{method: http.MethodPost, path: k.path(namespace, "", ""), contentType: asJSON, query: []string{dryRun},
			body: k.object(g, namespace, "probe"), operation: admissionregistrationv1.Create, resource: k.resource}
		s := l.see(t, &probe, g.caller(), "")
		if !slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(s.Asked, id) }) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the markers %v aren't in force: %v", ids, s.Asked)
		}
	}
}

// remove is for cleaning up, when the test's own context has ended.
func (l *live) remove(c *call) {
	request, err := http.NewRequestWithContext(context.Background(), c.method, l.host+c.path, nil)
	if err != nil {
		return
	}
	if response, err := l.http.Do(request); err == nil {
		_ = response.Body.Close()
	}
}

func typed(t *testing.T, kind string, o any) any {
	t.Helper()
	raw, err := (&call{body: o}).json()
	if err != nil {
		t.Fatal(err)
	}
	body := content(t, raw).Content
	body["apiVersion"], body["kind"] = schema.GroupVersion{Group: admissionregistrationv1.GroupName, Version: "v1"}.String(), kind
	return body
}
