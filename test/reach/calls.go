// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// call is one HTTP request to the API server, and what admission is to make of it.
type call struct {
	method, path, contentType string
	query                     []string
	body                      any

	operation   admissionregistrationv1.OperationType
	resource    schema.GroupVersionResource
	subresource string
	// unseen is true where the API server asks no webhook, so that nobody can tell what it made of the call.
	unseen bool
	kind   string
	name   string
}

const (
	asJSON  = "application/json"
	merge   = "application/merge-patch+json"
	apply   = "application/apply-patch+yaml"
	dryRun  = "dryRun=All"
	manager = "fieldManager=reach"
)

// kindOf are the resources that calls are about.
type kindOf struct {
	resource   schema.GroupVersionResource
	kind       string
	namespaced bool
	// old is true if every round has one of that name.
	old bool
	// fill completes an object.
	fill func(g *generator, o map[string]any)
}

func gvr(group, version, resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
}

func (k *kindOf) path(namespace, name, subresource string) string {
	parts := []string{"/api", k.resource.Version}
	if k.resource.Group != "" {
		parts = []string{"/apis", k.resource.Group, k.resource.Version}
	}
	if k.namespaced {
		parts = append(parts, "namespaces", namespace)
	}
	parts = append(parts, k.resource.Resource)
	for _, p := range []string{name, subresource} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "/")
}

// object returns a body. Those with an empty name ask the server to make one.
func (k *kindOf) object(g *generator, namespace, name string) map[string]any {
	meta := map[string]any{"name": name}
	if name == "" {
		meta = map[string]any{"generateName": "made-"}
	}
	if k.namespaced {
		meta["namespace"] = namespace
	}
	if set := g.labels(); len(set) > 0 {
		meta["labels"] = set
	}
	o := map[string]any{"apiVersion": k.resource.GroupVersion().String(), "kind": k.kind, "metadata": meta}
	if k.fill != nil {
		k.fill(g, o)
	}
	return o
}

func nothing(*generator, map[string]any) {}

func pod(g *generator, o map[string]any) {
	o["spec"] = podSpec(g)
}

func podSpec(g *generator) map[string]any {
	return map[string]any{"automountServiceAccountToken": false,
		"containers": []any{map[string]any{"name": "c", "image": pick(g, "registry.example/a:1", "docker.example/b:2")}}}
}

func workload(g *generator, o map[string]any) {
	labels := map[string]any{"is": "it"}
	o["spec"] = map[string]any{"replicas": g.IntN(4), "selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": podSpec(g)}}
}

func data(g *generator, o map[string]any) {
	if g.chance(70) {
		o["data"] = map[string]any{"k": pick(g, "v", "w")}
	}
}

