// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/enforcer"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/test/admissionsenforcer"
	"github.com/demarc-dev/demarc/test/cluster"
)

// Whichever of the two comes first, the other finds nothing left to do, and then there is peace.
func TestBesideAKSsEnforcer(t *testing.T) {
	e := startEnforcing(t, nil)
	ours := func() float64 { return e.value(t, "demarc_enforcer_rewrites_total", "ValidatingWebhookConfiguration") }
	lacks := func(names []string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return !complete(e.get(t, n)) })
	}
	several := func(prefix string, n int) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprintf("%s-%d", prefix, i))
			installTheirs(t, theirs(names[i], nil))
		}
		return names
	}
	first := several("ours-first", 5)
	eventually(t, func() bool { return !lacks(first) && ours() == 5 })
	var wrote atomic.Int64
	run(t, (&admissionsenforcer.Enforcer{Client: e.client, Interval: 200 * time.Millisecond, Wrote: func(string) { wrote.Add(1) },
		Failed: func(err error) { t.Error(err) }}).Start)
	time.Sleep(time.Second)
	if n := wrote.Load(); n != 0 {
		t.Errorf("AKS's wrote %d times to what ours had completed", n)
	}
	together := several("together", 15) // both see these come
	eventually(t, func() bool { return !lacks(together) })
	time.Sleep(time.Second)
	all := append(first, together...)
	versions := map[string]string{}
	for _, n := range all {
		versions[n] = e.get(t, n).ResourceVersion
	}
	time.Sleep(3 * time.Second)
	for _, n := range all {
		c := e.get(t, n)
		if c.ResourceVersion != versions[n] {
			t.Errorf("%s is still written to", n)
		}
		if terms := len(c.Webhooks[0].NamespaceSelector.MatchExpressions); terms != 3 || len(holds(c)) == 0 {
			t.Errorf("%s: %d terms, held by %v", n, terms, holds(c))
		}
	}
	t.Logf("of 15 that came while both ran, AKS's wrote %d times and ours %v times", wrote.Load(), ours()-5)
	// Both may write the same to the same, once.
	if n := wrote.Load() + int64(ours()) - 5; n < 15 || n > 30 {
		t.Errorf("wrote %d times to 15 configurations", n)
	}
}

// Where AKS's enforcer has left its name, nothing is written at all.
func TestStandsAside(t *testing.T) {
	must(t, applyAs(t, admissionsenforcer.Manager, true, theirs("of-aks", withTerms)))
	goneAtTheEnd(t, "of-aks")
	installTheirs(t, theirs("left", nil))
	e := startEnforcing(t, nil)
	eventually(t, func() bool { return e.value(t, "demarc_enforcer_standing_aside") == 1 })
	eventually(t, func() bool { return len(e.events(t, "of-aks", "EnforcerStandsAside")) == 1 })
	installTheirs(t, theirs("left-later", nil))
	e.quiet(t, "left")
	e.quiet(t, "left-later")
	if complete(e.get(t, "left")) || complete(e.get(t, "left-later")) {
		t.Error("wrote beside AKS's enforcer")
	}
}

// gaveUp waits until a configuration is left alone, and returns the Event that says so.
func (e *enforcing) gaveUp(t *testing.T, name string) string {
	t.Helper()
	const kind = "ValidatingWebhookConfiguration"
	eventually(t, func() bool { return e.value(t, "demarc_enforcer_left_alone", kind, name) == 1 })
	eventually(t, func() bool { return len(e.events(t, name, "SelectorLeftAlone")) == 1 })
	if n := e.value(t, "demarc_enforcer_rewrites_total", kind); n != 3 {
		t.Errorf("wrote %v times, want 3", n)
	}
	if n := e.value(t, "demarc_enforcer_fights_total", kind); n != 1 {
		t.Errorf("counted %v fights, want 1", n)
	}
	e.quiet(t, name)
	return e.events(t, name, "SelectorLeftAlone")[0]
}

// A tool that applies on the server by force, again and again, wins.
func TestGivesUpAgainstServerSideApply(t *testing.T) {
	must(t, applyAs(t, "flux", true, theirs("in-git", nil)))
	goneAtTheEnd(t, "in-git")
	e := startEnforcing(t, nil)
	run(t, func(ctx context.Context) error {
		for {
			if err := applyAs(t, "flux", true, theirs("in-git", nil)); err != nil && ctx.Err() == nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(300 * time.Millisecond):
			}
		}
	})
	if note := e.gaveUp(t, "in-git"); !strings.Contains(note, "flux sets the namespaceSelector of a.contoso.example, b.contoso.example back") {
		t.Errorf("got %q", note)
	}
	if complete(e.get(t, "in-git")) {
		t.Error("flux did not win")
	}
}

