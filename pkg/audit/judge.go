// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// take hands one object to everybody who asked for its kind. Nobody may keep raw.
func (a *auditor) take(ctx context.Context, k *kind, raw []byte) {
	o, err := object.Decode(raw, k.gvk)
	if err != nil {
		a.tally.keep(report.NewLiveResult(a.live(k, nil), engine.Decision{Faults: []engine.Fault{{Err: err}}}))
		return
	}
	// Metadata comes as a kind of its own, and what a list holds need not say what it is.
	o.GVK = k.gvk
	if k.learns() {
		a.around.learn(k.resource, o)
	}
	if k.gathered {
		if err := a.Posture.Add(o); err != nil && !k.malformed {
			k.malformed = true // one stands for all: which they are, nobody counts
			a.missed(k.resource.GroupResource().String()+" that can't be read", err, k)
		}
	}
	if k.resource == object.ReplicaSets || k.resource == object.Jobs {
		a.fold.remember(o)
	}
	if len(k.rules) == 0 || !a.wants(k) || k.resource == object.ReplicaSets && history(o) {
		return
	}
	in := a.input(ctx, k, o)
	a.settle(k, o, a.Engine.Evaluate(in, a.started))
}

// wants says whether objects of a kind are judged: Nodes are read for what they tell, even where the audit is limited to
// some namespaces.
func (a *auditor) wants(k *kind) bool {
	return len(a.Namespaces) == 0 || k.resource != object.Nodes
}

// history says whether an object is a ReplicaSet that its Deployment keeps only to roll back to: it makes no pods, and
// whoever mends the Deployment leaves such behind.
func history(o *object.Object) bool {
	set, ok := object.As[*appsv1.ReplicaSet](o)
	return ok && controllerOf(o.Meta) != nil && set.Spec.Replicas != nil && *set.Spec.Replicas == 0 && set.Status.Replicas == 0
}

func (a *auditor) input(ctx context.Context, k *kind, o *object.Object) policy.Input {
	in := policy.Input{Operation: policy.AtRest, Resource: k.resource, Object: o, Name: o.Meta.Name, RequestKind: k.gvk,
		Cluster: &a.around.cluster}
	if k.resource.Namespaced {
		in.NamespaceName = o.Meta.Namespace
		in.Namespace = a.around.namespaces[o.Meta.Namespace]
	}
	if k.resource.Presence == object.Installed {
		in.Owners = a.owners.of(ctx, o)
	}
	return in
}

// settle counts a decision, and keeps it if there is something in it that was not found before on the same owner.
func (a *auditor) settle(k *kind, o *object.Object, d engine.Decision) {
	a.tally.skip(d.Skipped)
	if len(d.Verdicts)+len(d.Faults) == 0 {
		return
	}
	a.tally.found++
	place := a.live(k, o)
	top, follows := a.fold.top(o)
	if top.name != "" {
		place.Owner = report.Clean(top.String())
	}
	keys := a.fold.keys(o, top, follows, d.Verdicts)
	if len(d.Faults) == 0 && follows {
		var same int
		if d.Verdicts, keys, same = a.fold.fresh(d.Verdicts, keys); len(d.Verdicts) == 0 {
			a.tally.same(same)
			return
		}
	}
	result := report.NewLiveResult(place, d)
	if a.Attribute != nil && a.tally.room(&result) {
		for i := range d.Verdicts {
			if path := d.Verdicts[i].Path; path != nil {
				result.Verdicts[i].Change = a.Attribute(o.Raw(), path)
			}
		}
	}
	a.fold.know(keys, a.tally.keep(result))
}

// live says where an object stands.
func (a *auditor) live(k *kind, o *object.Object) report.Live {
	place := report.Live{Cluster: report.Clean(a.Name), APIVersion: k.gvk.GroupVersion().String(), Kind: k.gvk.Kind}
	if o == nil {
		return place
	}
	place.Namespace, place.Name, place.UID = report.Clean(o.Meta.Namespace), report.Clean(o.Meta.Name), report.Clean(string(o.Meta.UID))
	return place
}

func named(kind, namespace, name string) string {
	if namespace == "" {
		return fmt.Sprintf("%s %s", kind, name)
	}
	return fmt.Sprintf("%s %s/%s", kind, namespace, name)
}
