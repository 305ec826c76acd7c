// SPDX-License-Identifier: Apache-2.0

//go:build integration

package chart

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/demarc-dev/demarc/pkg/openreports"
	"github.com/demarc-dev/demarc/pkg/report"
)

// TestAuditor goes through the life of the reports, as the chart's service account: made, left alone, changed, deleted,
// and never told of twice, not even after a restart.
func TestAuditor(t *testing.T) {
	for _, api := range openreports.APIs() {
		t.Run(api.Group, func(t *testing.T) {
			a := newAudits(t, api)
			a.kubectl("create", "clusterrole", "aks-made", "--verb=get", "--resource=pods")
			a.kubectl("label", "clusterrole", "aks-made", "kubernetes.azure.com/managedby=aks")
			var roles []report.Result
			for _, name := range []string{"aks-made", "demarc-auditor"} {
				role := finding("ClusterRole", "", name, "system-identity")
				role.Live.APIVersion = "rbac.authorization.k8s.io/v1"
				roles = append(roles, role)
			}
			a.found(append(roles, finding("DaemonSet", "kube-system", "agent", "privileged-daemonset"), finding("Deployment", "shop", "web", "node-access"))...)
			_, stop := a.start("one")
			a.ask("1")
			first := a.reports(api)
			if got, want := names(first), "demarc demarc-cluster kube-system/demarc shop/demarc"; got != want {
				t.Fatalf("got reports %s, want %s", got, want)
			}
			told := []string{"default ClusterRole aks-made Unsupported system-identity", "kube-system DaemonSet agent Unsupported privileged-daemonset"}
			if diff := cmp.Diff(told, a.events()); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if owners := first["shop/demarc"].GetOwnerReferences(); len(owners) != 1 || owners[0].Name != "demarc-auditor-reports" {
				t.Errorf("got owners %v", owners)
			}

			// Nothing has changed, so nothing is written but the summary, which has the time of the audit.
			before := a.written()
			a.ask("2")
			if n := a.written() - before; n != 1 {
				t.Errorf("%d reports were written, want the summary alone", n)
			}

			// One namespace gets another finding, one has none any more. Somebody spoilt a report.
			a.kubectl("-n", "shop", "label", api.Plural, "demarc", "team=platform")
			a.kubectl("-n", "shop", "patch", api.Plural, "demarc", "--type=merge", "-p", `{"summary":{"fail":77}}`)
			stop()
			a.found(append(roles, finding("Deployment", "shop", "web", "node-access", "node-host-files"),
				finding("DaemonSet", "kube-system", "agent", "privileged-daemonset"), finding("DaemonSet", "kube-system", "other", "privileged-daemonset"))...)
			a.start("two")
			a.ask("3")
			third := a.reports(api)
			if fail, _, _ := unstructured.NestedInt64(third["shop/demarc"].Object, "summary", "fail"); fail != 2 || third["shop/demarc"].GetLabels()["team"] != "platform" {
				t.Errorf("got %v", third["shop/demarc"].Object)
			}
			results, _, _ := unstructured.NestedSlice(third["kube-system/demarc"].Object, "results")
			if len(results) != 2 {
				t.Errorf("got results %v", results)
			}
			told = append(told, "kube-system DaemonSet other Unsupported privileged-daemonset")
			if diff := cmp.Diff(told, a.events()); diff != "" {
				t.Errorf("events after a restart (-want +got):\n%s", diff)
			}

			a.found()
			a.ask("4")
			if got := names(a.reports(api)); got != "demarc" {
				t.Errorf("nothing is found any more, and there are reports %s", got)
			}
			a.quiet()
		})
	}
}