// So does one that applies on the client.
func TestGivesUpAgainstClientSideApply(t *testing.T) {
	kubeconfig, err := shared.Kubeconfig(cluster.LocalAdmin)
	must(t, err)
	raw, err := yaml.Marshal(theirs("by-kubectl", nil))
	must(t, err)
	apply := func() error {
		c := exec.Command(shared.Kubectl, "--kubeconfig", kubeconfig, "apply", "-f", "-")
		c.Stdin = strings.NewReader(string(raw))
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	must(t, apply())
	goneAtTheEnd(t, "by-kubectl")
	e := startEnforcing(t, nil)
	run(t, func(ctx context.Context) error {
		for ctx.Err() == nil {
			if err := apply(); err != nil && ctx.Err() == nil {
				return err
			}
		}
		return nil
	})
	if note := e.gaveUp(t, "by-kubectl"); !strings.Contains(note, "kubectl-client-side-apply sets") {
		t.Errorf("got %q", note)
	}
}

// Whoever commits the terms has the selector to himself again, and may change it without a conflict.
func TestLetsGoOfWhatIsCommitted(t *testing.T) {
	must(t, applyAs(t, "helm", false, theirs("committed", nil)))
	goneAtTheEnd(t, "committed")
	e := startEnforcing(t, nil)
	eventually(t, func() bool { return complete(e.get(t, "committed")) })
	if err := applyAs(t, "helm", false, theirs("committed", nil)); !apierrors.IsConflict(err) {
		t.Errorf("without the terms: got %v, want the conflict that AKS's enforcer makes too", err)
	}
	must(t, applyAs(t, "helm", false, theirs("committed", withTerms)))
	eventually(t, func() bool { return slices.Equal(holds(e.get(t, "committed")), []string{"helm"}) })
	must(t, applyAs(t, "helm", false, theirs("committed", func(c *admissionregistrationv1.ValidatingWebhookConfiguration) {
		withTerms(c)
		c.Webhooks[0].NamespaceSelector.MatchLabels = nil
	})))
	// And then a webhook may go.
	must(t, applyAs(t, "helm", false, theirs("committed", func(c *admissionregistrationv1.ValidatingWebhookConfiguration) {
		withTerms(c)
		c.Webhooks = c.Webhooks[:1]
	})))
	if got := len(e.get(t, "committed").Webhooks); got != 1 {
		t.Errorf("got %d webhooks, want 1", got)
	}
}

// The page tells how a webhook that is taken out of Git behaves while its selector is held, and how to take the terms away.
func TestHowToTakeTheTermsAway(t *testing.T) {
	must(t, applyAs(t, "helm", false, theirs("held", nil)))
	goneAtTheEnd(t, "held")
	ctx, cancel := context.WithCancel(t.Context())
	client, err := kubernetes.NewForConfig(shared.Config)
	must(t, err)
	done := make(chan error, 1)
	go func() {
		done <- enforcer.New(enforcer.Options{Client: client, Profile: provider.AKS(), Metrics: enforcer.NewMetrics(prometheus.NewRegistry()),
			Logger: logr.Discard()}).Start(ctx)
	}()
	e := &enforcing{&guarded{client: client}, t.Context()}
	eventually(t, func() bool { return complete(e.get(t, "held")) })
	cancel()
	must(t, <-done)
	err = applyAs(t, "helm", true, theirs("held", func(c *admissionregistrationv1.ValidatingWebhookConfiguration) { c.Webhooks = c.Webhooks[:1] }))
	if !apierrors.IsInvalid(err) {
		t.Errorf("a webhook goes while its selector is held: got %v, want invalid", err)
	}
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("no jq")
	}
	page, err := os.ReadFile("../../docs/enforcing.md")
	must(t, err)
	_, after, _ := strings.Cut(string(page), "<!-- tested: take the terms away -->\n```sh\n")
	command, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatal("the page has no such command")
	}
	kubeconfig, err := shared.Kubeconfig(cluster.LocalAdmin)
	must(t, err)
	c := exec.Command("sh", "-ec", command)
	c.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "PATH="+filepath.Dir(shared.Kubectl)+":"+os.Getenv("PATH"))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	live := e.get(t, "held")
	want := theirs("held", nil).Webhooks[0].NamespaceSelector
	if got := live.Webhooks[0].NamespaceSelector; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got selector %v, want %v", got, want)
	}
	if slices.Contains(holds(live), enforcer.FieldManager) {
		t.Error("the enforcer still holds the selector")
	}
}
