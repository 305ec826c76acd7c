// SPDX-License-Identifier: Apache-2.0

// Package report puts decisions into words: for the user of a request, for the audit log, for people who check files,
// and for the programs that read such checks.
package report

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Line is a verdict on one line: mode, rule, path and message. The path of a finding about the request itself is "-".
func Line(v engine.Verdict) string { return newVerdict(nil, v).Line() }

// Finding is a verdict on one line without its mode, for people: rule, path where there is one, and message.
func Finding(v engine.Verdict) string {
	subject := string(v.Rule.ID)
	if path := pathOf(v.Path); path != "" {
		subject += " " + path
	}
	return subject + ": " + Clean(v.Message)
}

func pathOf(p *field.Path) string {
	if p == nil {
		return ""
	}
	return Clean(p.String())
}

// fixOf is what to do about a verdict, as a clause: what the finding says, or the first sentence of the rule's own fix.
func fixOf(v engine.Verdict) string {
	if v.Fix != "" {
		return Clean(v.Fix)
	}
	first, _, _ := strings.Cut(v.Rule.Doc.Fix, ". ")
	if first == "" {
		return ""
	}
	return Clean(strings.ToLower(first[:1]) + strings.TrimSuffix(first[1:], "."))
}

// Subject names what is judged, for people: the kind with its namespace and name, before it the operation of a request.
func Subject(in policy.Input) string {
	var b strings.Builder
	if in.Operation != policy.AtRest {
		b.WriteString(string(in.Operation) + " ")
	}
	b.WriteString(kindOf(in.Resource))
	if in.Subresource != "" {
		b.WriteString("/" + in.Subresource)
	}
	b.WriteByte(' ')
	if in.NamespaceName != "" {
		b.WriteString(in.NamespaceName + "/")
	}
	b.WriteString(nameOf(in))
	return Clean(b.String())
}

// kindOf leaves out the group of kinds that everybody knows.
func kindOf(r object.Resource) string {
	if r.Kind == "" {
		return r.GroupResource().String()
	}
	if _, known := object.ByKind(r.GroupKind()); known {
		return r.Kind
	}
	return r.GroupKind().String()
}

func nameOf(in policy.Input) string {
	if o := in.Subject(); in.Name == "" && o != nil && o.Meta.GenerateName != "" {
		return o.Meta.GenerateName + "*"
	}
	return cmp.Or(in.Name, "(without a name)")
}

// Consequence says in words what the policy says follows.
func Consequence(c provider.Consequence) string {
	switch c {
	case provider.Unsupported:
		return "takes the cluster out of support"
	case provider.Reverted:
		return "the provider owns this and undoes or overwrites changes"
	case provider.Undiagnosed:
		return "supported, but the provider won't help with what comes of it"
	case provider.Advice:
		return "the provider recommends otherwise; support does not depend on it"
	}
	return string(c)
}

// bySeverity orders verdicts from the strongest mode to the mildest, and among equals the certain before the doubtful.
func bySeverity(verdicts []engine.Verdict) {
	slices.SortStableFunc(verdicts, func(a, b engine.Verdict) int {
		return cmp.Or(compareModes(b.Mode, a.Mode), compareBools(a.Doubt != "", b.Doubt != ""),
			compareBools(a.Existing, b.Existing))
	})
}

func compareModes(a, b policy.Mode) int {
	modes := policy.Modes()
	return cmp.Compare(slices.Index(modes, a), slices.Index(modes, b))
}

func compareBools(a, b bool) int {
	if a == b {
		return 0
	}
	if b {
		return -1
	}
	return 1
}
