// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

func TestRefusal(t *testing.T) {
	p := profile(t)
	golden(t, "refusal", []byte(report.Refusal(decisions(p)["denied"])))
	golden(t, "refusal-many", []byte(report.Refusal(crowd(t))))
	for _, name := range []string{"existing", "passed", "clean"} {
		if got := report.Refusal(decisions(p)[name]); got != "" {
			t.Errorf("%s: Refusal = %q, want none", name, got)
		}
	}
}

// crowd is more than a refusal can hold.
func crowd(t *testing.T) engine.Decision {
	d := engine.Decision{Profile: profile(t)}
	for i := range 12 {
		rule := hostProcess
		rule.ID = policy.ID(fmt.Sprintf("rule-%02d", i))
		for j := range 7 {
			d.Verdicts = append(d.Verdicts, engine.Verdict{Rule: &rule, Mode: policy.Deny, Finding: policy.Finding{
				Path:    field.NewPath("spec", "containers").Index(j).Child(strings.Repeat("long", 30)),
				Message: "must not be " + strings.Repeat("x", 40), Fix: fmt.Sprintf("fix number %d", j)}})
		}
	}
	return d
}

func TestRefusalBound(t *testing.T) {
	if got := len(report.Refusal(crowd(t))); got > report.MaxRefusal || got < report.MaxRefusal/2 {
		t.Errorf("%d bytes, want at most %d, and most of them used", got, report.MaxRefusal)
	}
}

func TestAuditAnnotations(t *testing.T) {
	p := profile(t)
	d := decisions(p)
	for name, want := range map[string]map[string]string{
		"denied": {
			"decision": "denied",
			"findings": "Deny host-process spec.hostPID: must not be true; Deny host-process spec.hostIPC: must not be true; " +
				`Warn system-label metadata.labels[acme.example/role]: must not be "master"`,
			"verdicts": "host-process mode=Deny rule=Deny bound=Deny count=2; system-label mode=Warn rule=Warn bound=Warn count=1",
			"skipped":  "node-label needs request, old object",
		},
		"existing": {
			"decision": "allowed",
			"findings": `Warn host-process spec.hostPID: must not be true (as before this change); Audit system-label -: must not be deleted (exemption "until-june" has run out)`,
			"verdicts": "host-process mode=Warn rule=Deny bound=Warn count=1; system-label mode=Audit rule=Warn bound=Deny count=1",
		},
		"passed": {
			"decision": "allowed",
			"exempt":   "host-process spec.hostPID: must not be true (migration)",
			"verdicts": "host-process mode=Audit rule=Deny bound=Deny count=1 exempt=migration",
			"skipped":  "node-label needs request, old object",
			"mark":     "metadata.labels[acme.example/exempt] on the Object, set by this request",
		},
		"provider": {"decision": "not judged: the request is the provider's, by acme:control-plane"},
		"fault":    {"decision": "allowed", "faults": "host-process: the rule broke; the object: could not be read"},
		"clean":    {"decision": "allowed"},
	} {
		got := report.AuditAnnotations(d[name])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for key := range got {
			if errs := validation.IsQualifiedName("demarc.demarc.dev/" + key); errs != nil {
				t.Errorf("key %q: %v", key, errs)
			}
		}
	}
}

func TestAuditAnnotationsBound(t *testing.T) {
	got := report.AuditAnnotations(crowd(t))["findings"]
	if len(got) > 2048 || !strings.HasSuffix(got, "; and 75 more") {
		t.Errorf("findings have %d bytes and end in %q", len(got), got[max(0, len(got)-40):])
	}
}
