// SPDX-License-Identifier: Apache-2.0

package registration

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// line is one resource, or subresource, of a registration.
type line struct {
	group, version, resource string
	namespaced               bool
}

// family is the lines that can be written as one rule: the same group, version, scope and operations.
type family struct {
	group, version string
	namespaced     bool
	operations     string
}

// requests returns the rules of a registration: every resource that a rule matches by name, no wildcard, and nothing that
// the API server asks no webhook about.
func requests(rules []policy.Rule, keep func(policy.Match) bool) []admissionregistrationv1.RuleWithOperations {
	operations := map[line]map[policy.Operation]bool{}
	for i := range rules {
		for _, m := range rules[i].Match {
			if m.Resource == object.Unknown || m.Group == admissionregistrationv1.GroupName || !keep(m) {
				continue
			}
			if !slices.ContainsFunc(m.Operations, func(op policy.Operation) bool { return op != policy.AtRest }) {
				continue
			}
			l := line{m.Group, m.Version, name(m), m.Namespaced}
			if operations[l] == nil {
				operations[l] = map[policy.Operation]bool{}
			}
			for _, op := range m.Operations {
				if op != policy.AtRest {
					operations[l][op] = true
				}
			}
		}
	}
	return grouped(operations)
}

func name(m policy.Match) string {
	if m.Subresource == "" {
		return m.Plural
	}
	return m.Plural + "/" + m.Subresource
}

func grouped(operations map[line]map[policy.Operation]bool) []admissionregistrationv1.RuleWithOperations {
	members := map[family][]string{}
	for l, ops := range operations {
		f := family{l.group, l.version, l.namespaced, fmt.Sprint(sorted(ops))}
		members[f] = append(members[f], l.resource)
		slices.Sort(members[f])
	}
	families := slices.SortedFunc(maps.Keys(members), func(a, b family) int {
		return cmp.Or(strings.Compare(a.group, b.group), strings.Compare(members[a][0], members[b][0]),
			strings.Compare(a.version, b.version), strings.Compare(a.operations, b.operations))
	})
	var list []admissionregistrationv1.RuleWithOperations
	for _, f := range families {
		first := line{f.group, f.version, members[f][0], f.namespaced}
		list = append(list, admissionregistrationv1.RuleWithOperations{
			Operations: sorted(operations[first]),
			Rule: admissionregistrationv1.Rule{APIGroups: []string{f.group}, APIVersions: []string{f.version},
				Resources: members[f], Scope: new(scope(f.namespaced))},
		})
	}
	return list
}

func scope(namespaced bool) admissionregistrationv1.ScopeType {
	if namespaced {
		return admissionregistrationv1.NamespacedScope
	}
	return admissionregistrationv1.ClusterScope
}
