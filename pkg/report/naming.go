// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// named is what a result is about, in parts.
type named struct {
	operation        policy.Operation // empty for an object at rest
	apiVersion, kind string           // no version where only a subject tells
	subresource      string
	namespace, name  string
}

// named takes apart what Subject wrote, or a live object has in parts already.
func (r *Result) named() named {
	n := splitSubject(r.Object)
	if r.Live != nil {
		n.apiVersion, n.kind, n.namespace, n.name = r.Live.APIVersion, r.Live.Kind, r.Live.Namespace, r.Live.Name
	}
	return n
}

func splitSubject(subject string) named {
	var n named
	kind, name, found := strings.Cut(subject, " ")
	if o := policy.Operation(kind); found && slices.Contains([]policy.Operation{policy.Create, policy.Update, policy.Delete, policy.Connect}, o) {
		n.operation = o
		kind, name, _ = strings.Cut(name, " ")
	}
	n.kind, n.subresource, _ = strings.Cut(kind, "/")
	n.namespace, n.name, found = strings.Cut(name, "/")
	if !found {
		n.namespace, n.name = "", n.namespace
	}
	return n
}

// file is where a result's object stands, without its place in there: that moves when others come and go.
func (r *Result) file() string {
	if i := strings.LastIndexByte(r.Source, '#'); i >= 0 {
		return r.Source[:i]
	}
	return r.Source
}

// identity tells what a result is about from all else, the same in one report and the next. Objects that belong to another
// go by that one: their own names change with every rollout.
func (r *Result) identity() string {
	if r.Live == nil {
		return strings.Join([]string{r.file(), r.Object}, "\x00")
	}
	l := r.Live
	return strings.Join([]string{l.Cluster, l.group(), l.Kind, cmp.Or(l.Owner, l.Namespace+"/"+l.Name)}, "\x00")
}

// group is the API group: the version of a kind is a matter of who asks.
func (l *Live) group() string {
	gv, err := schema.ParseGroupVersion(l.APIVersion)
	if err != nil {
		return l.APIVersion
	}
	return gv.Group
}

// qualified names a live object in full: cluster, kind with its group, namespace, name.
func (l *Live) qualified() string {
	parts := []string{l.Cluster}
	if l.Kind != "" {
		parts = append(parts, schema.GroupKind{Group: l.group(), Kind: l.Kind}.String())
	}
	for _, part := range []string{l.Namespace, l.Name} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/")
}

// alike says for what else a live object stands.
func (l *Live) alike() string {
	if l.Owner == "" {
		return fmt.Sprintf("(and %s that it controls)", plural(l.Same, "object"))
	}
	return fmt.Sprintf("(and %d more of %s)", l.Same, l.Owner)
}
