// SPDX-License-Identifier: Apache-2.0

// Package metrics counts what demarc decides. The HTTP side of requests is counted by the server itself.
package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/demarc-dev/demarc/pkg/engine"
)

// Metrics are the counters of one process.
type Metrics struct {
	decisions  *prometheus.CounterVec
	verdicts   *prometheus.CounterVec
	exempt     *prometheus.CounterVec
	expired    *prometheus.CounterVec
	covered    *prometheus.CounterVec
	skipped    *prometheus.CounterVec
	faults     *prometheus.CounterVec
	unread     prometheus.Counter
	reloads    *prometheus.CounterVec
	loadedAt   prometheus.Gauge
	broken     prometheus.Gauge
	unmatched  prometheus.Gauge
	allowed    prometheus.Counter
	refused    prometheus.Counter
	identities prometheus.Counter
}

// New makes the counters and registers them.
func New(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "demarc_" + name, Help: help}, labels)
		r.MustRegister(v)
		return v
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "demarc_" + name, Help: help})
		r.MustRegister(g)
		return g
	}
	m := &Metrics{
		decisions: counter("decisions_total", "Requests judged, by decision: allowed, refused, provider (not judged).", "decision"),
		verdicts:  counter("verdicts_total", "Findings, by rule and by what became of them.", "rule", "mode"),
		exempt:    counter("exempt_verdicts_total", "Findings that were exempted, by exemption and rule.", "exemption", "rule"),
		expired: counter("expired_exemption_verdicts_total",
			"Findings that an exemption would have covered, had it not run out.", "exemption", "rule"),
		covered: counter("customisation_verdicts_total", "Findings that a documented customisation covered.", "customisation", "rule"),
		skipped: counter("skipped_rules_total", "Rules that did not run for want of a fact.", "rule", "needs"),
		faults:  counter("faults_total", "Rules that panicked, or objects (rule is empty) that could not be read.", "rule"),
		reloads: counter("configuration_reloads_total", "Reloads of the configuration, by result: loaded, rejected.", "result"),
		loadedAt: gauge("configuration_loaded_timestamp_seconds",
			"When the configuration in force was loaded, in seconds since the epoch."),
		broken: gauge("configuration_broken", "1 while the configuration file is rejected and the last good one is in force."),
		unmatched: gauge("unmatched_resources",
			"Resources that rules match and the API server does not serve: those rules are blind there."),
	}
	m.unread = prometheus.NewCounter(prometheus.CounterOpts{Name: "demarc_unreadable_reviews_total",
		Help: "Bodies that were no AdmissionReview; the failure policy decided."})
	r.MustRegister(m.unread)
	m.allowed, m.refused = m.decisions.WithLabelValues("allowed"), m.decisions.WithLabelValues("refused")
	m.identities = m.decisions.WithLabelValues("provider")
	return m
}

// Decision counts a decision and everything in it.
func (m *Metrics) Decision(d *engine.Decision) {
	switch {
	case d.Identity != nil:
		m.identities.Inc()
	case d.Allowed():
		m.allowed.Inc()
	default:
		m.refused.Inc()
	}
	for i := range d.Verdicts {
		m.verdict(&d.Verdicts[i])
	}
	for _, s := range d.Skipped {
		for _, need := range s.Needs {
			m.skipped.WithLabelValues(string(s.Rule), need).Inc()
		}
	}
	for _, f := range d.Faults {
		m.faults.WithLabelValues(string(f.Rule)).Inc()
	}
}

func (m *Metrics) verdict(v *engine.Verdict) {
	rule := string(v.Rule.ID)
	m.verdicts.WithLabelValues(rule, string(v.Mode)).Inc()
	if v.Exemption != "" {
		m.exempt.WithLabelValues(v.Exemption, rule).Inc()
	}
	if v.Expired != "" {
		m.expired.WithLabelValues(v.Expired, rule).Inc()
	}
	if v.Customisation != "" {
		m.covered.WithLabelValues(v.Customisation, rule).Inc()
	}
}

// Unreadable counts a body that was no AdmissionReview.
func (m *Metrics) Unreadable() { m.unread.Inc() }

// Loaded records that a configuration came into force.
func (m *Metrics) Loaded(at time.Time) {
	m.reloads.WithLabelValues("loaded").Inc()
	m.loadedAt.Set(float64(at.Unix()))
	m.broken.Set(0)
}

// Rejected records that a configuration file was broken and the last good one stays.
func (m *Metrics) Rejected() {
	m.reloads.WithLabelValues("rejected").Inc()
	m.broken.Set(1)
}

// Unmatched records how many resources that rules match the API server does not serve.
func (m *Metrics) Unmatched(n int) { m.unmatched.Set(float64(n)) }
