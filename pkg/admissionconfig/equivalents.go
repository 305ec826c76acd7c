// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// equivalents returns the resources under which matchPolicy Equivalent finds a request, and whether these are all.
func (s *Server) equivalents(r schema.GroupVersionResource, subresource string) ([]Equivalent, bool) {
	if s.Equivalents == nil {
		return Builtin(r, subresource)
	}
	return s.Equivalents(r, subresource)
}

// Builtin knows Kubernetes' own resources that recent releases serve in more than one version or group, and of which it
// can't be told which a server serves: for those, and for custom resources, its second result is false.
func Builtin(r schema.GroupVersionResource, _ string) ([]Equivalent, bool) {
	gr := r.GroupResource()
	for _, e := range everywhere {
		if e.Resource.GroupResource() == gr {
			return everywhereLike(e.Resource.Resource), true
		}
	}
	return nil, oneVersion[r.Group] && r.Version == "v1"
}

// everywhere are the resources that every supported release serves in several versions.
var everywhere = []Equivalent{
	{schema.GroupVersionResource{Version: "v1", Resource: "events"}, schema.GroupVersionKind{Version: "v1", Kind: "Event"}},
	{schema.GroupVersionResource{Group: "events.k8s.io", Version: "v1", Resource: "events"},
		schema.GroupVersionKind{Group: "events.k8s.io", Version: "v1", Kind: "Event"}},
	{schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
		schema.GroupVersionKind{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"}},
	{schema.GroupVersionResource{Group: "autoscaling", Version: "v1", Resource: "horizontalpodautoscalers"},
		schema.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "HorizontalPodAutoscaler"}},
}

func everywhereLike(resource string) []Equivalent {
	var list []Equivalent
	for _, e := range everywhere {
		if e.Resource.Resource == resource {
			list = append(list, e)
		}
	}
	return list
}

// oneVersion are the groups that every supported release serves in v1 and, unless somebody turned something on, in no
// other version.
var oneVersion = map[string]bool{
	"": true, "apps": true, "batch": true, "policy": true, "rbac.authorization.k8s.io": true, "coordination.k8s.io": true,
	"authentication.k8s.io": true, "authorization.k8s.io": true, "discovery.k8s.io": true, "node.k8s.io": true,
	"scheduling.k8s.io": true, "apiextensions.k8s.io": true, "apiregistration.k8s.io": true, "certificates.k8s.io": true,
	"networking.k8s.io": true, "storage.k8s.io": true, "admissionregistration.k8s.io": true,
}

// Served returns the equivalents on a server, from what discovery says it serves. Custom resources are equivalent in
// their own group only; of Kubernetes' own, those that share a name share their storage.
func Served(lists []*metav1.APIResourceList) Equivalents {
	type key struct{ storage, subresource string }
	found := map[key][]Equivalent{}
	for _, l := range lists {
		gv, err := schema.ParseGroupVersion(l.GroupVersion)
		if err != nil {
			continue
		}
		for _, r := range l.APIResources {
			resource, subresource, _ := strings.Cut(r.Name, "/")
			kind := gv.WithKind(r.Kind)
			if r.Group != "" || r.Version != "" {
				kind.Group, kind.Version = r.Group, r.Version
			}
			gvr := gv.WithResource(resource)
			k := key{storage(gvr.GroupResource()), subresource}
			found[k] = append(found[k], Equivalent{Resource: gvr, Kind: kind})
		}
	}
	return func(r schema.GroupVersionResource, subresource string) ([]Equivalent, bool) {
		list := found[key{storage(r.GroupResource()), subresource}]
		return list, len(list) > 0
	}
}

// storage names what a resource is stored as. Only events are Kubernetes' own in two groups today.
func storage(gr schema.GroupResource) string {
	if gr.Resource == "events" && (gr.Group == "" || gr.Group == "events.k8s.io") {
		return "events"
	}
	return gr.String()
}
