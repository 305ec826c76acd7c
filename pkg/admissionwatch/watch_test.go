// SPDX-License-Identifier: Apache-2.0

package admissionwatch

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
)

// However many configurations there are, the series stay few, and nothing goes uncounted.
func TestMetricsAreBounded(t *testing.T) {
	m := NewMetrics(prometheus.NewRegistry())
	counts := map[key]int{}
	for i := range MaxConfigurations + 50 {
		counts[key{admissionconfig.ExternalURL, admissionconfig.ValidatingWebhook, fmt.Sprintf("c%03d", i)}] = 2
	}
	m.show(counts)
	if got := testutil.CollectAndCount(m.findings); got != MaxConfigurations+1 {
		t.Errorf("got %d series, want %d", got, MaxConfigurations+1)
	}
	if got := testutil.ToFloat64(m.findings.WithLabelValues(string(admissionconfig.ExternalURL), Rest)); got != 100 {
		t.Errorf("got %v beyond the bound, want 100", got)
	}
	// A configuration of each kind with the same name is one series.
	m.show(map[key]int{{admissionconfig.CABundle, admissionconfig.ValidatingWebhook, "a"}: 1, {admissionconfig.CABundle, admissionconfig.MutatingWebhook, "a"}: 3})
	if got := testutil.ToFloat64(m.findings.WithLabelValues(string(admissionconfig.CABundle), "a")); got != 4 {
		t.Errorf("got %v, want 4", got)
	}
	m.clear()
	if got := testutil.CollectAndCount(m.findings); got != 0 {
		t.Errorf("got %d series after the end, want none", got)
	}
}

func TestDiffer(t *testing.T) {
	made := func(change func(*admissionregistrationv1.ValidatingWebhookConfiguration)) any {
		c := &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "u", Generation: 3}}
		change(c)
		return c
	}
	before := made(func(*admissionregistrationv1.ValidatingWebhookConfiguration) {})
	for name, c := range map[string]struct {
		change func(*admissionregistrationv1.ValidatingWebhookConfiguration)
		want   bool
	}{
		"bookkeeping": {func(c *admissionregistrationv1.ValidatingWebhookConfiguration) { c.ResourceVersion = "9" }, false},
		"spec":        {func(c *admissionregistrationv1.ValidatingWebhookConfiguration) { c.Generation++ }, true},
		"made anew":   {func(c *admissionregistrationv1.ValidatingWebhookConfiguration) { c.UID = "v" }, true},
		"opted out": {func(c *admissionregistrationv1.ValidatingWebhookConfiguration) {
			c.Labels = map[string]string{"admissions.enforcer/disabled": "true"}
		}, true},
	} {
		if got := differ(before, made(c.change)); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

func TestEventWords(t *testing.T) {
	for c, want := range map[admissionconfig.Class]string{
		admissionconfig.FailsClosedOnItself: "FailsClosedOnItself", admissionconfig.CABundle: "CABundle", admissionconfig.ExternalURL: "ExternalURL",
	} {
		if got := reason(c); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	v := admissionconfig.Verdict{Path: field.NewPath("webhooks").Index(0), Message: "is not well", Fix: "mend it", Doubt: "d"}
	if got, want := note(v), "webhooks[0]: is not well; mend it (in doubt: d)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
