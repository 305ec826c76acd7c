// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// What the annotation says is read back as it was meant, whatever an exemption is called.
func TestTalliesRoundTrip(t *testing.T) {
	verdict := func(mode, ruleMode, bound policy.Mode, exemption string) engine.Verdict {
		return engine.Verdict{Rule: &hostProcess, Mode: mode, RuleMode: ruleMode, Bound: bound, Exemption: exemption}
	}
	const odd = "until june; count=9 and 3 more\u202e"
	d := engine.Decision{Verdicts: []engine.Verdict{
		verdict(policy.Audit, policy.Deny, policy.Deny, ""),
		verdict(policy.Audit, policy.Deny, policy.Deny, odd),
		verdict(policy.Audit, policy.Deny, policy.Warn, ""),
		verdict(policy.Audit, policy.Deny, policy.Deny, ""),
		verdict(policy.Off, policy.Deny, policy.Off, ""),
	}}
	want := []report.Tally{
		{Rule: "host-process", Mode: policy.Audit, RuleMode: policy.Deny, Bound: policy.Deny, Count: 2},
		{Rule: "host-process", Mode: policy.Audit, RuleMode: policy.Deny, Bound: policy.Deny, Count: 1, Exemption: odd},
		{Rule: "host-process", Mode: policy.Audit, RuleMode: policy.Deny, Bound: policy.Warn, Count: 1},
	}
	got, rest, err := report.ParseTallies(report.AuditAnnotations(d)[report.AnnotationVerdicts])
	if err != nil || rest != 0 {
		t.Fatalf("got rest %d, error %v", rest, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tallies (-want +got):\n%s", diff)
	}
}

// What does not fit is counted, and the reader learns of it.
func TestTalliesBound(t *testing.T) {
	d := engine.Decision{}
	for i := range 60 {
		rule := hostProcess
		rule.ID = policy.ID(fmt.Sprintf("rule-%02d", i))
		d.Verdicts = append(d.Verdicts, engine.Verdict{Rule: &rule, Mode: policy.Audit, RuleMode: policy.Deny, Bound: policy.Deny})
	}
	annotation := report.AuditAnnotations(d)[report.AnnotationVerdicts]
	list, rest, err := report.ParseTallies(annotation)
	if err != nil || rest == 0 || len(list)+rest != 60 {
		t.Errorf("%d tallies and %d more, error %v, in %d bytes", len(list), rest, err, len(annotation))
	}
}

func TestParseTalliesRefuses(t *testing.T) {
	for _, bad := range []string{
		"", "and 3 more", "a", "a mode=Deny", "a mode=Deny rule=Deny bound=deny count=1", "a mode=Deny rule=Deny bound=Deny count=0",
		"a mode=Deny rule=Deny bound=Deny count=1 exempt=%zz", "a mode=Deny rule=Deny bound=Deny count=1; and -1 more",
		"a mode=Deny rule=Deny bound=Deny count=1; and many more",
	} {
		if list, rest, err := report.ParseTallies(bad); err == nil {
			t.Errorf("%q: got %v and %d more, want an error", bad, list, rest)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error of several lines: %v", bad, err)
		}
	}
}
