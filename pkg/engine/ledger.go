// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// ledgerOf sorts the ledger by the rules that it is subtracted from.
func ledgerOf(p *provider.Profile) map[policy.ID][]*provider.Customisation {
	ledger := map[policy.ID][]*provider.Customisation{}
	for i := range p.Ledger {
		for _, id := range p.Ledger[i].Rules {
			ledger[policy.ID(id)] = append(ledger[policy.ID(id)], &p.Ledger[i])
		}
	}
	return ledger
}

// customisation returns the ledger entry that covers a verdict; one that lets it pass before one that warns.
func (e *Engine) customisation(v Verdict, in policy.Input) *provider.Customisation {
	var found *provider.Customisation
	for _, c := range e.ledger[v.Rule.ID] {
		if (found == nil || c.Effect == provider.Pass) && covers(c, v.Finding, in) {
			found = c
		}
	}
	return found
}

func covers(c *provider.Customisation, f policy.Finding, in policy.Input) bool {
	return here(c.Where, in) && coversField(c, f.Path) && holds(c.If, in.Subject())
}

// here says whether the request is one of those that an entry speaks of.
func here(w provider.Where, in policy.Input) bool {
	o := in.Before()
	if o == nil || !hasOperation(w, in) || !slices.Contains(w.Kinds, in.Resource.Kind) {
		return false
	}
	if w.Cluster == in.Resource.Namespaced || !inNamespace(w, in) {
		return false
	}
	if len(w.Names) > 0 && !provider.MatchAny(w.Names, in.Name) {
		return false
	}
	for _, l := range w.Labels {
		if o.Meta.Labels[l.Key] != l.Value {
			return false
		}
	}
	return hasImages(w.Images, in.Subject())
}

func inNamespace(w provider.Where, in policy.Input) bool {
	if w.Cluster {
		return true
	}
	if len(w.Namespaces) == 0 {
		return in.ManagedNamespace() != policy.NotManaged
	}
	return slices.Contains(w.Namespaces, in.NamespaceName)
}

// hasOperation: an entry that names no operation covers making and changing, never deleting; one that names no
// subresource covers the object itself only. An object at rest is as good as being made.
func hasOperation(w provider.Where, in policy.Input) bool {
	subresources := w.Subresources
	if len(subresources) == 0 {
		subresources = []string{""}
	}
	if !slices.Contains(subresources, in.Subresource) {
		return false
	}
	op := in.Operation
	if op == policy.AtRest {
		op = policy.Create
	}
	if len(w.Operations) == 0 {
		return op == policy.Create || op == policy.Update
	}
	return slices.Contains(w.Operations, string(op))
}

// hasImages says whether every container of the pod runs one of the images.
func hasImages(images []string, o *object.Object) bool {
	if len(images) == 0 {
		return true
	}
	pod, ok := o.Pod()
	if !ok {
		return false
	}
	for _, c := range pod.Containers() {
		if !slices.ContainsFunc(images, func(i string) bool { return strings.HasPrefix(c.Image, i) }) {
			return false
		}
	}
	return true
}

func holds(r *provider.Requirement, o *object.Object) bool {
	if r == nil {
		return true
	}
	if r.Annotation != nil && (o == nil || o.Meta.Annotations[r.Annotation.Key] != r.Annotation.Value) {
		return false
	}
	return !r.HostProcess || isHostProcess(o)
}

func isHostProcess(o *object.Object) bool {
	pod, ok := o.Pod()
	if !ok || pod.Spec.SecurityContext == nil || pod.Spec.SecurityContext.WindowsOptions == nil {
		return false
	}
	host := pod.Spec.SecurityContext.WindowsOptions.HostProcess
	return host != nil && *host
}

// coversField says whether a finding's path lies at or below one of the entry's fields.
func coversField(c *provider.Customisation, path *field.Path) bool {
	spelt := ""
	if path != nil {
		spelt = path.String()
	}
	if key, ok := dataKey(spelt); ok && len(c.DataKeySuffixes) > 0 &&
		!slices.ContainsFunc(c.DataKeySuffixes, func(s string) bool { return strings.HasSuffix(key, s) }) {
		return false
	}
	return len(c.Fields) == 0 || slices.ContainsFunc(c.Fields, func(p string) bool { return below(p, spelt) })
}

func dataKey(path string) (string, bool) {
	key, ok := strings.CutPrefix(path, "data[")
	return strings.TrimSuffix(key, "]"), ok
}

// below says whether path is the field of the pattern or lies below it; `[*]` in the pattern stands for any key or
// position.
func below(pattern, path string) bool {
	head, tail, star := strings.Cut(pattern, "[*]")
	rest, ok := strings.CutPrefix(path, head)
	if !ok {
		return false
	}
	if !star {
		return rest == "" || rest[0] == '.' || rest[0] == '['
	}
	end := strings.IndexByte(rest, ']')
	return strings.HasPrefix(rest, "[") && end > 0 && below(tail, rest[end+1:])
}
