// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

const supportRole = `{"metadata":{"name":"aks-service"%s},"rules":[%s]}`

func TestSupportAccessDoubt(t *testing.T) {
	for _, c := range []struct{ resource, name, user, want string }{
		{"ClusterRole", "aks-service", "ada@contoso.example", ""},
		{"ClusterRole", "aks-service", "system:serviceaccount:shop:janitor", ""},
		{"ClusterRole", "aks-service", "system:serviceaccount:kube-system:new-operator", doubtAddon},
		{"ClusterRoleBinding", "aks-service-rolebinding", "ada@contoso.example", ""},
		{"ClusterRoleBinding", "aks-support-rolebinding", "ada@contoso.example", "only a superseded edition of the policy names it"},
	} {
		r := object.ClusterRoles
		if c.resource == "ClusterRoleBinding" {
			r = object.ClusterRoleBindings
		}
		in := managedInput(t, r, policy.Delete, fmt.Sprintf(`{"metadata":{"name":%q}}`, c.name), "")
		in.User = &authenticationv1.UserInfo{Username: c.user}
		if got := checkSupportAccess(in); len(got) != 1 || got[0].Doubt != c.want {
			t.Errorf("%s by %s: %+v; want one with the doubt %q", c.name, c.user, got, c.want)
		}
	}
}

// One component is said once: support's role is this rule's, whatever marks it carries; the marked rest is not.
func TestSupportAccessAndManagedComponent(t *testing.T) {
	for name, c := range map[string]struct {
		resource   object.Resource
		object     string
		here, them int
	}{
		"support's role, marked": {object.ClusterRoles, `"name":"aks-service","labels":{` + managedLabel + `}`, 1, 0},
		"built-in, marked": {object.ClusterRoles, `"name":"system:coredns","labels":{"kubernetes.io/bootstrapping":"rbac-defaults",` +
			`"addonmanager.kubernetes.io/mode":"Reconcile"}`, 0, 1},
		"built-in":         {object.ClusterRoles, `"name":"system:basic-user","labels":{"kubernetes.io/bootstrapping":"rbac-defaults"}`, 1, 0},
		"built-in binding": {object.ClusterRoleBindings, `"name":"system:basic-user","labels":{"kubernetes.io/bootstrapping":"rbac-defaults"}`, 1, 0},
	} {
		in := managedInput(t, c.resource, policy.Delete, `{"metadata":{`+c.object+`}}`, "")
		if here, them := len(checkSupportAccess(in)), len(checkManagedComponent(in)); here != c.here || them != c.them {
			t.Errorf("%s: %d findings here and %d of managed-component; want %d and %d", name, here, them, c.here, c.them)
		}
	}
}

func TestSupportAccessManyLabels(t *testing.T) {
	var many []string
	for i := range maxRoleChanges {
		many = append(many, fmt.Sprintf(`"label-%d":""`, i))
	}
	in := managedInput(t, object.ClusterRoles, policy.Update, fmt.Sprintf(supportRole, "", ""),
		fmt.Sprintf(supportRole, `,"labels":{`+strings.Join(many, ",")+`}`, `{"verbs":["get"],"nonResourceURLs":["/"]}`))
	want := []string{"-: must not change in so many fields at once: Microsoft's support works through this ClusterRole"}
	if diff := cmp.Diff(want, summary(checkSupportAccess(in))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// The server's own fields change with every write.
func TestSupportAccessServerFields(t *testing.T) {
	in := managedInput(t, object.ClusterRoles, policy.Update, fmt.Sprintf(supportRole, `,"resourceVersion":"1"`, ""),
		fmt.Sprintf(supportRole, `,"resourceVersion":"2","managedFields":[{"manager":"kubectl"}]`, ""))
	if got := checkSupportAccess(in); got != nil {
		t.Errorf("findings %v; want none", summary(got))
	}
}

func TestSupportAccessAllocatesNothing(t *testing.T) {
	for _, name := range []string{"shop", "system:shop"} {
		in := managedInput(t, object.ClusterRoles, policy.Update, `{"metadata":{"name":"`+name+`","labels":{"a":"b"}}}`,
			`{"metadata":{"name":"`+name+`"}}`)
		if n := testing.AllocsPerRun(100, func() { checkSupportAccess(in) }); n != 0 {
			t.Errorf("%s: %v allocations; want none", name, n)
		}
	}
}
