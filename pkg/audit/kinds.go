// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// kind is one kind of object that is listed, and who asks for it.
type kind struct {
	resource object.Resource
	gvk      schema.GroupVersionKind // in the version in which it is listed
	// metadata: no more than the metadata is asked for.
	metadata bool
	// rules judge its objects; nil if none does.
	rules []policy.ID
	// gathered: posture rules ask for it. malformed: one of its objects could not be gathered.
	gathered, malformed bool
}

// learns says whether the objects tell of what surrounds others.
func (k *kind) learns() bool { return k.resource == object.Namespaces || k.resource == object.Nodes }

// first are the kinds that are listed before all others, in this order: what surrounds objects, then what makes others
// before what it makes, so that a pod's owner is known when the pod comes.
func first() []object.Resource {
	return []object.Resource{
		object.Namespaces, object.Nodes, object.Deployments, object.DaemonSets, object.StatefulSets, object.CronJobs,
		object.ReplicationControllers, object.ReplicaSets, object.Jobs, object.Pods,
	}
}

// plan lists the kinds that something judges or gathers, and that the server serves. Kinds of which every rule lacks the
// request are not among them: reading them would cost the server, and tell nothing.
func (a *auditor) plan(ctx context.Context) ([]*kind, error) {
	if err := a.served.ask(ctx); err != nil {
		return nil, err
	}
	var kinds []*kind
	for _, w := range a.wanted() {
		k := &kind{resource: w.resource, metadata: w.resource == object.Secrets, rules: w.rules, gathered: w.gathered}
		versions, err := a.served.versions(ctx, w.resource)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		version, ok := w.choose(versions)
		switch {
		case ok:
			k.gvk = w.resource.GroupKind().WithVersion(version)
			kinds = append(kinds, k)
		case err != nil:
			a.missed(w.resource.GroupResource().String(), err, k)
		case w.resource.Presence == object.Always:
			a.missed(w.resource.GroupResource().String(), errNotServed, k)
		}
	}
	return kinds, nil
}

// want is a kind that somebody asks for, whether it is served or not.
type want struct {
	resource object.Resource
	// pinned are the versions that were asked for; empty for any.
	pinned   []string
	rules    []policy.ID
	gathered bool
}

// choose picks the version to list. Rules about alpha versions name each by itself: where the server offers the kind in
// a better one first, objects are none the worse for an alpha version beside it, and they are not listed.
func (w *want) choose(served []string) (string, bool) {
	if len(served) == 0 {
		return "", false
	}
	if len(w.pinned) == 0 {
		return served[0], true
	}
	if w.resource.Presence == object.Alpha {
		return served[0], slices.Contains(w.pinned, served[0])
	}
	for _, v := range w.pinned {
		if slices.Contains(served, v) {
			return v, true
		}
	}
	return "", false
}

// wanted lists what is asked for, in the order in which it is listed.
func (a *auditor) wanted() []*want {
	var list []*want
	index := map[schema.GroupResource]*want{}
	add := func(r object.Resource) *want {
		w := index[r.GroupResource()]
		if w == nil {
			w = &want{resource: r}
			if known, ok := object.ByName(r.GroupResource()); ok {
				w.resource = known
			}
			index[r.GroupResource()], list = w, append(list, w)
		}
		if r.Version != object.AnyVersion && !slices.Contains(w.pinned, r.Version) {
			w.pinned = append(w.pinned, r.Version)
		}
		return w
	}
	add(object.Namespaces)
	add(object.Nodes)
	for i := range a.Rules {
		for _, m := range a.Rules[i].Match {
			if m.Subresource != "" || m.Resource == object.Unknown {
				continue
			}
			if ids := a.Engine.AtRest(m.Resource); slices.Contains(ids, a.Rules[i].ID) {
				add(m.Resource).rules = ids
			}
		}
	}
	if a.surveys() {
		for _, r := range a.Wants {
			add(r).gathered = true
		}
	}
	order := first()
	slices.SortStableFunc(list, func(a, b *want) int { return rank(order, a.resource) - rank(order, b.resource) })
	return list
}

func rank(order []object.Resource, r object.Resource) int {
	if i := slices.Index(order, r); i >= 0 {
		return i
	}
	return len(order)
}

// target is one list to ask for, or one object.
type target struct {
	what     string // for people: pods, or pods in shop
	path     string
	metadata bool
	single   bool
}

// targets says what to ask for to see every object of a kind, or those of a few namespaces. Of kinds that have no
// namespace, Namespaces and Nodes alone are read then.
func (k *kind) targets(namespaces []string) []target {
	root := "/apis/" + k.gvk.Group + "/" + k.gvk.Version
	if k.gvk.Group == "" {
		root = "/api/" + k.gvk.Version
	}
	name := k.resource.GroupResource().String()
	all := target{what: name, path: root + "/" + k.resource.Plural, metadata: k.metadata}
	if len(namespaces) == 0 || k.resource == object.Nodes {
		return []target{all}
	}
	var list []target
	for _, ns := range namespaces {
		one := all
		switch {
		case k.resource == object.Namespaces:
			one.what, one.path, one.single = "namespace "+ns, all.path+"/"+ns, true
		case k.resource.Namespaced:
			one.what, one.path = name+" in "+ns, root+"/namespaces/"+ns+"/"+k.resource.Plural
		default:
			continue
		}
		list = append(list, one)
	}
	return list
}
