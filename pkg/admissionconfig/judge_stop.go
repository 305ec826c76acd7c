// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// stopNeeds are what AKS's page on stopping a cluster names, and what a rule must not reach:
// articles/aks/start-stop-cluster.md. Which others it looks at is not documented.
var stopNeeds = []schema.GroupResource{
	{Resource: "nodes"},
	{Group: "coordination.k8s.io", Resource: "leases"},
	{Group: "rbac.authorization.k8s.io", Resource: "clusterroles"},
}

// blocksStop reads the rules as they are written: nobody documents that AKS evaluates selectors or conditions, but for
// the way out that its page names, scope Namespaced with a namespaceSelector.
func (j *judge) blocksStop(s subject) *opinion {
	if j.world.Elsewhere || !s.FailsClosed() {
		return nil
	}
	c := &s.after.Criteria[0]
	selective := !empty(&c.NamespaceSelector)
	for i, r := range c.Rules {
		if r.Scope != nil && *r.Scope == admissionregistrationv1.NamespacedScope && selective {
			continue
		}
		for _, need := range stopNeeds {
			if !has(r.APIGroups, need.Group) || !namesResource(r.Resources, need.Resource) {
				continue
			}
			o := about(s.Hook, BlocksAzAKSStop, s.Path.Child("rules").Index(i))
			o.Message = "must not reach " + need.String() + " while the webhook fails closed: `az aks stop` may be refused for it"
			o.Fix = "set failurePolicy: Ignore, or name resources without nodes, leases, clusterroles and *"
			o.patch = s.set("failurePolicy", admissionregistrationv1.Ignore)
			if len(s.MatchConditions) > 0 {
				o.Doubt = "whether AKS evaluates matchConditions before it stops a cluster isn't documented"
			}
			return o
		}
	}
	return nil
}

// namesResource says whether a rule's resources hold one, by itself or with a subresource of it.
func namesResource(items []string, resource string) bool {
	return slices.ContainsFunc(items, func(item string) bool {
		return hasResource([]string{item}, resource, "") || hasResource([]string{item}, resource, "status")
	})
}

// hotLimit is how long a webhook may hold up a request that a cluster makes all the time.
type hotLimit struct {
	typicals []string
	seconds  int32
	// because says what is held up, source where that is known from.
	because, source string
}

// hotLimits are checked in their order.
var hotLimits = []hotLimit{
	{[]string{"leases-update", "nodes-status"}, 5, "a kubelet gives a heartbeat 10 s in all, and a cluster marks nodes that miss several as lost",
		"kubernetes/kubernetes pkg/kubelet/kubelet.go: a quarter of nodeLeaseDurationSeconds, 40"},
	{[]string{"pods-create", "pods-status", "pods-bind", "endpointslices-update", "events-create", "serviceaccount-token"}, 10,
		"a cluster makes such requests all the time, and each waits for it",
		"kubernetes.io, Admission Webhook Good Practices: use a small timeout; 10 s is the API server's default"},
}

// slow tells of a webhook that may hold up what the cluster does all the time. Its own default of 10 seconds is let be
// where no heartbeat waits for it.
func (j *judge) slow(s subject) *opinion {
	for _, l := range hotLimits {
		if s.TimeoutSeconds <= l.seconds || !j.reachesAny(s.after, l.typicals) {
			continue
		}
		o := about(s.Hook, SlowOnHotResources, s.Path.Child("timeoutSeconds"))
		o.Message = fmt.Sprintf("must be %d at most: %s", l.seconds, l.because)
		o.Fix = fmt.Sprintf("set timeoutSeconds: %d", l.seconds)
		o.patch = s.set("timeoutSeconds", l.seconds)
		if !s.FailsClosed() {
			o.AtMost = policy.Audit
		}
		return o
	}
	return nil
}

// reachesAny says whether the hook surely gets one of the requests, in the namespace of heartbeats or one of a customer's.
func (j *judge) reachesAny(h *Hook, ids []string) bool {
	for _, t := range Typicals() {
		if !slices.Contains(ids, t.ID) {
			continue
		}
		for _, name := range []string{heartbeats, "default"} {
			ns := Namespace{Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}}
			if t.Namespaced && (t.ID == "leases-update") != (name == heartbeats) {
				continue
			}
			if j.server.Reaches(h, t.In(&ns)).Reach == Yes {
				return true
			}
		}
	}
	return false
}
