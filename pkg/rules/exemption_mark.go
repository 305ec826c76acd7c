// SPDX-License-Identifier: Apache-2.0

// Package rules is the catalogue: one file for each rule, and the pieces that several share.
package rules

import (
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// exemptionMark is what makes the exempting mark safe: a mark that stands there is honoured without asking, so setting
// one is itself a finding, which only whoever may exempt is exempted from.
var exemptionMark = policy.Rule{
	ID:      "exemption-mark",
	Title:   "exempting mark set by somebody who may not exempt",
	Clauses: []provider.ClauseID{"admissions-enforcer"},
	Since:   "v0.1.0",
	Default: policy.Deny,
	Doc: policy.Doc{
		Why: "The mark `admissions.enforcer/disabled: \"true\"` exempts from demarc's rules, so setting it takes a right of its own. " +
			"Whoever could set it freely could exempt themselves.",
		Fix: "Ask a cluster administrator to set the mark, or to grant you the verb `exempt` on `exemptionmarks.demarc.dev`. " +
			"An exemption in demarc's configuration, with a reason and an expiry, is better still.",
		Note: "The mark counts on the object itself, not on a pod template. AKS reads the same mark on webhook configurations only.",
	},
	Match: exemptionMarkMatch(),
	Needs: policy.Needs{Request: true},
	Check: checkExemptionMark,
}

// exemptionMarkMatch adds the status subresources, and a namespace's finalize: annotations can be changed through them.
func exemptionMarkMatch() []policy.Match {
	matches := policy.OnEach(markable(), policy.Create, policy.Update)
	for _, r := range markable() {
		if r != object.ConfigMaps {
			matches = append(matches, policy.OnSub(r, "status", policy.Update))
		}
	}
	return append(matches, policy.OnSub(object.Namespaces, "finalize", policy.Update))
}

// markable lists what the mark can exempt: namespaces, and whatever another rule judges by its own state or change.
func markable() []object.Resource {
	return append([]object.Resource{object.Namespaces, object.Nodes, object.ConfigMaps, object.Services}, object.Workloads()...)
}

func checkExemptionMark(in policy.Input) []policy.Finding {
	mark := in.Provider.Marks.Exempts
	path := policy.MarkPath(mark, in.Object.Meta.Labels, in.Object.Meta.Annotations)
	if path == nil || !counts(in) || alreadyMarked(in, mark) {
		return nil
	}
	return []policy.Finding{{
		Path:    path,
		Message: "must be set by somebody who may exempt",
		Fix:     "ask a cluster administrator, or leave the mark out",
	}}
}

// counts says whether the configuration honours a mark here: where it doesn't, the mark does nothing and is nobody's harm.
func counts(in policy.Input) bool {
	if in.Resource == object.Namespaces {
		return in.Marks.OnNamespace
	}
	return in.Marks.OnObject
}

func alreadyMarked(in policy.Input, mark provider.Label) bool {
	return in.Old != nil && policy.MarkPath(mark, in.Old.Meta.Labels, in.Old.Meta.Annotations) != nil
}
