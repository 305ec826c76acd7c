// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/surroundings"
)

// known is what is known of the cluster around the documents.
type known struct {
	version    string
	namespaces map[string]*corev1.Namespace
	nodes      *surroundings.Nodes // of the context
	liveNodes  *policy.NodeFacts
	objects    map[identity]*object.Object // of the context
	asked      map[identity]*object.Object // answers of the live cluster, nil for what isn't there
	declared   map[identity]*object.Object // among the documents themselves

	facts   *policy.ClusterFacts // what follows from version and Nodes, once somebody asked
	settled bool
}

// identity names an object in the cluster.
type identity struct {
	schema.GroupKind
	namespace, name string
}

func identify(o *object.Object) identity {
	return identity{o.GVK.GroupKind(), o.Meta.Namespace, o.Meta.Name}
}

func newKnown(o Options) known {
	facts := o.NodeFacts
	if facts == nil {
		facts = &provider.NodeFacts{}
	}
	return known{version: o.ServerVersion, namespaces: map[string]*corev1.Namespace{}, nodes: surroundings.NewNodes(facts),
		objects: map[identity]*object.Object{}, asked: map[identity]*object.Object{}, declared: map[identity]*object.Object{}}
}

// cluster returns the facts about the cluster; nil if there are none. Nothing is learnt after that.
func (k *known) cluster() *policy.ClusterFacts {
	if k.settled {
		return k.facts
	}
	k.settled = true
	nodes := k.nodes.Facts()
	if nodes == nil {
		nodes = k.liveNodes
	}
	if k.version != "" || nodes != nil {
		k.facts = &policy.ClusterFacts{ServerVersion: k.version, Nodes: nodes}
	}
	return k.facts
}

func (k *known) namespace(o *object.Object) {
	if _, ok := k.namespaces[o.Meta.Name]; !ok {
		k.namespaces[o.Meta.Name] = &corev1.Namespace{ObjectMeta: *o.Meta}
	}
}

// Learn remembers what is in the cluster. What is known first counts. Documents that can't be decoded are problems for
// the report.
func (j *Judge) Learn(r *report.Report, documents []manifest.Document) {
	for _, d := range documents {
		o, err := object.Decode(d.Raw, d.GVK)
		if err != nil {
			j.problems(r, d, err)
			continue
		}
		id := identify(o)
		if _, known := j.known.objects[id]; known {
			continue
		}
		j.known.objects[id] = o
		switch id.GroupKind {
		case object.Namespaces.GroupKind():
			j.known.namespace(o)
		case object.Nodes.GroupKind():
			j.known.nodes.AddObject(o)
			if err := o.Err(); err != nil {
				j.problems(r, d, err)
			}
		}
	}
}

// KnowsNodes says whether the context holds Nodes.
func (j *Judge) KnowsNodes() bool { return j.known.nodes.Facts() != nil }

// KnowsVersion says whether the API server's version is known.
func (j *Judge) KnowsVersion() bool { return j.known.version != "" }

// LearnVersion remembers the API server's version.
func (j *Judge) LearnVersion(version string) { j.known.version = version }

// LearnNodes remembers what the Nodes of a live cluster tell.
func (j *Judge) LearnNodes(facts *policy.NodeFacts) { j.known.liveNodes = facts }

// LearnNamespaces remembers the namespaces of a live cluster, where the context has none of that name.
func (j *Judge) LearnNamespaces(namespaces []*corev1.Namespace) {
	for _, ns := range namespaces {
		if _, known := j.known.namespaces[ns.Name]; !known {
			j.known.namespaces[ns.Name] = ns
		}
	}
}

// LearnDocuments remembers, among documents that are to be judged, the Namespaces and what resources in Azure may lie in.
// They say what shall be, so they count after what is there. One that can't be decoded is a problem when it is judged.
func (j *Judge) LearnDocuments(documents []manifest.Document) {
	links := azureobject.Links()
	for _, d := range documents {
		kind := d.GVK.GroupKind()
		link := slices.IndexFunc(links, func(r object.Resource) bool { return r.GroupKind() == kind })
		if link < 0 && kind != object.Namespaces.GroupKind() {
			continue
		}
		o, err := object.Decode(d.Raw, d.GVK)
		if err != nil {
			continue
		}
		if link < 0 {
			j.known.namespace(o)
			continue
		}
		j.place(links[link], o)
		if id := identify(o); j.known.declared[id] == nil {
			j.known.declared[id] = o
		}
	}
}

// parent returns the object that the request's subresource belongs to.
func (j *Judge) parent(in policy.Input) (*object.Object, error) {
	id := identity{in.Resource.GroupKind(), in.NamespaceName, in.Name}
	return j.lookUp(id, j.Cluster.Parent != nil, func() (*object.Object, error) {
		return j.Cluster.Parent(in.Resource, in.NamespaceName, in.Name)
	})
}

// owners returns what an object in Azure lies in.
func (j *Judge) owners(o *object.Object) ([]*object.Object, error) {
	var errs []error
	chain := azureobject.Chain(o, func(ref azureobject.Reference) *object.Object {
		id := identity{ref.Kind, ref.Namespace, ref.Name}
		found, err := j.lookUp(id, j.Cluster.Owner != nil, func() (*object.Object, error) { return j.Cluster.Owner(ref) })
		if err != nil {
			errs = append(errs, err)
		}
		if found == nil {
			found = j.known.declared[id]
		}
		return found
	})
	return chain, errors.Join(errs...)
}

// lookUp finds an object in the context, or asks for it, once.
func (j *Judge) lookUp(id identity, live bool, ask func() (*object.Object, error)) (*object.Object, error) {
	if o := j.known.objects[id]; o != nil || !live {
		return o, nil
	}
	if o, asked := j.known.asked[id]; asked {
		return o, nil
	}
	o, err := ask()
	if err != nil {
		return nil, err
	}
	j.known.asked[id] = o
	return o, nil
}