// TestAuditorBounds has more findings in a namespace than its reports may hold, each with all the text that a report keeps.
func TestAuditorBounds(t *testing.T) {
	a := newAudits(t, openreports.OpenReports)
	var list []report.Result
	for i := range 6000 {
		r := finding("Deployment", "shop", fmt.Sprintf("web-%04d", i), "node-access")
		r.Verdicts[0].Message = strings.Repeat("é", 600)
		list = append(list, r)
	}
	a.found(list...)
	registry, _ := a.start("one")
	a.ask("1")
	all := a.reports(openreports.OpenReports)
	if got, want := names(all), "demarc shop/demarc shop/demarc-2 shop/demarc-3 shop/demarc-4 shop/demarc-5"; got != want {
		t.Fatalf("got reports %s, want %s", got, want)
	}
	if cut := all["shop/demarc-5"].GetAnnotations()[openreports.CutAnnotation]; cut == "" || cut == "0" {
		t.Error("nobody says that results were cut")
	}
	if fail, _, _ := unstructured.NestedInt64(all["demarc"].Object, "summary", "fail"); fail != 6000 {
		t.Errorf("the summary counts %d, want 6000", fail)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "demarc_audit_report_failures_total" && f.Metric[0].Counter.GetValue() != 0 {
			t.Error("reports could not be written")
		}
	}
	a.found(list[:3]...)
	a.ask("2")
	if got, want := names(a.reports(openreports.OpenReports)), "demarc shop/demarc"; got != want {
		t.Errorf("got reports %s, want %s", got, want)
	}
}

// TestAuditorLeads runs two: one audits, and the other takes over when it goes.
func TestAuditorLeads(t *testing.T) {
	a := newAudits(t, openreports.PolicyReports)
	a.found(finding("Deployment", "shop", "web", "node-access"))
	_, stopOne := a.start("one")
	a.until("the first audit", func() bool { return a.began["one"].Load() > 0 })
	a.start("two")
	a.ask("1")
	a.ask("2")
	if n := a.began["two"].Load(); n != 0 {
		t.Errorf("two audited %d times while one led", n)
	}
	stopOne()
	a.until("the other's audit", func() bool { return a.began["two"].Load() > 0 })
	before := a.began["one"].Load()
	a.ask("3")
	if a.began["one"].Load() != before {
		t.Error("one audits although it has ended")
	}

	// Once OpenReports is there, reports move, and nothing is told anew.
	a.define(openreports.OpenReports)
	a.ask("4")
	if got := names(a.reports(openreports.OpenReports)); got != "demarc shop/demarc" {
		t.Errorf("got reports %s", got)
	}
	if got := names(a.reports(openreports.PolicyReports)); got != "" {
		t.Errorf("reports in the older form are left: %s", got)
	}

	// A namespace that goes takes its reports along, and is no error.
	if err := a.client.CoreV1().Namespaces().Delete(t.Context(), "shop", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	a.found(finding("Deployment", "shop", "web", "node-access"), finding("Deployment", "shop", "new", "node-access"), finding("Deployment", "payments", "api", "node-access"))
	a.ask("5")
	if got := names(a.reports(openreports.OpenReports)); !strings.Contains(got, "payments/demarc") {
		t.Errorf("got reports %s", got)
	}
}

// TestAuditorWithoutReports has neither API. Then metrics and Events remain, and a restart does not repeat Events.
func TestAuditorWithoutReports(t *testing.T) {
	a := newAudits(t)
	a.found(finding("DaemonSet", "kube-system", "agent", "privileged-daemonset"))
	_, stop := a.start("one")
	a.ask("1")
	a.found(finding("DaemonSet", "kube-system", "agent", "privileged-daemonset"), finding("DaemonSet", "kube-system", "other", "privileged-daemonset"))
	a.ask("2")
	told := []string{"kube-system DaemonSet other Unsupported privileged-daemonset"}
	if diff := cmp.Diff(told, a.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	stop()
	a.start("two")
	a.ask("3")
	if diff := cmp.Diff(told, a.events()); diff != "" {
		t.Errorf("events after a restart (-want +got):\n%s", diff)
	}
}
