// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/demarc-dev/demarc/test/admissionsenforcer"
)

// startEnforcer runs a program that does what AKS's Admissions Enforcer was seen to do, and returns what it wrote to.
func startEnforcer(t *testing.T) chan string {
	t.Helper()
	wrote := make(chan string, 100)
	e := &admissionsenforcer.Enforcer{Client: provider.client(t), Wrote: func(name string) { wrote <- name },
		Failed: func(err error) { t.Errorf("the enforcer: %v", err) }}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = e.Start(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return wrote
}

// control is somebody else's registration, without AKS's terms. It asks about nothing that is there.
const control = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: control
webhooks:
  - name: control.contoso.example
    admissionReviewVersions: [v1]
    clientConfig: {url: "https://nobody.example/"}
    failurePolicy: Ignore
    sideEffects: None
    namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}
    rules: [{apiGroups: [contoso.example], apiVersions: [v1], resources: [nothings], operations: [CREATE]}]
`

func TestEnforcer(t *testing.T) {
	c := begin(t, 11, "Beside a program that edits selectors as AKS's Admissions Enforcer does")
	installed(t)
	t.Cleanup(func() {
		_, _ = localAdmin.kubectl(context.Background(), "delete", "validatingwebhookconfiguration", "control", "--ignore-not-found")
	})
	enforced := startEnforcer(t)
	asHelm := []string{"apply", "--server-side", "--field-manager=helm", "-f", "-"}
	if output, err := localAdmin.kubectlWith(t.Context(), control, asHelm...); err != nil {
		t.Fatal(output)
	}
	waitFor(t, 10*time.Second, "the control is rewritten", func() string {
		return lacks(registration(t, "control"), `{"key":"control-plane","operator":"NotIn","values":["true"]}`)
	})
	c.check(t, true, "A registration of somebody else's without AKS's terms is rewritten: the program bites", "rewritten")
	output, err := localAdmin.kubectlWith(t.Context(), control, asHelm...)
	c.check(t, err != nil && strings.Contains(output, "conflict"), "And its next server-side apply meets the conflict that breaks Helm upgrades on AKS", "%s", said(output))

	before := map[string]string{customers: registration(t, customers), managed: registration(t, managed)}
	time.Sleep(5 * time.Second)
	for _, name := range []string{customers, managed} {
		c.check(t, registration(t, name) == before[name], "`"+name+"` stays as it was installed, byte for byte", "%d bytes, the same", len(before[name]))
	}
	mustUpgrade(t, failing)
	c.check(t, true, "`helm upgrade` of the registrations, by server-side apply, meets no conflict", "none")
	mustUpgrade(t, "registration.selectorForm=DoesNotExist")
	settled(t)
	form := registration(t, customers)
	time.Sleep(2 * time.Second)
	c.check(t, registration(t, customers) == form, "Nor is the selector rewritten in the form of AKS's FAQ, DoesNotExist", "the same")
	wrote := map[string]int{}
	for len(enforced) > 0 {
		wrote[<-enforced]++
	}
	c.check(t, wrote[customers] == 0 && wrote[managed] == 0, "The program never wrote to demarc's registrations", "control %d ×, demarc's %d ×",
		wrote["control"], wrote[customers]+wrote[managed])
}
