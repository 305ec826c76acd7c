// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"os"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// forPosture is what the role of the docs allows beside what rules judge object by object.
var forPosture = []string{"events", "poddisruptionbudgets.policy", "validatingwebhookconfigurations.admissionregistration.k8s.io",
	"mutatingwebhookconfigurations.admissionregistration.k8s.io"}

// TestDocumentedRole compares the role in docs/audit.md with what an audit lists.
func TestDocumentedRole(t *testing.T) {
	page, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict([]byte(text), &role); err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(catalogue.All(), provider.AKS(), v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	a := &auditor{Options: Options{Engine: e, Rules: catalogue.All()}}
	wanted := map[string]bool{}
	for _, w := range a.wanted() {
		wanted[w.resource.GroupResource().String()] = true
		if w.resource.Presence != object.Alpha && !granted(role, w.resource) {
			t.Errorf("the role lacks %s", w.resource.GroupResource())
		}
	}
	for _, rule := range role.Rules {
		for _, plural := range rule.Resources {
			if plural != "*" && !slices.ContainsFunc(rule.APIGroups, func(group string) bool {
				name := object.Resource{Group: group, Plural: plural}.GroupResource().String()
				return wanted[name] || slices.Contains(forPosture, name)
			}) {
				t.Errorf("the role allows %s of %q, which nothing asks for", plural, rule.APIGroups)
			}
		}
	}
}

func granted(role rbacv1.ClusterRole, r object.Resource) bool {
	return slices.ContainsFunc(role.Rules, func(rule rbacv1.PolicyRule) bool {
		return slices.Contains(rule.APIGroups, r.Group) && slices.Contains(rule.Verbs, "list") &&
			(slices.Contains(rule.Resources, r.Plural) || slices.Contains(rule.Resources, "*"))
	})
}
