// SPDX-License-Identifier: Apache-2.0

package enforcer

import "github.com/prometheus/client_golang/prometheus"

// Metrics say what the enforcer does, and where it lets be.
type Metrics struct {
	pending  *prometheus.GaugeVec
	alone    *prometheus.GaugeVec
	rewrites *prometheus.CounterVec
	reverts  *prometheus.CounterVec
	fights   *prometheus.CounterVec
	failures prometheus.Counter
	aside    prometheus.Gauge
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		pending: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "demarc_enforcer_pending",
			Help: "Webhooks of a configuration whose namespace selectors lack terms."}, []string{"kind", "name"}),
		alone: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "demarc_enforcer_left_alone",
			Help: "1 while a configuration is left alone, since somebody set back what the enforcer wrote."}, []string{"kind", "name"}),
		rewrites: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "demarc_enforcer_rewrites_total",
			Help: "Configurations whose selectors were completed."}, []string{"kind"}),
		reverts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "demarc_enforcer_reverts_total",
			Help: "Completed configurations that somebody set back."}, []string{"kind"}),
		fights: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "demarc_enforcer_fights_total",
			Help: "How often the enforcer gave up on a configuration that somebody kept setting back."}, []string{"kind"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "demarc_enforcer_failures_total",
			Help: "Writes to configurations that failed."}),
		aside: prometheus.NewGauge(prometheus.GaugeOpts{Name: "demarc_enforcer_standing_aside",
			Help: "1 while the enforcer writes nothing, since the provider's own is at work."}),
	}
	// An alert on an increase needs a zero before.
	for _, kind := range []string{validating, mutating} {
		m.rewrites.WithLabelValues(kind)
		m.reverts.WithLabelValues(kind)
		m.fights.WithLabelValues(kind)
	}
	r.MustRegister(m.pending, m.alone, m.rewrites, m.reverts, m.fights, m.failures, m.aside)
	return m
}

// forget drops what is shown of a configuration.
func (m *Metrics) forget(k key) {
	m.pending.DeleteLabelValues(k.kind, k.name)
	m.alone.DeleteLabelValues(k.kind, k.name)
}
