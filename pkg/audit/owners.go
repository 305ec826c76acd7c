// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/surroundings/live"
)

// maxOwners bounds the owners that are remembered; beyond it they are asked for anew.
const maxOwners = 2000

// owners finds what objects of Azure Service Operator and Crossplane lie in. Each is asked for once, and kept in the few
// fields that count.
type owners struct {
	cluster *live.Cluster
	unread  func(what string, err error, rules []policy.ID)
	links   []object.Resource
	known   map[azureobject.Reference]*object.Object // nil for what isn't there or can't be read
}

func newOwners(c *live.Cluster, unread func(string, error, []policy.ID)) owners {
	return owners{cluster: c, unread: unread, links: azureobject.Links(), known: map[azureobject.Reference]*object.Object{}}
}

// of returns the chain of what an object lies in, nearest first.
func (w *owners) of(ctx context.Context, o *object.Object) []*object.Object {
	return azureobject.Chain(o, func(ref azureobject.Reference) *object.Object { return w.find(ctx, ref) })
}

func (w *owners) find(ctx context.Context, ref azureobject.Reference) *object.Object {
	if o, asked := w.known[ref]; asked {
		return o
	}
	i := slices.IndexFunc(w.links, func(r object.Resource) bool { return r.GroupKind() == ref.Kind })
	if i < 0 || ctx.Err() != nil {
		return nil
	}
	o, err := w.cluster.Object(ctx, w.links[i], ref.Namespace, ref.Name)
	if err == nil && o != nil {
		o, err = slim(o)
	}
	if err != nil && ctx.Err() == nil {
		w.unread(w.links[i].GroupResource().String()+" that others lie in", err, nil)
	}
	if len(w.known) >= maxOwners {
		clear(w.known)
	}
	w.known[ref] = o
	return o
}

// slim keeps the fields of an owner that are read.
func slim(o *object.Object) (*object.Object, error) {
	tree, err := o.Tree()
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(azureobject.Slim(tree))
	if err != nil {
		return nil, err
	}
	return object.Decode(raw, o.GVK)
}
