// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"slices"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// AtRest returns the rules that judge objects of a resource at rest, as far as the facts that they need are there. It is
// empty for a resource of which nothing is found without a request.
func (e *Engine) AtRest(r object.Resource) []policy.ID {
	var ids []policy.ID
	for _, b := range e.index[key{r.Group, r.Plural, "", policy.AtRest}].rules {
		ids = append(ids, b.rule.ID)
	}
	return ids
}

// RequestsOnly returns the rules that are on and judge nothing at rest, whatever the kind: what they find shows in
// requests only.
func (e *Engine) RequestsOnly() []policy.ID {
	judges := map[policy.ID]bool{}
	for k, p := range e.index {
		for _, b := range p.rules {
			judges[b.rule.ID] = judges[b.rule.ID] || k.operation == policy.AtRest
		}
	}
	maps.DeleteFunc(judges, func(_ policy.ID, atRest bool) bool { return atRest })
	return slices.Sorted(maps.Keys(judges))
}

// Surveys returns the posture rules that are on.
func (e *Engine) Surveys() []policy.ID {
	var ids []policy.ID
	for _, b := range e.surveys {
		ids = append(ids, b.rule.ID)
	}
	return ids
}
