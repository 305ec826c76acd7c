// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
)

type (
	selector    = metav1.LabelSelector
	requirement = metav1.LabelSelectorRequirement
)

var (
	controlPlane = terms[0]
	byAKS        = terms[1]
	team         = requirement{Key: "team", Operator: "Exists"}
)

func TestTerms(t *testing.T) {
	if diff := cmp.Diff([]requirement{controlPlane, byAKS}, Terms(provider.AKS())); diff != "" {
		t.Errorf("AKS's terms (-want +got):\n%s", diff)
	}
	p := &provider.Profile{Marks: provider.Marks{HidesNamespace: []provider.Label{{Key: "system"}}}}
	if diff := cmp.Diff([]requirement{{Key: "system", Operator: "DoesNotExist"}}, Terms(p)); diff != "" {
		t.Errorf("a label of any value (-want +got):\n%s", diff)
	}
}

func TestCompleted(t *testing.T) {
	for name, c := range map[string]struct {
		from    *selector
		want    *selector
		missing int
	}{
		"none":             {nil, &selector{MatchExpressions: []requirement{controlPlane, byAKS}}, 2},
		"empty":            {&selector{}, &selector{MatchExpressions: []requirement{controlPlane, byAKS}}, 2},
		"others":           {&selector{MatchExpressions: []requirement{team}}, &selector{MatchExpressions: []requirement{team, controlPlane, byAKS}}, 2},
		"labels":           {&selector{MatchLabels: map[string]string{"a": "b"}}, &selector{MatchLabels: map[string]string{"a": "b"}, MatchExpressions: []requirement{controlPlane, byAKS}}, 2},
		"one":              {&selector{MatchExpressions: []requirement{byAKS, team}}, &selector{MatchExpressions: []requirement{byAKS, team, controlPlane}}, 1},
		"both, turned":     {&selector{MatchExpressions: []requirement{byAKS, controlPlane}}, &selector{MatchExpressions: []requirement{byAKS, controlPlane}}, 0},
		"in other words":   {&selector{MatchExpressions: []requirement{{Key: "control-plane", Operator: "DoesNotExist"}, byAKS}}, &selector{MatchExpressions: []requirement{{Key: "control-plane", Operator: "DoesNotExist"}, byAKS, controlPlane}}, 1},
		"and other values": {&selector{MatchExpressions: []requirement{{Key: "control-plane", Operator: "NotIn", Values: []string{"true", "x"}}, byAKS}}, &selector{MatchExpressions: []requirement{{Key: "control-plane", Operator: "NotIn", Values: []string{"true", "x"}}, byAKS, controlPlane}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			before := c.from.DeepCopy()
			missing := len(Missing(provider.AKS(), c.from))
			got, changed := Completed(provider.AKS(), c.from)
			if diff := cmp.Diff(c.want, got); diff != "" || missing != c.missing || changed != (c.missing > 0) {
				t.Errorf("got %d missing, want %d; changed: %t; selector (-want +got):\n%s", missing, c.missing, changed, diff)
			}
			if diff := cmp.Diff(before, c.from); diff != "" {
				t.Errorf("the selector was changed (-before +after):\n%s", diff)
			}
			if again := Missing(provider.AKS(), got); len(again) != 0 {
				t.Errorf("a complete selector lacks %d terms", len(again))
			}
		})
	}
}

func TestOptedOut(t *testing.T) {
	mark := provider.AKS().Marks.Exempts
	for _, c := range []struct {
		labels, annotations map[string]string
		want                bool
	}{
		{nil, nil, false},
		{map[string]string{mark.Key: "true"}, nil, true},
		{nil, map[string]string{mark.Key: "true"}, true},
		{map[string]string{mark.Key: "false"}, map[string]string{mark.Key: ""}, false},
	} {
		if got := OptedOut(provider.AKS(), c.labels, c.annotations); got != c.want {
			t.Errorf("labels %v, annotations %v: got %v, want %v", c.labels, c.annotations, got, c.want)
		}
	}
}
