// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var rulesPath = field.NewPath("rules")

// mostGrantFindings bounds the findings of one role.
const mostGrantFindings = 32

// grantFindings judges what a role grants. Kubernetes' built-in roles and those that AKS marks are not the customer's.
func grantFindings(in policy.Input) []policy.Finding {
	if in.Object.Meta.Labels[bootstrappingLabel] == rbacDefaults {
		return nil
	}
	if _, marked := in.Marked(); marked {
		return nil
	}
	g := grants{in: in}
	if role, ok := object.As[*rbacv1.ClusterRole](in.Object); ok {
		g.cluster = true
		for i := range role.Rules {
			g.judge(i, &role.Rules[i])
		}
	} else if role, ok := object.As[*rbacv1.Role](in.Object); ok {
		for i := range role.Rules {
			g.judge(i, &role.Rules[i])
		}
	}
	return g.findings
}

// grants collects what is wrong with one role.
type grants struct {
	in       policy.Input
	cluster  bool // users, groups and nodes are in no namespace: a Role grants nothing on them
	findings []policy.Finding
}

func (g *grants) add(f policy.Finding) {
	if len(g.findings) < mostGrantFindings {
		g.findings = append(g.findings, f)
	}
}

func (g *grants) judge(i int, r *rbacv1.PolicyRule) {
	if g.cluster && of(r.APIGroups, "") && (slices.Contains(r.Resources, "nodes/proxy") || slices.Contains(r.Resources, "*/proxy")) {
		g.add(nodesProxy(rulesPath.Index(i), r))
	}
	// A rule that grants every verb is an administrator's, and says nothing of impersonation.
	if !slices.ContainsFunc(r.Verbs, impersonates) || !of(r.APIGroups, "") && !of(r.APIGroups, "authentication.k8s.io") {
		return
	}
	if len(r.ResourceNames) == 0 {
		if g.cluster && (of(r.Resources, "users") || of(r.Resources, "groups")) {
			g.add(policy.Finding{Path: rulesPath.Index(i), AtMost: policy.Audit,
				Message: "must say in resourceNames whom to impersonate: this covers AKS itself",
				Fix:     "list the users and groups that it is meant for"})
		}
		return
	}
	for j, name := range r.ResourceNames {
		if f, ok := g.named(name, r); ok {
			f.Path = rulesPath.Index(i).Child("resourceNames").Index(j)
			g.add(f)
		}
	}
}

// named judges one name that a rule allows to act as.
func (g *grants) named(name string, r *rbacv1.PolicyRule) (policy.Finding, bool) {
	f := policy.Finding{Fix: "take it out, and name the users and groups that it is meant for"}
	id, known := provider.Identity{}, false
	if g.cluster && of(r.Resources, "users") {
		id, known = g.in.Provider.Identify(name, nodeGroups(name))
	}
	if !known && of(r.Resources, "serviceaccounts") {
		if id, known = g.in.Provider.ServiceAccount(g.in.NamespaceName, name); !known && g.cluster {
			// It depends on the binding in which namespace the account is.
			id, known = g.in.Provider.ServiceAccountNamed(name)
			f.AtMost = policy.Audit
		}
	}
	switch {
	case known:
		f.Message = "must not be " + quoteCut(name, longestUser) + ": " + whoActs(id)
	case g.cluster && of(r.Resources, "groups") && name == mastersGroup:
		f.Message = `must not be "` + mastersGroup + `": that group stands above all roles`
		f.AtMost = ""
	default:
		return policy.Finding{}, false
	}
	return f, true
}

// nodesProxy judges access to the kubelet. Most monitoring reads through it; writing is running commands.
func nodesProxy(path *field.Path, r *rbacv1.PolicyRule) policy.Finding {
	f := policy.Finding{Path: path,
		Message: "must not grant nodes/proxy: it runs commands in every container of a node",
		Fix:     "grant what is read: nodes/metrics, nodes/stats, nodes/log, nodes/pods or nodes/healthz"}
	if !slices.ContainsFunc(r.Verbs, writes) {
		f.AtMost = policy.Audit
	}
	return f
}

func writes(verb string) bool {
	switch verb {
	case "create", "update", "patch", "delete", "*":
		return true
	}
	return false
}

// impersonates knows the verb of every version, and those that Kubernetes 1.36 tells apart.
func impersonates(verb string) bool {
	return verb == "impersonate" || verb == "impersonate:user-info" || verb == "impersonate:serviceaccount"
}

// of says whether a list of a rule names something, or everything.
func of(list []string, name string) bool {
	return slices.Contains(list, name) || slices.Contains(list, "*")
}

// nodeGroups are the groups that make a node of a name that begins like a node's. Other names of nodes, which customers
// may have for something else, are left alone.
func nodeGroups(name string) []string {
	if !strings.HasPrefix(name, systemPrefix) {
		return nil
	}
	return allNodeGroups
}

var allNodeGroups = []string{"system:nodes", "system:bootstrappers"}
