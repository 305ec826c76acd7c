// SPDX-License-Identifier: Apache-2.0

package auditor

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/openreports"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

func sample() *report.Report {
	return &report.Report{
		Clusters: []report.Cluster{{Name: "in-cluster", Kinds: []report.Kind{{Resource: "pods", Objects: 7}, {Resource: "nodes", Objects: 2}},
			Unread: []report.Unread{{What: "secrets", Why: "forbidden"}}}},
		Results: []report.Result{
			{Live: &report.Live{Kind: "Pod", Namespace: "shop", Name: "a", Same: 2}, Verdicts: []report.Verdict{
				{Rule: "node-access", Mode: policy.Warn, Class: provider.Unsupported},
				{Rule: "node-access", Mode: policy.Audit, Class: provider.Unsupported, Exemption: "x"}}},
			{Live: &report.Live{Kind: "Pod", Namespace: "shop", Name: "b"}, Verdicts: []report.Verdict{
				{Rule: "node-access", Mode: policy.Warn, Class: provider.Unsupported}, {Rule: "managed-component", Mode: policy.Off}},
				Faults: []report.Fault{{Rule: "node-access", Error: "panic"}}},
		},
	}
}

func values(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			words := []string{strings.TrimPrefix(f.GetName(), "demarc_audit_")}
			for _, l := range m.GetLabel() {
				words = append(words, l.GetValue())
			}
			got[strings.Join(words, " ")] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return got
}

// The labels of a metric are in the order of their names: class, mode, rule.
func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry)
	m.findings.WithLabelValues("gone-since", "advice", "Warn").Set(3)
	m.audited(sample(), 90*time.Second, time.Unix(1000, 0))
	m.Rejected()
	want := map[string]float64{
		"findings unsupported Warn node-access": 4, "findings unsupported Exempt node-access": 3, "findings  Off managed-component": 1,
		"faults node-access": 1, "objects pods": 7, "objects nodes": 2, "unread secrets": 1,
		"duration_seconds": 90, "last_success_timestamp_seconds": 1000, "failures_total": 0, "report_failures_total": 0, "configuration_broken": 1,
	}
	if diff := cmp.Diff(want, values(t, registry)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestValidate(t *testing.T) {
	o := Options{Every: time.Second}
	o.setDefaults()
	err := o.validate()
	for _, want := range []string{"namespace", "name to be told apart", "a minute apart"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// newTestLoop audits by the function given, on a cluster that has no reports.
func newTestLoop(audit func() error, o Options) *loop {
	o.Audit = func(context.Context, *engine.Engine) (*report.Report, error) { return sample(), audit() }
	o.Logger = logr.Discard()
	o.Namespace, o.Identity = "demarc-system", "pod-1"
	o.setDefaults()
	client := fake.NewClientset(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: RequestName, Namespace: o.Namespace}})
	return newLoop(o, client, provider.AKS(), NewMetrics(prometheus.NewRegistry()))
}

// runFor runs the loop in a bubble of its own time, and returns the minutes at which it audited.
func runFor(t *testing.T, d time.Duration, l *loop, at *[]int, meanwhile func()) []int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if meanwhile != nil {
		go meanwhile()
	}
	if err := l.Start(ctx); err != nil {
		t.Error(err)
	}
	return *at
}

func TestSchedule(t *testing.T) {
	for name, c := range map[string]struct {
		fails     bool
		meanwhile func(*loop)
		want      []int
	}{
		"every hour":             {want: []int{0, 60}},
		"after a failure sooner": {fails: true, want: []int{0, 5, 65}},
		"on demand":              {meanwhile: func(l *loop) { time.Sleep(30 * time.Minute); l.kick() }, want: []int{0, 30, 90}},
		"however often it is asked": {meanwhile: func(l *loop) {
			for range 1000 {
				time.Sleep(100 * time.Millisecond)
				l.kick()
			}
		}, want: []int{0, 0, 1, 1, 2, 62}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var at []int
				l := newTestLoop(func() error {
					at = append(at, int(time.Since(start).Round(time.Second).Minutes()))
					if c.fails && len(at) == 1 {
						return errors.New("the API server is busy")
					}
					return nil
				}, Options{})
				var meanwhile func()
				if c.meanwhile != nil {
					meanwhile = func() { c.meanwhile(l) }
				}
				got := runFor(t, 100*time.Minute, l, &at, meanwhile)
				if len(got) != len(c.want) {
					t.Fatalf("audited at minutes %v, want %v", got, c.want)
				}
				for i := range got {
					if d := got[i] - c.want[i]; d < -6*i || d > 6*i {
						t.Errorf("audited at minutes %v, want %v give or take a tenth", got, c.want)
					}
				}
			})
		})
	}
}

