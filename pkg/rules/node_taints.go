// SPDX-License-Identifier: Apache-2.0

package rules

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/object"
)

// compareTaints pairs taints by key and effect, as the API does.
func (n *nodeMetadata) compareTaints() {
	before, ok := object.As[*corev1.Node](n.in.Old)
	after, ok2 := object.As[*corev1.Node](n.in.Object)
	if !ok || !ok2 {
		return
	}
	olds, news := taintsOf(before), taintsOf(after)
	for i, t := range news.list {
		c := nodeChange{list: nodeTaints, verb: nodeAdd, key: t.Key, value: t.Value, effect: t.Effect, index: i}
		if j := olds.find(t.Key, t.Effect); j >= 0 {
			c.verb, c.old = nodeSet, olds.list[j].Value
		}
		if c.verb == nodeAdd || c.old != t.Value {
			n.judge(c)
		}
	}
	for _, t := range olds.list {
		if news.find(t.Key, t.Effect) < 0 {
			n.judge(nodeChange{list: nodeTaints, verb: nodeRemove, key: t.Key, old: t.Value, effect: t.Effect})
		}
	}
}

// taintList is the taints of a node, to be found by key and effect.
type taintList struct {
	list  []corev1.Taint
	index map[taintID]int
}

// taintID is what tells two taints of a node apart.
type taintID struct {
	key    string
	effect corev1.TaintEffect
}

// manyTaints is where walking one list for each taint of the other becomes dear.
const manyTaints = 64

func taintsOf(node *corev1.Node) taintList {
	t := taintList{list: node.Spec.Taints}
	if len(t.list) > manyTaints {
		t.index = make(map[taintID]int, len(t.list))
		for i := range t.list {
			t.index[taintID{t.list[i].Key, t.list[i].Effect}] = i
		}
	}
	return t
}

// find returns the position of a taint; -1 if the node hasn't got it.
func (t taintList) find(key string, effect corev1.TaintEffect) int {
	if t.index != nil {
		if i, ok := t.index[taintID{key, effect}]; ok {
			return i
		}
		return -1
	}
	for i := range t.list {
		if t.list[i].Key == key && t.list[i].Effect == effect {
			return i
		}
	}
	return -1
}
