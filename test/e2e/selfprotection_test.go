// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// operator may edit webhook configurations, as many a platform team's pipeline may, and has no right of demarc's.
var operator = person{"operator@contoso.example", []string{"operators"}}

const operatorRights = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: operators}
rules:
  - apiGroups: [admissionregistration.k8s.io]
    resources: [validatingwebhookconfigurations, mutatingwebhookconfigurations]
    verbs: ["*"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: operators}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: operators}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: operators}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: keepers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: demarc-registrations-edit}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: keepers}]
`

// The edits: one that hides namespaces, one that takes away a CA bundle and nothing else.
const (
	neutralise = `[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"},{"op":"add","path":"/webhooks/0/namespaceSelector","value":{"matchLabels":{"a":"b"}}}]`
	bundle     = `[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":""}]`
)

func TestSelfProtection(t *testing.T) {
	c := begin(t, 12, "Registrations protected against edits by those without a right of demarc's")
	t.Cleanup(func() {
		_, _ = localAdmin.kubectlWith(context.Background(), operatorRights+"---\n"+control, "delete", "--ignore-not-found", "-f", "-")
	})
	if output, err := localAdmin.kubectlWith(t.Context(), operatorRights+"---\n"+control, "apply", "-f", "-"); err != nil {
		t.Fatal(output)
	}
	const theirs = "aks-node-validating-webhook"
	keeper := person{"pipeline@contoso.example", []string{"operators", "keepers"}}

	installed(t)
	inForce(t, "Warning: ")
	for _, name := range []string{customers, theirs} {
		output, err := edit(t, operator, name, neutralise)
		c.check(t, err == nil && strings.Contains(output, "Warning: ") && strings.Contains(output, "demarc: webhook configuration "+name),
			"Warn: an edit of `"+name+"` without the right passes with a warning", "%s", said(output))
	}

	installed(t, "selfProtection.action=Deny")
	inForce(t, "forbidden")
	for _, name := range []string{customers, managed, theirs} {
		output, err := edit(t, operator, name, neutralise)
		c.check(t, err != nil && strings.Contains(output, "demarc"), "Deny: an edit of `"+name+"` without the right is refused", "%s", said(output))
		output, err = operator.kubectl(t.Context(), "delete", "validatingwebhookconfiguration", name, "--dry-run=server")
		c.check(t, err != nil && strings.Contains(output, "demarc"), "Deny: so is its deletion", "%s", said(output))
	}
	passes := func(what string, p person, name, patch string) {
		t.Helper()
		output, err := edit(t, p, name, patch)
		c.check(t, err == nil && !strings.Contains(output, "demarc: webhook configuration"), what, "%s", said(output))
	}
	passes("Deny: an edit of somebody else's registration is nobody's business", operator, "control", neutralise)
	passes("Deny: an edit by whoever has the right `edit` on `registrations.demarc.dev` passes", keeper, customers, neutralise)
	passes("Deny: an edit by a cluster-admin passes", platform, customers, neutralise)
	passes("Deny: an edit by AKS passes", provider, theirs, neutralise)
	passes("Deny: a change of a CA bundle alone passes, whoever makes it", operator, theirs, bundle)

	// demarc's own: it mends a bundle that somebody took away.
	if _, err := admin.AdmissionregistrationV1().ValidatingWebhookConfigurations().Patch(t.Context(), customers, types.JSONPatchType, []byte(bundle), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	took := waitFor(t, time.Minute, "the CA bundle is back", func() string {
		if trusted(t, customers) == 0 {
			return "it is empty"
		}
		return ""
	})
	c.check(t, true, "Deny: demarc's own account may put the CA bundle back, and does", "after %s", seconds(took))
	settled(t)

	output, err := upgrade(t.Context(), "selfProtection.action=Deny", failing)
	c.check(t, err == nil, "Deny: `helm upgrade` by a cluster-admin passes", "%s", said(output))
	output, err = platform.kubectl(t.Context(), "delete", "validatingwebhookconfigurations", customers, managed)
	c.check(t, err == nil, "Deny: the emergency switch of a cluster-admin passes", "%s", said(output))
	output, err = upgrade(t.Context(), "selfProtection.action=Deny")
	c.check(t, err == nil, "Deny: and `helm upgrade` after it", "%s", said(output))
	settled(t)
	uninstall(t)
	c.check(t, true, "Deny: `helm uninstall` passes", "passed")
}

// edit changes a webhook configuration by a dry run.
func edit(t *testing.T, p person, name, patch string) (string, error) {
	t.Helper()
	return p.kubectl(t.Context(), "patch", "validatingwebhookconfiguration", name, "--type=json", "--dry-run=server", "-p", patch)
}

// inForce waits until the API server has the policy: it takes it up a moment later.
func inForce(t *testing.T, word string) {
	t.Helper()
	waitFor(t, 30*time.Second, "the policy is in force", func() string {
		output, _ := edit(t, operator, customers, neutralise)
		return lacks(output, word)
	})
}

// said shortens what a program printed to a line for the results: what demarc or the API server has to say, without the
// kinds and names in front.
func said(output string) string {
	for _, from := range []string{"demarc: webhook configuration", "failed calling webhook", "conflict with"} {
		if i := strings.Index(output, from); i >= 0 {
			line, _, _ := strings.Cut(output[i:], "\n")
			return shorten(line)
		}
	}
	line, more, _ := strings.Cut(strings.TrimSpace(output), "\n")
	if n := strings.Count(more, "\n"); more != "" && n > 1 {
		return fmt.Sprintf("%s (and %d lines more)", shorten(line), n+1)
	}
	return shorten(line)
}

func shorten(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
