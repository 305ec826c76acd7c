// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// A verdict under a low ceiling says what a higher one would make of it.
func TestWould(t *testing.T) {
	for name, c := range map[string]struct {
		rule        policy.Mode
		finding     policy.Finding
		exempt      bool
		bound, want policy.Mode
	}{
		"refused":      {policy.Deny, policy.Finding{}, false, policy.Deny, policy.Deny},
		"rule warns":   {policy.Warn, policy.Finding{}, false, policy.Deny, policy.Warn},
		"doubt":        {policy.Deny, policy.Finding{Doubt: "unsure"}, false, policy.Warn, policy.Warn},
		"its own":      {policy.Deny, policy.Finding{AtMost: policy.Audit}, false, policy.Audit, policy.Audit},
		"exempt":       {policy.Deny, policy.Finding{}, true, policy.Deny, policy.Audit},
		"doubt, mild":  {policy.Deny, policy.Finding{Doubt: "unsure", AtMost: policy.Audit}, false, policy.Audit, policy.Audit},
		"recorded too": {policy.Audit, policy.Finding{}, false, policy.Deny, policy.Audit},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := v1alpha1.Default()
			if c.exempt {
				cfg = exempting(v1alpha1.Match{Namespaces: []string{"shop"}}, nil)
			}
			cfg.Mode, cfg.Rules = policy.Audit, map[policy.ID]v1alpha1.Rule{"a": {Mode: c.rule}}
			v := build(t, cfg, rule("a", finding(c.finding))).Evaluate(create(t, ""), now).Verdicts[0]
			if v.Mode != policy.Audit || v.Bound != c.bound || v.Would() != c.want || v.RuleMode != c.rule {
				t.Errorf("got mode %s, rule %s, bound %s, would be %s; want Audit, %s, %s, %s", v.Mode, v.RuleMode, v.Bound, v.Would(), c.rule, c.bound, c.want)
			}
		})
	}
}

func TestAgain(t *testing.T) {
	in := policy.Input{Operation: policy.Create, Resource: object.Pods, Name: "web", NamespaceName: "shop"}
	past := &metav1.Time{Time: now.Add(-time.Hour)}
	shop := v1alpha1.Match{Namespaces: []string{"shop"}}
	unseen := v1alpha1.Match{ObjectSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "web"}}}
	noMarks := v1alpha1.Default()
	noMarks.Marks.Honour = []v1alpha1.MarkPlace{v1alpha1.OnNamespace}
	for name, c := range map[string]struct {
		cfg      *v1alpha1.Configuration
		recorded engine.Recorded
		want     policy.Mode
		exempt   string
	}{
		"as the rule says":       {v1alpha1.Default(), engine.Recorded{Rule: "a", Bound: policy.Deny}, policy.Deny, ""},
		"as far as it may":       {v1alpha1.Default(), engine.Recorded{Rule: "a", Bound: policy.Warn}, policy.Warn, ""},
		"no exemption any more":  {v1alpha1.Default(), engine.Recorded{Rule: "a", Bound: policy.Deny, Exemption: "x"}, policy.Deny, ""},
		"selected now":           {exempting(shop, nil), engine.Recorded{Rule: "a", Bound: policy.Deny}, policy.Audit, "x"},
		"run out":                {exempting(shop, past), engine.Recorded{Rule: "a", Bound: policy.Deny, Exemption: "x"}, policy.Deny, ""},
		"by what no record says": {exempting(unseen, nil), engine.Recorded{Rule: "a", Bound: policy.Deny, Exemption: "x"}, policy.Audit, "x"},
		"mark":                   {v1alpha1.Default(), engine.Recorded{Rule: "a", Bound: policy.Deny, Exemption: "mark on the Object"}, policy.Audit, "mark on the Object"},
		"mark not honoured":      {noMarks, engine.Recorded{Rule: "a", Bound: policy.Deny, Exemption: "mark on the Object"}, policy.Deny, ""},
		"other mark":             {noMarks, engine.Recorded{Rule: "a", Bound: policy.Deny, Exemption: "mark on the Namespace"}, policy.Audit, "mark on the Namespace"},
	} {
		t.Run(name, func(t *testing.T) {
			v, known := build(t, c.cfg, rule("a", finding(policy.Finding{}))).Again(c.recorded, in, now)
			if !known || v.Mode != c.want || v.Exemption != c.exempt {
				t.Errorf("got %s by %q (known: %t), want %s by %q", v.Mode, v.Exemption, known, c.want, c.exempt)
			}
		})
	}
	if _, known := build(t, nil, rule("a", finding(policy.Finding{}))).Again(engine.Recorded{Rule: "gone", Bound: policy.Deny}, in, now); known {
		t.Error("a rule that is gone must not be known")
	}
}
