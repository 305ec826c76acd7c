// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// heartbeats is the namespace of the nodes' leases. AKS doesn't mark it, so its enforcer leaves it in.
const heartbeats = corev1.NamespaceNodeLease

// Requests without which a webhook's own pods don't come back: what every node needs, and what a pod needs.
var (
	nodeNeeds = []string{"leases-update", "nodes-status", "nodes-create", "nodes-update", "csr-create", "csr-approve", "csr-status"}
	podNeeds  = []string{"pods-create", "pods-bind", "pods-status", "serviceaccount-token", "replicasets-create", "endpointslices-update"}
)

// The controllers that make pods.
var (
	replicaSets = account("replicaset-controller")
	daemonSets  = account("daemon-set-controller")
)

// agent is one of the cluster's own workloads, without which the API server calls nobody: the labels of its pods.
type agent struct {
	name   string
	labels map[string]string
	by     *authenticationv1.UserInfo
}

// agents of kube-system: the tunnel through which the API server reaches webhooks, names, and the Services' addresses.
func (j *judge) agents() []agent {
	list := []agent{
		{"konnectivity-agent", map[string]string{"app": "konnectivity-agent"}, replicaSets},
		{"coredns", map[string]string{"k8s-app": "kube-dns"}, replicaSets},
		{"kube-proxy", map[string]string{"component": "kube-proxy", "tier": "node"}, daemonSets},
	}
	for _, a := range list {
		for _, l := range j.profile.Marks.ManagedNamespace {
			a.labels[l.Key] = l.Value
		}
	}
	return list
}

// reached is a request that a hook gets, in words, and why it may not.
type reached struct{ what, doubt string }

// failsClosedOnItself tells of a webhook that, once it is down, refuses what its own pods need to come back.
func (j *judge) failsClosedOnItself(s subject) *opinion {
	if !s.FailsClosed() || s.Client == nil || s.Client.Service == nil {
		return nil // what runs outside of the cluster comes back without it
	}
	found := j.nodes(s.after)
	found = append(found, j.ownPods(s.after)...)
	if !s.optedOut || j.world.Elsewhere {
		found = append(found, j.agentPods(s.after)...) // otherwise another class says so
	}
	return s.refuses(FailsClosedOnItself, found, "must be Ignore, or once it is down its own pods can't come back")
}

// failClosedOnManaged tells of a webhook that keeps the enforcer away and holds up the provider's own pods while it is down.
func (j *judge) failClosedOnManaged(s subject) *opinion {
	if !s.FailsClosed() || !s.optedOut || j.world.Elsewhere {
		return nil
	}
	found := append(j.agentPods(s.Hook), j.managedPods(s.Hook)...)
	return s.refuses(FailClosedOnManagedNamespaces, found, "must be Ignore, or while it is down AKS can't mend its own pods")
}

// refuses makes a verdict of requests that the hook gets; the certain ones if there are any.
func (s subject) refuses(c Class, found []reached, message string) *opinion {
	if sure := slices.DeleteFunc(slices.Clone(found), func(r reached) bool { return r.doubt != "" }); len(sure) > 0 {
		found = sure
	}
	if len(found) == 0 {
		return nil
	}
	o := about(s.Hook, c, s.Path.Child("failurePolicy"))
	first := found[0]
	o.Message = fmt.Sprintf("%s: it refuses that %s%s", message, first.what, more(len(found)-1))
	o.Fix = "set failurePolicy: Ignore, or leave these out by rules, selectors or matchConditions"
	o.Doubt = first.doubt
	o.patch = s.set("failurePolicy", admissionregistrationv1.Ignore)
	return o
}

func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", n)
}

// nodes returns what of a node's own life the hook gets.
func (j *judge) nodes(h *Hook) []reached {
	ns := j.namespace(heartbeats)
	var found []reached
	for _, t := range named(nodeNeeds) {
		what := t.Title
		if t.Namespaced {
			what += " in " + heartbeats
		}
		if r, ok := j.gets(h, t, &ns, nil, nil, what); ok {
			found = append(found, r)
		}
	}
	return found
}

