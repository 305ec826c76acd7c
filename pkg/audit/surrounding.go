// SPDX-License-Identifier: Apache-2.0

package audit

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/surroundings"
)

// maxPools bounds the pools whose kubelets are asked for metrics.
const maxPools = 20

// surrounding is what is known of the cluster around an object. Nodes and Namespaces are read once, to be judged and to
// be learnt from, so a rule about Nodes or Namespaces that needs what Nodes tell is skipped on them.
type surrounding struct {
	facts      *provider.NodeFacts
	cluster    policy.ClusterFacts
	namespaces map[string]*corev1.Namespace
	nodes      *surroundings.Nodes
	// samples are nodes of different pools, by pool.
	samples map[string]policy.Subject
}

func newSurrounding(facts *provider.NodeFacts) surrounding {
	return surrounding{facts: facts, namespaces: map[string]*corev1.Namespace{}, nodes: surroundings.NewNodes(facts),
		samples: map[string]policy.Subject{}}
}

// learn takes in a Namespace or a Node.
func (s *surrounding) learn(r object.Resource, o *object.Object) {
	switch r {
	case object.Namespaces:
		s.namespaces[o.Meta.Name] = &corev1.Namespace{ObjectMeta: *o.Meta}
	case object.Nodes:
		s.nodes.AddObject(o)
		pool := surroundings.PoolLabelled(s.facts, o.Meta.Labels)
		if _, known := s.samples[pool]; !known && len(s.samples) < maxPools && ready(o) {
			s.samples[pool] = policy.Subject{Resource: r, Name: o.Meta.Name, Meta: o.Meta}
		}
	}
}

func ready(o *object.Object) bool {
	node, ok := object.As[*corev1.Node](o)
	if !ok {
		return false
	}
	for i := range node.Status.Conditions {
		if c := &node.Status.Conditions[i]; c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// settle makes facts of what the Nodes told, once all were read.
func (s *surrounding) settle(k *kind) {
	if k.resource == object.Nodes {
		s.cluster.Nodes = s.nodes.Facts()
	}
}
