// SPDX-License-Identifier: Apache-2.0

package rules

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// nodeList is one of the lists of a node that hold keys.
type nodeList string

const (
	nodeLabels      nodeList = "labels"
	nodeAnnotations nodeList = "annotations"
	nodeTaints      nodeList = "taints"
)

// nodeVerb is what happens to a key, as MetadataKey.Change spells it.
type nodeVerb string

const (
	nodeAdd    nodeVerb = "Add"
	nodeSet    nodeVerb = "Set"
	nodeRemove nodeVerb = "Remove"
)

// nodeChange is what a request does to one label, annotation or taint of a node.
type nodeChange struct {
	list            nodeList
	verb            nodeVerb
	key, value, old string
	effect          corev1.TaintEffect // of a taint
	index           int                // of a taint that was not removed
}

func (c *nodeChange) lookUp(p *provider.Profile) (provider.MetadataKey, bool) {
	switch c.list {
	case nodeLabels:
		return p.NodeLabel(c.key)
	case nodeAnnotations:
		return p.NodeAnnotation(c.key)
	}
	return p.NodeTaint(c.key)
}

func (c *nodeChange) path() *field.Path {
	switch {
	case c.list != nodeTaints:
		return field.NewPath("metadata", string(c.list)).Key(c.key)
	case c.verb == nodeRemove:
		return field.NewPath("spec", "taints")
	}
	return field.NewPath("spec", "taints").Index(c.index)
}

// longestNodeValue is how much of a value a message shows, in bytes.
const longestNodeValue = 24

// message says what must hold, and who sets the key.
func (c *nodeChange) message(who string) string {
	return c.must() + ": " + who + " sets it"
}

func (c *nodeChange) must() string {
	switch {
	case c.list == nodeTaints && c.verb == nodeAdd:
		return "must not be " + quoteCut(c.taint(c.value), 64)
	case c.list == nodeTaints && c.verb == nodeSet:
		return "must stay " + quoteCut(c.taint(c.old), 64)
	case c.list == nodeTaints:
		return "must keep " + quoteCut(c.taint(c.old), 64)
	case c.verb == nodeAdd:
		return "must not be added"
	case c.verb == nodeSet:
		return "must stay " + quoteCut(c.old, longestNodeValue)
	}
	return "must not be removed"
}

// taint spells the taint as kubectl does, with one of its values.
func (c *nodeChange) taint(value string) string {
	if value == "" {
		return c.key + ":" + string(c.effect)
	}
	return c.key + "=" + value + ":" + string(c.effect)
}

// nodeMetadata compares what a node carries before and after a request.
type nodeMetadata struct {
	in       policy.Input
	findings []policy.Finding
}

func (n *nodeMetadata) compareMaps(list nodeList, before, after map[string]string) {
	for key, value := range after {
		old, had := before[key]
		switch {
		case !had:
			n.judge(nodeChange{list: list, verb: nodeAdd, key: key, value: value})
		case old != value:
			n.judge(nodeChange{list: list, verb: nodeSet, key: key, value: value, old: old})
		}
	}
	for key := range before {
		if _, has := after[key]; !has {
			n.judge(nodeChange{list: list, verb: nodeRemove, key: key})
		}
	}
}
