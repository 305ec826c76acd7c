// SPDX-License-Identifier: Apache-2.0

package auditor

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// Metrics say where the cluster stands, and whether that is fresh.
type Metrics struct {
	findings       *prometheus.GaugeVec
	faults         *prometheus.GaugeVec
	objects        *prometheus.GaugeVec
	unread         *prometheus.GaugeVec
	duration       prometheus.Gauge
	success        prometheus.Gauge
	failures       prometheus.Counter
	reportFailures prometheus.Counter
	broken         prometheus.Gauge
}

// ExemptMode is the label mode of a finding that is exempt.
const ExemptMode = "Exempt"

// NewMetrics makes the metrics and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	vector := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "demarc_audit_" + name, Help: help}, labels)
		r.MustRegister(g)
		return g
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "demarc_audit_" + name, Help: help})
		r.MustRegister(g)
		return g
	}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "demarc_audit_" + name, Help: help})
		r.MustRegister(c)
		return c
	}
	return &Metrics{
		findings: vector("findings", "Findings of the last audit, by rule, by consequence, and by mode: Deny, Warn, Audit, "+
			"Exempt, or Off for what a documented customisation covers.", "rule", "class", "mode"),
		faults:         vector("faults", "Rules that failed in the last audit, or objects (rule is empty) that could not be read, by rule.", "rule"),
		objects:        vector("objects", "Objects that the last audit listed, by resource.", "resource"),
		unread:         vector("unread", "1 for what the last audit could not read.", "resource"),
		duration:       gauge("duration_seconds", "How long the last audit took."),
		success:        gauge("last_success_timestamp_seconds", "When an audit last came to its end, in seconds since the epoch; 0 before the first."),
		failures:       counter("failures_total", "Audits that failed."),
		reportFailures: counter("report_failures_total", "Audits whose reports could not all be written."),
		broken:         gauge("configuration_broken", "1 while the configuration file is rejected and the auditor goes by the last good one."),
	}
}

// Loaded records that a configuration came into force.
func (m *Metrics) Loaded(time.Time) { m.broken.Set(0) }

// Rejected records that the configuration file is broken.
func (m *Metrics) Rejected() { m.broken.Set(1) }

// audited replaces what the audit before said.
func (m *Metrics) audited(r *report.Report, took time.Duration, now time.Time) {
	for _, v := range []*prometheus.GaugeVec{m.findings, m.faults, m.objects, m.unread} {
		v.Reset()
	}
	for i := range r.Results {
		m.count(&r.Results[i])
	}
	for _, k := range r.Clusters[0].Kinds {
		m.objects.WithLabelValues(k.Resource).Set(float64(k.Objects))
	}
	for _, u := range r.Clusters[0].Unread {
		m.unread.WithLabelValues(u.What).Set(1)
	}
	m.duration.Set(took.Seconds())
	m.success.Set(float64(now.Unix()))
}

func (m *Metrics) count(r *report.Result) {
	if r.Live == nil {
		return
	}
	n := float64(1 + r.Live.Same)
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		m.findings.WithLabelValues(string(v.Rule), string(v.Class), modeOf(v)).Add(n)
	}
	for _, f := range r.Faults {
		m.faults.WithLabelValues(string(f.Rule)).Add(n)
	}
}

func modeOf(v *report.Verdict) string {
	if v.Exemption != "" && v.Mode != policy.Off {
		return ExemptMode
	}
	return string(v.Mode)
}
