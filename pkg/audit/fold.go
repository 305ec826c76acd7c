// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"hash/fnv"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
)

// folder tells which findings repeat others: a pod has what its workload's template says, and so has every other pod of
// that workload. What it keeps is small: a few bytes for each ReplicaSet and Job, and for each finding of a workload.
type folder struct {
	// owners are what controls ReplicaSets and Jobs, each once, and controllers says which controls which, by UID.
	owners      []owner
	index       map[digest]int
	controllers map[digest]int
	// known are the findings of an owner and of what it controls, and the result that lists each.
	known map[digest]int
}

type digest [16]byte

// owner is the object at the top of a chain of controllers.
type owner struct{ kind, namespace, name, uid string }

func (o owner) String() string { return named(o.kind, o.namespace, o.name) }

func newFolder() folder {
	return folder{index: map[digest]int{}, controllers: map[digest]int{}, known: map[digest]int{}}
}

// digestOf shortens texts to a name of fixed size.
func digestOf(texts ...string) digest {
	h := fnv.New128a()
	for _, t := range texts {
		h.Write([]byte(t))
		h.Write([]byte{0})
	}
	var d digest
	h.Sum(d[:0])
	return d
}

func controllerOf(m *metav1.ObjectMeta) *metav1.OwnerReference {
	for i := range m.OwnerReferences {
		if r := &m.OwnerReferences[i]; r.Controller != nil && *r.Controller {
			return r
		}
	}
	return nil
}

// remember notes who controls a ReplicaSet or a Job.
func (f *folder) remember(o *object.Object) {
	top, _ := f.top(o)
	if top.uid == "" {
		return
	}
	id := digestOf(top.uid)
	at, known := f.index[id]
	if !known {
		at = len(f.owners)
		// Strings of their own: those of the object would keep more alive than themselves.
		f.owners = append(f.owners, owner{strings.Clone(top.kind), strings.Clone(top.namespace), strings.Clone(top.name), strings.Clone(top.uid)})
		f.index[id] = at
	}
	f.controllers[digestOf(string(o.Meta.UID))] = at
}

// top returns the object at the top of the controllers of an object; none if nothing controls it. follows says that the
// object is made from a template of that one, so that its findings repeat those found there. A Node's own pods are
// made from files, and what controls a Deployment did not get its pods from a template that the audit sees.
func (f *folder) top(o *object.Object) (top owner, follows bool) {
	ref := controllerOf(o.Meta)
	if ref == nil {
		return owner{}, false
	}
	if at, known := f.controllers[digestOf(string(ref.UID))]; known {
		return f.owners[at], true
	}
	top = owner{ref.Kind, o.Meta.Namespace, ref.Name, string(ref.UID)}
	if ref.Kind == object.Nodes.Kind && ref.APIVersion == object.Nodes.Version {
		top.namespace = ""
		return top, false
	}
	return top, copies[o.GVK.Kind]
}

// copies are the kinds whose objects a controller makes from a template of its own.
var copies = map[string]bool{object.Pods.Kind: true, object.ReplicaSets.Kind: true, object.Jobs.Kind: true}

// keys names each finding of an object, the same for an object and for the one whose template made it: by the path below
// the pod, without positions in lists, since admission may put a container in front. What is found outside a template
// is nobody else's.
func (f *folder) keys(o *object.Object, top owner, follows bool, verdicts []engine.Verdict) []digest {
	pod, ok := o.Pod()
	if !ok || len(verdicts) == 0 {
		return nil
	}
	about := string(o.Meta.UID)
	if follows {
		about = top.uid
	}
	template := ""
	if pod.Path != nil {
		template = pod.Path.String() + "."
	}
	seen := map[digest]int{}
	list := make([]digest, len(verdicts))
	for i, v := range verdicts {
		path, inside := strings.CutPrefix(v.Where(), template)
		if !inside {
			path = o.GVK.Kind + " " + path
		}
		texts := []string{about, string(v.Rule.ID), withoutPositions(path), v.Message, string(v.Mode), v.Exemption, v.Customisation, v.Doubt}
		d := digestOf(texts...)
		// Two containers with the same finding are two findings.
		seen[d]++
		if n := seen[d]; n > 1 {
			d = digestOf(append(texts, strconv.Itoa(n))...)
		}
		list[i] = d
	}
	return list
}

// fresh leaves out what is known of the owner already. Where nothing is left, same is the result that lists it.
func (f *folder) fresh(verdicts []engine.Verdict, keys []digest) (left []engine.Verdict, leftKeys []digest, same int) {
	same = nowhere
	for i, k := range keys {
		at, known := f.known[k]
		switch {
		case !known:
			left, leftKeys = append(left, verdicts[i]), append(leftKeys, k)
		case same == nowhere:
			same = at
		}
	}
	return left, leftKeys, same
}

// know remembers which result lists findings.
func (f *folder) know(keys []digest, result int) {
	for _, k := range keys {
		if _, known := f.known[k]; !known {
			f.known[k] = result
		}
	}
}

// withoutPositions leaves out the numbers in brackets.
func withoutPositions(path string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(path, "[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('[')
		path = strings.TrimLeft(rest, "0123456789")
	}
}
