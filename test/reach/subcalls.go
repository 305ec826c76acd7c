// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"net/http"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
)

// sub returns a call about a subresource.
func (g *generator) sub() call {
	ns := pick(g, g.namespaces...)
	pods, deployments := kindFor("v1", "pods"), kindFor("apps/v1", "deployments")
	widgets := kindFor(pick(g, customGroup+"/v1", customGroup+"/v1beta1"), "widgets")
	nodes, namespaces, accounts := kindFor("v1", "nodes"), kindFor("v1", "namespaces"), kindFor("v1", "serviceaccounts")
	own := pick(g, g.namespaces...)
	labels := map[string]any{"metadata": map[string]any{"labels": map[string]any{"app": pick(g, "shop", "web")}}}
	return pick(g,
		patchSub(deployments, ns, "old", "scale", map[string]any{"spec": map[string]any{"replicas": g.IntN(5)}}),
		patchSub(deployments, ns, "old", "status", labels),
		patchSub(widgets, ns, "old", "scale", map[string]any{"spec": map[string]any{"replicas": g.IntN(5)}}),
		patchSub(widgets, ns, "old", "status", labels),
		patchSub(pods, ns, "old", "status", labels),
		patchSub(pods, ns, "old", "ephemeralcontainers", map[string]any{"spec": map[string]any{"ephemeralContainers": []any{
			map[string]any{"name": "e", "image": "docker.example/e:1", "terminationMessagePolicy": "File"}}}}),
		patchSub(nodes, "", g.node(), "status", labels),
		patchSub(namespaces, "", own, "status", labels),
		g.finalize(namespaces, own),
		post(pods, ns, "old", "eviction", map[string]any{"apiVersion": "policy/v1", "kind": "Eviction",
			"metadata": map[string]any{"name": "old", "namespace": ns, "labels": g.labels()}}),
		post(pods, ns, "old", "binding", map[string]any{"apiVersion": "v1", "kind": "Binding",
			"metadata": map[string]any{"name": "old", "namespace": ns, "labels": g.labels()}, "target": map[string]any{"kind": "Node", "name": g.node()}}),
		post(accounts, ns, "old", "token", map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": map[string]any{}}),
		connect(pods, ns, "old", "exec", "command=id&stdout=true"),
		connect(pods, ns, "old", "attach", "stdout=true"),
		connect(pods, ns, "old", "portforward", "ports=80"),
		connect(nodes, "", g.node(), "proxy", ""),
	)
}

func patchSub(k *kindOf, ns, name, subresource string, body map[string]any) call {
	return call{method: http.MethodPatch, path: k.path(ns, name, subresource), contentType: merge, query: []string{dryRun},
		body: body, operation: admissionregistrationv1.Update, resource: k.resource, subresource: subresource}
}

func post(k *kindOf, ns, name, subresource string, body map[string]any) call {
	return call{method: http.MethodPost, path: k.path(ns, name, subresource), contentType: asJSON, query: []string{dryRun},
		body: body, operation: admissionregistrationv1.Create, resource: k.resource, subresource: subresource}
}

// connect can't be a dry run. It ends in an error, because no node runs, after admission has passed.
func connect(k *kindOf, ns, name, subresource, query string) call {
	return call{method: http.MethodPost, path: k.path(ns, name, subresource), query: []string{query},
		operation: admissionregistrationv1.Connect, resource: k.resource, subresource: subresource}
}

func (g *generator) finalize(k *kindOf, ns string) call {
	return call{method: http.MethodPut, path: k.path("", ns, "finalize"), contentType: asJSON, query: []string{dryRun},
		body: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": ns, "labels": g.labels()},
			"spec": map[string]any{"finalizers": []any{"kubernetes"}}},
		operation: admissionregistrationv1.Update, resource: k.resource, subresource: "finalize"}
}

// rare returns a call about what the API server keeps from hooks, or treats in a way of its own.
func (g *generator) rare() call {
	reviews := kindOf{gvr("authentication.k8s.io", "v1", "tokenreviews"), "TokenReview", false, false, func(_ *generator, o map[string]any) {
		o["spec"] = map[string]any{"token": "none"}
	}}
	rights := kindOf{gvr("authorization.k8s.io", "v1", "subjectaccessreviews"), "SubjectAccessReview", false, false, func(_ *generator, o map[string]any) {
		o["metadata"] = map[string]any{} // it takes none
		o["spec"] = map[string]any{"user": "ada", "nonResourceAttributes": map[string]any{"path": "/", "verb": "get"}}
	}}
	webhooks := kindOf{gvr("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"), "ValidatingWebhookConfiguration", false, false, nothing}
	policies := kindOf{gvr("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies"), "ValidatingAdmissionPolicy", false, false, func(_ *generator, o map[string]any) {
		o["spec"] = map[string]any{"matchConstraints": map[string]any{"resourceRules": []any{map[string]any{
			"apiGroups": []any{""}, "apiVersions": []any{"v1"}, "resources": []any{"pods"}, "operations": []any{"CREATE"}}}},
			"validations": []any{map[string]any{"expression": "true"}}}
	}}
	k := pick(g, reviews, rights, webhooks, policies)
	body := k.object(g, "", "new")
	return call{method: http.MethodPost, path: k.path("", "", ""), contentType: asJSON, query: []string{dryRun}, body: body,
		operation: admissionregistrationv1.Create, resource: k.resource, kind: k.kind, name: "new",
		unseen: k.resource.Group == "admissionregistration.k8s.io"}
}
