// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type configuration = admissionregistrationv1.ValidatingWebhookConfiguration

// tampering is something that somebody does to a registration.
type tampering struct {
	what, name, drift string
	edit              func(*configuration) // nil: delete it
	mended            mending
}

// mending is who puts a registration back.
type mending int

const (
	byHand mending = iota
	byHelm
	byItself
)

func tamperings(t *testing.T) []tampering {
	t.Helper()
	other, err := admin.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "extension-apiserver-authentication", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stranger := []byte(other.Data["client-ca-file"]) // an authority that has nothing to do with demarc's
	fail, ignore := admissionregistrationv1.Fail, admissionregistrationv1.Ignore
	return []tampering{
		{"deleted", managed, "deleted", nil, byHand},
		{"its selector stripped", customers, "selector", func(c *configuration) { c.Webhooks[0].NamespaceSelector = nil }, byHand},
		{"the managed one made to fail closed", managed, "failure-policy", func(c *configuration) { c.Webhooks[0].FailurePolicy = &fail }, byHand},
		{"the customers' one made to fail open", customers, "failure-policy", func(c *configuration) { c.Webhooks[0].FailurePolicy = &ignore }, byHelm},
		{"its rules emptied", managed, "rules", func(c *configuration) { c.Webhooks[1].Rules = nil }, byHand},
		{"the mark that keeps AKS's enforcer away taken off", managed, "opt-out", func(c *configuration) {
			delete(c.Labels, "admissions.enforcer/disabled")
			delete(c.Annotations, "admissions.enforcer/disabled")
		}, byHand},
		{"another CA bundle put in", customers, "ca-bundle", func(c *configuration) { c.Webhooks[0].ClientConfig.CABundle = stranger }, byItself},
	}
}

func TestTampering(t *testing.T) {
	c := begin(t, 8, "A registration tampered with: noticed by metric, Event and log within 60 s")
	installed(t, failing)
	for _, x := range tamperings(t) {
		before := state(t, x)
		saved := tamper(t, x)
		began := time.Now()
		var log, event, counted time.Duration
		waitFor(t, 90*time.Second, x.what+" is noticed", func() string {
			now := state(t, x)
			since := time.Since(began)
			note(&counted, now.counted > before.counted, since)
			note(&event, now.events > before.events, since)
			note(&log, now.lines > before.lines, since)
			if counted == 0 || event == 0 || log == 0 {
				return fmt.Sprintf("metric %s, Event %s, log %s", seconds(counted), seconds(event), seconds(log))
			}
			return ""
		})
		c.check(t, max(log, event, counted) < time.Minute, fmt.Sprintf("`%s` %s", x.name, x.what), "metric %s, Event %s, log %s",
			seconds(counted), seconds(event), seconds(log))
		switch x.mended {
		case byHand:
			mend(t, saved)
		case byHelm:
			output, err := upgrade(t.Context(), failing)
			c.note(t, "A plain `helm upgrade` after an edit by somebody else, who owns the field now", "%s", said(output))
			if err != nil {
				mustHelm(t, append(chart(failing), "--force-conflicts")...)
			}
			c.check(t, isFailing(t), "`helm upgrade --force-conflicts` mends it", "mended")
		case byItself:
			took := waitFor(t, time.Minute, "the CA bundle is mended", func() string {
				if !strings.Contains(registration(t, x.name), base64.StdEncoding.EncodeToString(saved.Webhooks[0].ClientConfig.CABundle)) {
					return "it is another still"
				}
				return ""
			})
			c.check(t, true, "demarc mends the CA bundle itself", "after %s", seconds(took))
		}
		settled(t)
	}
}

func note(at *time.Duration, seen bool, since time.Duration) {
	if seen && *at == 0 {
		*at = since
	}
}

// noticed is what demarc has said of one way of drifting so far.
type noticed struct {
	counted       float64
	events, lines int
}

func state(t *testing.T, x tampering) noticed {
	t.Helper()
	var n noticed
	n.counted, _ = metric(t, fmt.Sprintf("demarc_registration_drifts_total{drift=%q,registration=%q}", x.drift, x.name))
	events, err := admin.EventsV1().Events(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events.Items {
		if e.Reason == "RegistrationChanged" && e.Regarding.Name == x.name && strings.Contains(e.Note, x.drift) {
			n.events++
		}
	}
	for _, pod := range demarcPods(t.Context()) {
		for line := range strings.Lines(podLog(t.Context(), pod.Name)) {
			if strings.Contains(line, "not as it should be") && strings.Contains(line, fmt.Sprintf(`"registration":%q`, x.name)) && strings.Contains(line, `"`+x.drift+`"`) {
				n.lines++
			}
		}
	}
	return n
}

// tamper does it, and returns the registration as it was.
func tamper(t *testing.T, x tampering) *configuration {
	t.Helper()
	api := admin.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	c, err := api.Get(t.Context(), x.name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	saved := c.DeepCopy()
	if x.edit == nil {
		err = api.Delete(t.Context(), x.name, metav1.DeleteOptions{})
	} else {
		x.edit(c)
		_, err = api.Update(t.Context(), c, metav1.UpdateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// mend puts a registration back.
func mend(t *testing.T, saved *configuration) {
	t.Helper()
	api := admin.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	live, err := api.Get(t.Context(), saved.Name, metav1.GetOptions{})
	saved = saved.DeepCopy()
	if err != nil {
		saved.ResourceVersion, saved.UID = "", ""
		_, err = api.Create(t.Context(), saved, metav1.CreateOptions{})
	} else {
		saved.ResourceVersion = live.ResourceVersion
		_, err = api.Update(t.Context(), saved, metav1.UpdateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCanary hides kube-system by an edit, as an enforcer that demarc does not know might.
func TestCanary(t *testing.T) {
	c := begin(t, 8, "kube-system hidden from demarc: the canary, every 10 s here, falls silent")
	installed(t)
	hidden := tampering{what: "kube-system hidden", name: managed, edit: func(r *configuration) {
		for i := range r.Webhooks {
			s := r.Webhooks[i].NamespaceSelector
			s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{
				Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"kube-system"}})
		}
	}}
	saved := tamper(t, hidden)
	took := waitCoverage(t, "kube-system", 0)
	c.check(t, took < time.Minute, `demarc_coverage{namespace="kube-system"} is 0 in every pod within 60 s`, "%s", seconds(took))
	others, missing := metric(t, `demarc_coverage{namespace="gatekeeper-system"}`)
	c.check(t, others == replicas && missing == 0, "It stays 1 for the other namespaces of AKS", "%.0f of %d pods", others, replicas)
	mend(t, saved)
	took = waitCoverage(t, "kube-system", replicas)
	c.check(t, took < time.Minute, "It is 1 again once that is undone", "%s", seconds(took))
	settled(t)
}

func waitCoverage(t *testing.T, namespace string, want float64) time.Duration {
	t.Helper()
	return waitFor(t, 90*time.Second, fmt.Sprintf("coverage of %s is %.0f", namespace, want), func() string {
		got, missing := metric(t, fmt.Sprintf("demarc_coverage{namespace=%q}", namespace))
		if got != want || missing > 0 {
			return fmt.Sprintf("it is %.0f, and %d pods do not say", got, missing)
		}
		return ""
	})
}