// A panic is a failed audit, and the next one is made.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []int
		l := newTestLoop(func() error {
			at = append(at, 0)
			if len(at) == 1 {
				panic("planted")
			}
			return nil
		}, Options{})
		if got := runFor(t, 10*time.Minute, l, &at, nil); len(got) != 2 {
			t.Errorf("got %d audits, want the one that panicked and another", len(got))
		}
	})
}

// An audit that hangs is given up.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTestLoop(func() error { return nil }, Options{Timeout: time.Minute})
		var audits atomic.Int32
		l.Audit = func(ctx context.Context, _ *engine.Engine) (*report.Report, error) {
			audits.Add(1)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		runFor(t, 8*time.Minute, l, new([]int), nil)
		if audits.Load() != 2 {
			t.Errorf("got %d audits, want 2", audits.Load())
		}
	})
}

func TestRequested(t *testing.T) {
	l := newTestLoop(func() error { return nil }, Options{})
	asked := func() bool {
		select {
		case <-l.kicked:
			return true
		default:
			return false
		}
	}
	for _, c := range []struct {
		requested, answered string
		want                bool
	}{
		{"", "", false}, {"1", "1", false}, {"2", "1", true}, {"2", "1", false}, {"3", "1", true},
	} {
		l.requested(map[string]string{RequestAnnotation: c.requested, AnswerAnnotation: c.answered})
		if got := asked(); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
	request := l.request.Load()
	l.answer(t.Context(), request)
	m, err := l.client.CoreV1().ConfigMaps(l.Namespace).Get(t.Context(), RequestName, metav1.GetOptions{})
	if err != nil || m.Annotations[AnswerAnnotation] != "3" || l.request.Load() != nil {
		t.Errorf("got %v, %v, pending %v", m.Annotations, err, l.request.Load())
	}
}

// What others put on our objects, and what the API server adds, is no difference.
func TestDigest(t *testing.T) {
	o := openreports.Object{APIVersion: "openreports.io/v1alpha1", Kind: "Report", Summary: openreports.Summary{Fail: 1},
		Metadata: openreports.Metadata{Name: "demarc", Namespace: "shop", Labels: map[string]string{openreports.ManagedByLabel: "demarc"},
			Owners: []metav1.OwnerReference{{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole", Name: "x", UID: "1"}}}}
	same, different := o, map[string]func(*openreports.Object){
		"results": func(o *openreports.Object) { o.Results = []openreports.Result{{Policy: "x"}} },
		"summary": func(o *openreports.Object) { o.Summary.Fail = 2 },
		"annotation": func(o *openreports.Object) {
			o.Metadata.Annotations = map[string]string{openreports.CutAnnotation: "1"}
		},
		"owner": func(o *openreports.Object) {
			o.Metadata.Owners = []metav1.OwnerReference{{Kind: "ClusterRole", Name: "x", UID: "2"}}
		},
		"label": func(o *openreports.Object) { o.Metadata.Labels = nil },
	}
	same.APIVersion, same.Kind = "", ""
	same.Metadata.Labels = maps.Clone(o.Metadata.Labels)
	same.Metadata.Labels["team"] = "platform"
	same.Metadata.Annotations = map[string]string{"argocd.argoproj.io/tracking-id": "x"}
	if digest(o) != digest(same) {
		t.Error("what others wrote counts")
	}
	for name, change := range different {
		other := o
		change(&other)
		if digest(o) == digest(other) {
			t.Errorf("%s: a change of it does not count", name)
		}
	}
}

func TestWorthAnEvent(t *testing.T) {
	about := []corev1.ObjectReference{{Kind: "Pod", Name: "x"}}
	for _, c := range []struct {
		result openreports.Result
		want   bool
	}{
		{openreports.Result{Resources: about, Properties: map[string]string{"mode": "Deny"}}, true},
		{openreports.Result{Resources: about, Properties: map[string]string{"mode": "Warn", "doubt": "by name"}}, true},
		{openreports.Result{Resources: about, Properties: map[string]string{"mode": "Audit"}}, false},
		{openreports.Result{Resources: about, Properties: map[string]string{"mode": "Audit", "exemption": "x"}}, false},
		{openreports.Result{Resources: about, Properties: map[string]string{"mode": "Off"}}, false},
		{openreports.Result{Resources: about}, false},
		{openreports.Result{Properties: map[string]string{"mode": "Deny"}}, false},
	} {
		if got := worthAnEvent(c.result); got != c.want {
			t.Errorf("%+v: got %v", c.result, got)
		}
	}
}

func TestNote(t *testing.T) {
	r := openreports.Result{Policy: "privileged-daemonset", Message: "must not be true",
		Properties: map[string]string{"path": "spec.hostPID", "fix": "take it out", "clause": "kube-system-change"}}
	const want = "privileged-daemonset: spec.hostPID: must not be true; take it out [kube-system-change]"
	if got := note(r); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