// ownPods returns what of the life of the webhook's own pods it gets.
func (j *judge) ownPods(h *Hook) []reached {
	if h.Client == nil || h.Client.Service == nil {
		return nil
	}
	ref := h.Client.Service
	ns := j.namespace(ref.Namespace)
	var found []reached
	for _, labels := range j.podLabels(ref.Namespace, ref.Name) {
		for _, t := range named(podNeeds) {
			r, ok := j.gets(h, t, &ns, labels, replicaSets, t.Title+" in its namespace "+ref.Namespace)
			if ok && !slices.Contains(found, r) {
				found = append(found, r)
			}
		}
	}
	return found
}

// agentPods returns what of the life of the cluster's agents the hook gets.
func (j *judge) agentPods(h *Hook) []reached {
	ns := j.namespace(metav1.NamespaceSystem)
	var found []reached
	for _, a := range j.agents() {
		for _, t := range named(podNeeds[:4]) {
			what := fmt.Sprintf("%s for %s in %s", t.Title, a.name, ns.Name)
			if r, ok := j.gets(h, t, &ns, a.labels, a.by, what); ok {
				found = append(found, r)
			}
		}
	}
	return found
}

// managedPods returns what of the life of pods in the cluster's other namespaces of the provider the hook gets. Which
// there are is known of a cluster only.
func (j *judge) managedPods(h *Hook) []reached {
	var found []reached
	for i := range j.world.Namespaces {
		ns := &j.world.Namespaces[i]
		mark := slices.IndexFunc(j.profile.Marks.HidesNamespace, func(l provider.Label) bool { return l.Matches(ns.Labels) })
		if mark < 0 || ns.Name == metav1.NamespaceSystem {
			continue
		}
		l := j.profile.Marks.HidesNamespace[mark]
		for _, t := range named(podNeeds[:1]) {
			if r, ok := j.gets(h, t, ns, map[string]string{l.Key: l.Value}, replicaSets, t.Title+" in "+ns.Name); ok {
				found = append(found, r)
			}
		}
	}
	return found
}

func named(ids []string) []*Typical {
	var list []*Typical
	for _, id := range ids {
		for _, t := range Typicals() {
			if t.ID == id {
				list = append(list, t)
			}
		}
	}
	return list
}

// gets asks whether a hook gets a request. Labels that nobody knows of are taken not to be there: a selector that asks
// for one selects nothing, and one that leaves it out may leave the request out, which is a doubt.
func (j *judge) gets(h *Hook, t *Typical, ns *Namespace, labels map[string]string, maker *authenticationv1.UserInfo, what string) (reached, bool) {
	plain := *ns
	plain.Partial = false
	r := t.In(&plain)
	if r.User == nil {
		r.User = maker
	}
	bare := *h
	bare.Criteria = slices.Clone(h.Criteria)
	found := reached{what: what}
	for i := range bare.Criteria {
		c := &bare.Criteria[i]
		if empty(&c.ObjectSelector) {
			continue
		}
		if selects(&c.ObjectSelector, labelSet{labels: labels, all: true}) == No {
			return reached{}, false
		}
		if labels == nil {
			found.doubt = "the objectSelector may leave it out by a label that isn't known here"
		}
		c.ObjectSelector = metav1.LabelSelector{}
	}
	switch a := j.server.Reaches(&bare, r); a.Reach {
	case No:
		return reached{}, false
	case Maybe:
		found.doubt = a.Why.String()
	case Yes:
		if ns.Partial && found.doubt == "" {
			in := t.In(ns)
			in.User = r.User
			if a := j.server.Reaches(&bare, in); a.Reach != Yes {
				found.doubt = "the namespace may carry a label by which the selector leaves it out"
			}
		}
	}
	return found, true
}

// namespace returns what is known of a namespace; of one that isn't known, that it isn't the provider's.
func (j *judge) namespace(name string) Namespace {
	for _, n := range j.namespaces {
		if n.Name == name {
			return n
		}
	}
	return CustomerNamespace(j.profile, name)
}

// podLabels are the labels of the pods behind a Service, one nil set if they aren't known.
func (j *judge) podLabels(namespace, name string) []map[string]string {
	for key, s := range j.world.Services {
		if key.Namespace == namespace && key.Name == name && len(s.Pods) > 0 {
			return s.Pods
		}
	}
	return []map[string]string{nil}
}
