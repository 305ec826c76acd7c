// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/demarc-dev/demarc/pkg/openreports"
)

// Every right that the chart gives, to whom, in words: a change of it must be seen in a review.
func TestRights(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]string{
		"rights-default.txt":     "",
		"rights-certmanager.txt": "{certificates: {source: certManager}, canary: {enabled: false}, registration: {managed: {enabled: false}}}",
		"rights-fail.txt":        "registration: {customers: {failurePolicy: Fail}}",
		"rights-dry-run.txt":     "enforcer: {enabled: true}",
		"rights-enforcer.txt":    "enforcer: {enabled: true, dryRun: false}",
		"rights-no-auditor.txt":  "auditor: {enabled: false}",
	} {
		grants := rights(t, render(t, values))
		if name != "rights-default.txt" {
			// What the auditor reads follows from the rules, and is the same everywhere.
			grants = slices.DeleteFunc(grants, func(g string) bool { return strings.HasPrefix(g, "ClusterRole demarc-auditor: ") })
		}
		golden(t, name, strings.Join(grants, "\n")+"\n")
		for _, g := range grants {
			if strings.Contains(g, "*") {
				t.Errorf("%s: a wildcard: %s", name, g)
			}
			for _, never := range []string{"impersonate", "escalate", "bind", "nodes/proxy", "pods/exec", "serviceaccounts/token"} {
				if slices.Contains(strings.FieldsFunc(g, func(r rune) bool { return r == ' ' || r == ',' }), never) {
					t.Errorf("%s: %s must never be given: %s", name, never, g)
				}
			}
			if strings.Contains(g, " secrets") && !strings.HasSuffix(g, " get,update secrets (demarc-tls)") {
				t.Errorf("%s: no Secret but our own, by its name: %s", name, g)
			}
		}
	}
}

// rights lists the rules of every role, with its subjects, or as unbound.
func rights(t *testing.T, list documents) []string {
	t.Helper()
	subjects := map[string][]string{}
	for _, d := range list {
		if d.text("kind") != "RoleBinding" && d.text("kind") != "ClusterRoleBinding" {
			continue
		}
		b := find[rbacv1.RoleBinding](t, list, d.text("kind"), d.text("metadata", "name"))
		role := b.RoleRef.Kind + " " + b.RoleRef.Name
		if b.Namespace != "" {
			role = b.RoleRef.Kind + " " + b.Namespace + " " + b.RoleRef.Name
		}
		for _, s := range b.Subjects {
			subjects[role] = append(subjects[role], s.Kind+" "+s.Namespace+"/"+s.Name)
		}
	}
	var grants []string
	for _, d := range list {
		if d.text("kind") != "Role" && d.text("kind") != "ClusterRole" {
			continue
		}
		r := find[rbacv1.Role](t, list, d.text("kind"), d.text("metadata", "name"))
		who := cmp.Or(strings.Join(subjects[d.id()], " and "), "nobody")
		for _, rule := range r.Rules {
			grants = append(grants, fmt.Sprintf("%s: %s may %s", d.id(), who, inWords(rule)))
		}
	}
	slices.Sort(grants)
	return grants
}

func inWords(r rbacv1.PolicyRule) string {
	group := strings.Join(r.APIGroups, ",")
	var resources []string
	for _, resource := range r.Resources {
		if group != "" {
			resource += "." + group
		}
		resources = append(resources, resource)
	}
	words := strings.Join(r.Verbs, ",") + " " + strings.Join(append(resources, r.NonResourceURLs...), ",")
	if len(r.ResourceNames) > 0 {
		words += " (" + strings.Join(r.ResourceNames, ",") + ")"
	}
	return words
}

// A token is mounted where the process asks for it, and nowhere else.
func TestTokens(t *testing.T) {
	t.Parallel()
	for _, d := range render(t, most) {
		switch d.text("kind") {
		case "ServiceAccount":
			if d.at("automountServiceAccountToken") != false {
				t.Errorf("%s: whatever else uses the account gets its token", d.id())
			}
		case "Deployment", "Job":
			if d.at("spec", "template", "spec", "automountServiceAccountToken") != true {
				t.Errorf("%s: the pod does not ask for its token", d.id())
			}
		}
	}
}

// The auditor may write reports by the names that it gives them, and by no other.
func TestReportNames(t *testing.T) {
	t.Parallel()
	want := slices.Concat(openreports.Names(false), openreports.Names(true))
	slices.Sort(want)
	want = slices.Compact(want)
	found := 0
	for _, rule := range find[rbacv1.ClusterRole](t, render(t, ""), "ClusterRole", "demarc-auditor-reports").Rules {
		if !slices.Contains(rule.Verbs, "patch") {
			continue
		}
		found++
		got := slices.Sorted(slices.Values(rule.ResourceNames))
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", rule.Resources, diff)
		}
	}
	if found != len(openreports.APIs()) {
		t.Errorf("got rules for %d APIs", found)
	}
}