func autoscaler(g *generator, o map[string]any) {
	o["spec"] = map[string]any{"maxReplicas": 2 + g.IntN(3), "scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "old"}}
}

func event(g *generator, o map[string]any) {
	meta := o["metadata"].(map[string]any)
	involved := map[string]any{"apiVersion": "v1", "kind": "Pod", "name": "old", "namespace": meta["namespace"]}
	if strings.HasPrefix(o["apiVersion"].(string), "events") {
		o["regarding"], o["note"], o["reason"], o["action"], o["type"] = involved, "n", "R", "A", "Normal"
		o["reportingController"], o["reportingInstance"], o["eventTime"] = "reach.demarc.dev/c", "i", "2026-01-01T00:00:00.000000Z"
		return
	}
	o["involvedObject"], o["message"], o["reason"], o["type"] = involved, "m", "R", "Normal"
}

func widget(g *generator, o map[string]any) {
	o["spec"] = map[string]any{"replicas": g.IntN(4)}
}

var kinds = []kindOf{
	{gvr("", "v1", "pods"), "Pod", true, true, pod},
	{gvr("", "v1", "configmaps"), "ConfigMap", true, true, data},
	{gvr("", "v1", "secrets"), "Secret", true, false, func(g *generator, o map[string]any) { o["stringData"] = map[string]any{"k": "v"} }},
	{gvr("", "v1", "serviceaccounts"), "ServiceAccount", true, true, nothing},
	{gvr("", "v1", "events"), "Event", true, true, event},
	{gvr("events.k8s.io", "v1", "events"), "Event", true, true, event},
	{gvr("", "v1", "namespaces"), "Namespace", false, false, nothing},
	{gvr("", "v1", "nodes"), "Node", false, true, nothing},
	{gvr("apps", "v1", "deployments"), "Deployment", true, true, workload},
	{gvr("autoscaling", "v1", "horizontalpodautoscalers"), "HorizontalPodAutoscaler", true, true, autoscaler},
	{gvr("autoscaling", "v2", "horizontalpodautoscalers"), "HorizontalPodAutoscaler", true, true, autoscaler},
	{gvr("coordination.k8s.io", "v1", "leases"), "Lease", true, true, nothing},
	{gvr("rbac.authorization.k8s.io", "v1", "clusterroles"), "ClusterRole", false, true, nothing},
	{gvr("batch", "v1", "jobs"), "Job", true, false, func(g *generator, o map[string]any) {
		spec := podSpec(g)
		spec["restartPolicy"] = "Never"
		o["spec"] = map[string]any{"template": map[string]any{"spec": spec}}
	}},
	{gvr(customGroup, "v1", "widgets"), "Widget", true, true, widget},
	{gvr(customGroup, "v1beta1", "widgets"), "Widget", true, true, widget},
	{gvr(customGroup, "v1", "gadgets"), "Gadget", false, true, widget},
}

const customGroup = "reach.demarc.dev"

// kindFor returns the kind of a resource in the version named.
func kindFor(version, resource string) *kindOf {
	for i := range kinds {
		if kinds[i].resource.Resource == resource && kinds[i].resource.GroupVersion().String() == version {
			return &kinds[i]
		}
	}
	panic("no kind for " + version + " " + resource)
}

// oldName is the name of what is there when a round begins: nodes and cluster roles outlive it.
func (k *kindOf) oldName(g *generator) string {
	switch {
	case k.resource.Resource == "namespaces":
		return pick(g, g.namespaces...)
	case !k.namespaced:
		return g.node()
	}
	return "old"
}

// call returns a random one.
func (g *generator) call() call {
	switch n := g.IntN(100); {
	case n < 30:
		return g.create()
	case n < 42:
		return g.patch()
	case n < 50:
		return g.apply()
	case n < 58:
		return g.remove()
	case n < 62:
		return g.removeAll()
	case n < 90:
		return g.sub()
	}
	return g.rare()
}

func (g *generator) create() call {
	k := &kinds[g.IntN(len(kinds))]
	ns := pick(g, g.namespaces...)
	name := pick(g, "new", "new", "")
	if k.resource.Resource == "namespaces" && name != "" {
		name = g.newNamespace()
	}
	return call{method: http.MethodPost, path: k.path(ns, "", ""), contentType: asJSON, query: []string{dryRun, g.manager()},
		body: k.object(g, ns, name), operation: admissionregistrationv1.Create, resource: k.resource}
}

func (g *generator) manager() string { return pick(g, manager, "") }

func (g *generator) existing() *kindOf {
	if g.chance(15) {
		return kindFor("v1", "namespaces")
	}
	for {
		if k := &kinds[g.IntN(len(kinds))]; k.old || k.resource.Resource == "namespaces" {
			return k
		}
	}
}

func (g *generator) patch() call {
	k := g.existing()
	ns := pick(g, g.namespaces...)
	labels := map[string]any{}
	for _, key := range labelKeys {
		if g.chance(30) {
			labels[key] = pick(g, any(labelValues[key][0]), any(labelValues[key][1]), nil)
		}
	}
	return call{method: http.MethodPatch, path: k.path(ns, k.oldName(g), ""), contentType: merge, query: []string{dryRun, g.manager()},
		body:      map[string]any{"metadata": map[string]any{"labels": labels, "annotations": map[string]any{"touched": "yes"}}},
		operation: admissionregistrationv1.Update, resource: k.resource}
}

// apply makes a new object by server-side apply: a CREATE, though the verb is PATCH.
func (g *generator) apply() call {
	k := &kinds[g.IntN(len(kinds))]
	ns := pick(g, g.namespaces...)
	name := "new"
	if k.resource.Resource == "namespaces" {
		name = g.newNamespace()
	}
	return call{method: http.MethodPatch, path: k.path(ns, name, ""), contentType: apply, query: []string{dryRun, manager, "force=true"},
		body: k.object(g, ns, name), operation: admissionregistrationv1.Create, resource: k.resource}
}

func (g *generator) remove() call {
	k := g.existing()
	ns := pick(g, g.namespaces...)
	return call{method: http.MethodDelete, path: k.path(ns, k.oldName(g), ""), query: []string{dryRun},
		operation: admissionregistrationv1.Delete, resource: k.resource}
}

// removeAll deletes a collection that holds one object.
func (g *generator) removeAll() call {
	k := kindFor("v1", pick(g, "configmaps", "pods"))
	if g.chance(40) {
		k = kindFor(customGroup+"/v1", "widgets")
	}
	return call{method: http.MethodDelete, path: k.path(pick(g, g.namespaces...), "", ""),
		query: []string{dryRun, "fieldSelector=metadata.name%3Dold"}, operation: admissionregistrationv1.Delete, resource: k.resource}
}

func (c *call) json() ([]byte, error) {
	if c.body == nil {
		return nil, nil
	}
	raw, err := json.Marshal(c.body)
	if err != nil {
		return nil, fmt.Errorf("write a body: %w", err)
	}
	return raw, nil
}
