// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Server is the API server that is modelled. The zero value is one of which nothing is known but that it is recent.
type Server struct {
	// Minor is N of Kubernetes 1.N; 0 if not known.
	Minor int
	// Equivalents returns every resource under which a request for this one (and its subresource) can also be matched:
	// the same objects in another version or group. Its second result is false where that isn't known. nil: Builtin. See
	// Served for those of a live cluster.
	Equivalents Equivalents
}

// Equivalents finds the resources that are stored as the same objects.
type Equivalents func(resource schema.GroupVersionResource, subresource string) (list []Equivalent, known bool)

// Equivalent is a resource and the kind that its requests carry.
type Equivalent struct {
	Resource schema.GroupVersionResource
	Kind     schema.GroupVersionKind
}

// Reaches says whether the hook gets the request: whether its webhook is called, or its policy's expressions run. What
// webhooks before it may change about the object isn't looked at.
func (s *Server) Reaches(h *Hook, r *Request) Answer {
	if a := s.exempt(h, r); a.Reach != Yes {
		return a
	}
	if h.Binding == nil && !h.Configuration.Kind.Webhook() {
		return no(Reason{Text: "the policy has no binding"})
	}
	// The policy's own criteria decide in which version the conditions see the object; a binding's only whether.
	seen := view{kind: r.Kind}
	selected := Answer{Reach: Yes}
	for i := range h.Criteria {
		a, v := s.matches(h, &h.Criteria[i], r)
		if selected = and(selected, a); selected.Reach == No {
			return selected
		}
		if i == 0 {
			seen = v
		}
	}
	return and(selected, h.params(), h.conditions.holds(h, r, seen), h.dryRun(r))
}

// Exempt says why no hook of this kind ever gets such a request on this server, if so.
func (s *Server) exempt(h *Hook, r *Request) Answer {
	gr := r.Resource.GroupResource()
	if h.Configuration.Kind.Webhook() {
		since, ok := unseenByWebhooks[gr]
		if !ok && reviews[gr] {
			since, ok = reviewsHiddenSince, true
		}
		return s.hidden(ok, since, "the API server asks no webhook about "+gr.String())
	}
	since, ok := unseenByPolicies[gr]
	if !ok && reviews[gr] {
		ok = true
	}
	return s.hidden(ok, since, "the API server asks no policy about "+gr.String())
}

func (s *Server) hidden(listed bool, since int, why string) Answer {
	switch {
	case !listed || s.Minor != 0 && s.Minor < since:
		return Answer{Reach: Yes}
	case s.Minor == 0 && since > oldestSupported:
		return maybe(Reason{Text: why + ", since some release"})
	}
	return no(Reason{Text: why})
}

// The API server's own exemptions, with the minor release that began them; 0 for always.
var (
	unseenByWebhooks = map[schema.GroupResource]int{
		admission("validatingwebhookconfigurations"):   0,
		admission("mutatingwebhookconfigurations"):     0,
		admission("validatingadmissionpolicies"):       0,
		admission("validatingadmissionpolicybindings"): 0,
		admission("mutatingadmissionpolicies"):         32,
		admission("mutatingadmissionpolicybindings"):   32,
	}
	// Policies do see webhook configurations: nothing else inside a cluster can guard them.
	unseenByPolicies = map[schema.GroupResource]int{
		admission("validatingadmissionpolicies"):       0,
		admission("validatingadmissionpolicybindings"): 0,
		admission("mutatingadmissionpolicies"):         0,
		admission("mutatingadmissionpolicybindings"):   0,
	}
	// reviews are questions about identity and rights, which are never stored. No policy sees them.
	reviews = map[schema.GroupResource]bool{
		{Group: "authentication.k8s.io", Resource: "selfsubjectreviews"}:       true,
		{Group: "authentication.k8s.io", Resource: "tokenreviews"}:             true,
		{Group: "authorization.k8s.io", Resource: "localsubjectaccessreviews"}: true,
		{Group: "authorization.k8s.io", Resource: "selfsubjectaccessreviews"}:  true,
		{Group: "authorization.k8s.io", Resource: "selfsubjectrulesreviews"}:   true,
		{Group: "authorization.k8s.io", Resource: "subjectaccessreviews"}:      true,
	}
)

const (
	// reviewsHiddenSince is the release since which webhooks don't see reviews either.
	reviewsHiddenSince = 37
	// oldestSupported is the oldest release that an unknown server can be.
	oldestSupported = 33
)

func admission(resource string) schema.GroupResource {
	return schema.GroupResource{Group: admissionregistrationv1.GroupName, Resource: resource}
}

// params is about the objects that a policy is given: which there are isn't known here.
func (h *Hook) params() Answer {
	if h.ParamKind == nil || h.ParamRef == nil {
		return Answer{Reach: Yes}
	}
	return maybe(Reason{Field: "spec.paramRef", InBinding: true, Text: "the API server asks the policy once for each parameter that it finds"})
}

// dryRun is about webhooks that may do more than answer: the API server refuses a dry run rather than call them.
func (h *Hook) dryRun(r *Request) Answer {
	if !r.DryRun || !h.Configuration.Kind.Webhook() || r.Operation == admissionregistrationv1.Connect {
		return Answer{Reach: Yes}
	}
	where := Reason{Field: h.Path.Child("sideEffects").String(), Text: "the API server doesn't call a webhook with side effects in a dry run"}
	switch {
	case h.SideEffects == nil && !h.FailsClosed():
		return no(where)
	case h.SideEffects == nil:
		return refused(where)
	case *h.SideEffects == admissionregistrationv1.SideEffectClassNone, *h.SideEffects == admissionregistrationv1.SideEffectClassNoneOnDryRun:
		return Answer{Reach: Yes}
	}
	return refused(where) // whatever the failure policy
}

func refused(why Reason) Answer { return Answer{Reach: Maybe, Why: why, Refused: true} }
