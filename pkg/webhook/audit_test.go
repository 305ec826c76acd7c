// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/pkg/webhook"
)

// auditing is a handler under mode Audit, with what it logs and counts.
func auditing(t *testing.T, d webhook.Directory, set ...policy.Rule) (h *webhook.Handler, lines *[]map[string]any, registry *prometheus.Registry) {
	t.Helper()
	cfg := v1alpha1.Default()
	cfg.Mode = policy.Audit
	if set == nil {
		set = rules.All()
	}
	e, err := engine.New(set, provider.AKS(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	lines, registry = new([]map[string]any), prometheus.NewRegistry()
	log := funcr.NewJSON(func(line string) {
		m := map[string]any{}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Error(err)
		}
		*lines = append(*lines, m)
	}, funcr.Options{})
	return webhook.NewHandler(e, d, &authorizer{}, metrics.New(registry), log), lines, registry
}

// Under mode Audit nothing is refused and nobody is warned, and annotations, metrics and log have all of it, with what a
// stricter mode would do.
func TestAuditMode(t *testing.T) {
	h, lines, registry := auditing(t, contextOf(t))
	for id, would := range map[string]policy.Mode{denied: policy.Deny, warned: policy.Warn} {
		*lines = nil
		r := answer(t, h, reviewOf(t, id))
		if !r.Allowed || len(r.Warnings) > 0 || r.Result != nil {
			t.Errorf("%s: got %+v, want it allowed without a word", id, r)
		}
		tallies, rest, err := report.ParseTallies(r.AuditAnnotations[report.AnnotationVerdicts])
		if err != nil || rest != 0 || r.AuditAnnotations[report.AnnotationDecision] != report.DecisionAllowed {
			t.Fatalf("%s: annotations %v: %v", id, r.AuditAnnotations, err)
		}
		if got := tallies[0]; got.Mode != policy.Audit || policy.Least(got.RuleMode, got.Bound) != would {
			t.Errorf("%s: got tally %v, want Audit and %s without the ceiling", id, got, would)
		}
		if len(*lines) != 1 {
			t.Fatalf("%s: got %d lines in the log, want 1", id, len(*lines))
		}
		if got := (*lines)[0]; got["msg"] != "finding" || got["mode"] != "Audit" || got["would"] != string(would) || got["uid"] == "" {
			t.Errorf("%s: got line %v", id, got)
		}
	}
	if got := testutil.ToFloat64(gathered(t, registry, "allowed")); got != 2 {
		t.Errorf("allowed requests counted: got %v, want 2", got)
	}
	if got, err := testutil.GatherAndCount(registry, "demarc_verdicts_total"); err != nil || got != 2 {
		t.Errorf("series of verdicts: got %d, %v, want 2", got, err)
	}
}

// What a line holds is what `demarc preview` reads, and what people's queries name.
func TestLineOfTheLog(t *testing.T) {
	h, lines, _ := auditing(t, contextOf(t))
	answer(t, h, reviewOf(t, denied))
	got := (*lines)[0]
	if got["uid"] == "" {
		t.Error("the line has no uid")
	}
	for _, key := range []string{"uid", "level"} {
		delete(got, key)
	}
	want := map[string]any{"logger": "", "msg": "finding", "rule": "managed-component", "mode": "Audit", "ruleMode": "Deny", "would": "Deny",
		"bound": "Deny", "path": "data[Corefile]", "doubt": "", "operation": "UPDATE", "group": "", "kind": "ConfigMap",
		"resource": "configmaps", "subresource": "", "namespace": "kube-system", "name": "coredns", "user": "ada@contoso.example",
		"dryRun": false, "existing": false, "exemption": "", "expired": "", "customisation": "", "message": got["message"]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

// The record must not promise a refusal that would not come: in a namespace that nobody knows yet, nothing is refused.
func TestAuditModeInAnUnknownNamespace(t *testing.T) {
	h, lines, _ := auditing(t, directory{}, faulty("finds", func(policy.Input) []policy.Finding {
		return []policy.Finding{{Message: "must not be there"}}
	}))
	answer(t, h, creation(t))
	if len(*lines) != 1 || (*lines)[0]["would"] != "Warn" || (*lines)[0]["bound"] != "Warn" || (*lines)[0]["doubt"] == "" {
		t.Errorf("got lines %v, want one with a doubt and at most Warn", *lines)
	}
}

// Whoever reads the audit log can tell that demarc was asked, even if it had nothing to say.
func TestEveryAnswerIsAnnotated(t *testing.T) {
	h, _, _ := auditing(t, contextOf(t))
	nothing := strings.ReplaceAll(string(reviewOf(t, warned)), "kube-system", "shop")
	if got := answer(t, h, []byte(nothing)).AuditAnnotations; got[report.AnnotationDecision] != report.DecisionAllowed {
		t.Errorf("nothing found: got %v", got)
	}
	providers := strings.Replace(string(reviewOf(t, denied)), `"ada@contoso.example"`, `"aksService"`, 1)
	if got := answer(t, h, []byte(providers)).AuditAnnotations; !strings.HasPrefix(got[report.AnnotationDecision], report.DecisionNotJudged) {
		t.Errorf("the provider's: got %v", got)
	}
}
