// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/webhook"
)

// roles writes what the service accounts of webhook and auditor need to read, and the role for whoever may exempt.
func (c pages) roles() error {
	roles := map[string]rbacv1.ClusterRole{"admission": c.admissionRole(), "auditor": c.auditorRole(), "exempt": exemptRole()}
	for name, role := range roles {
		if err := writeYAML("config/rbac/"+name+".yaml", role); err != nil {
			return err
		}
	}
	return writeYAML("charts/demarc/files/roles.yaml", roles)
}

func newRole(name string) rbacv1.ClusterRole {
	return rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/name": "demarc"}},
	}
}

func (c pages) admissionRole() rbacv1.ClusterRole {
	role := newRole("demarc-admission")
	watched := slices.Concat([]object.Resource{object.Namespaces, object.Nodes}, object.Scalable(), azureobject.Links())
	role.Rules = append(byGroup(watched, "get", "list", "watch"), rbacv1.PolicyRule{
		APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"subjectaccessreviews"}, Verbs: []string{"create"}})
	return role
}

func exemptRole() rbacv1.ClusterRole {
	role := newRole("demarc-exempt")
	role.Rules = []rbacv1.PolicyRule{{
		APIGroups: []string{webhook.ExemptGroup}, Resources: []string{webhook.ExemptResource}, Verbs: []string{webhook.ExemptVerb}}}
	return role
}

// unlisted are resources that the auditor gets no right to. A Binding is made and never there. Whoever may list Secrets has
// what is in them: RBAC can't tell metadata from values, so the audit names them as not read.
var unlisted = []object.Resource{object.Unknown, object.Bindings, object.Secrets}

// auditorRole lets the auditor read the kinds that a rule judges at rest, what posture rules ask for, and the API server's
// metrics, which say what feature gates are on.
func (c pages) auditorRole() rbacv1.ClusterRole {
	listed := map[string]object.Resource{}
	for _, r := range append(posture.Wants(), object.Namespaces) {
		listed[r.GroupResource().String()] = r
	}
	// What an object in Azure lies in says which resource group it ends up in.
	for _, r := range azureobject.Links() {
		listed[r.GroupResource().String()] = r
	}
	for i := range c.rules {
		for _, m := range c.rules[i].Match {
			if c.rules[i].JudgesAtRest(m) && !slices.Contains(unlisted, m.Resource) {
				listed[m.GroupResource().String()] = m.Resource
			}
		}
	}
	role := newRole("demarc-auditor")
	sorted := slices.Collect(maps.Values(listed))
	slices.SortFunc(sorted, func(a, b object.Resource) int { return compare(a, b) })
	role.Rules = append(byGroup(sorted, "get", "list"), rbacv1.PolicyRule{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}})
	return role
}

func compare(a, b object.Resource) int {
	return slices.Compare([]string{a.Group, a.Plural}, []string{b.Group, b.Plural})
}

// byGroup makes a rule for each API group.
func byGroup(resources []object.Resource, verbs ...string) []rbacv1.PolicyRule {
	plurals := map[string][]string{}
	for _, r := range resources {
		plurals[r.Group] = append(plurals[r.Group], r.Plural)
	}
	var rules []rbacv1.PolicyRule
	for _, group := range slices.Sorted(maps.Keys(plurals)) {
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: plurals[group], Verbs: verbs})
	}
	return rules
}
