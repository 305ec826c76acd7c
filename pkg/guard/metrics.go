// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"crypto/x509"
	"encoding/pem"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics say whether requests reach demarc at all.
type Metrics struct {
	intact   *prometheus.GaugeVec
	drifts   *prometheus.CounterVec
	failures prometheus.Counter
	notAfter prometheus.Gauge
	coverage *prometheus.GaugeVec
	success  prometheus.Gauge
	shown    map[string]bool // the namespaces of the last round
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		intact: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "demarc_registration_intact",
			Help: "1 while the live registration is what was installed and trusts what is served."}, []string{"registration"}),
		drifts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "demarc_registration_drifts_total",
			Help: "Changes of the live registration away from what was installed, by kind."}, []string{"registration", "drift"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "demarc_registration_check_failures_total",
			Help: "Looks at the registrations, or at the certificates, that failed."}),
		notAfter: prometheus.NewGauge(prometheus.GaugeOpts{Name: "demarc_stored_certificate_expiry_timestamp_seconds",
			Help: "When the stored serving certificate ends, in seconds since the epoch."}),
		coverage: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "demarc_coverage",
			Help: "1 where the last dry run through the API server was judged, 0 where it was not, by namespace."}, []string{"namespace"}),
		success: prometheus.NewGauge(prometheus.GaugeOpts{Name: "demarc_canary_last_success_timestamp_seconds",
			Help: "When every namespace was last found to be judged, in seconds since the epoch."}),
	}
	r.MustRegister(m.intact, m.drifts, m.failures, m.notAfter, m.coverage, m.success)
	return m
}

// expect makes the counters of every registration be there from the start: an alert on an increase needs a zero before.
func (m *Metrics) expect(names []string) {
	for _, name := range names {
		for _, d := range Drifts() {
			m.drifts.WithLabelValues(name, string(d))
		}
	}
}

func (m *Metrics) failed() { m.failures.Inc() }

func (m *Metrics) state(name string, drifts []Drift) {
	intact := 1.0
	if len(drifts) > 0 {
		intact = 0
	}
	m.intact.WithLabelValues(name).Set(intact)
}

// drifted counts the ways that were not there at the last look.
func (m *Metrics) drifted(name string, drifts, before []Drift) {
	for _, d := range drifts {
		if !slices.Contains(before, d) {
			m.drifts.WithLabelValues(name, string(d)).Inc()
		}
	}
}

func (m *Metrics) expires(leaf []byte) {
	block, _ := pem.Decode(leaf)
	if block == nil {
		return
	}
	if c, err := x509.ParseCertificate(block.Bytes); err == nil {
		m.notAfter.Set(float64(c.NotAfter.Unix()))
	}
}

// covered records one round of the canary. Namespaces that are gone are no longer shown.
func (m *Metrics) covered(judged map[string]bool, now time.Time) {
	for namespace := range m.shown {
		if _, still := judged[namespace]; !still {
			m.coverage.DeleteLabelValues(namespace)
		}
	}
	m.shown = judged
	all := true
	for namespace, yes := range judged {
		value := 0.0
		if yes {
			value = 1
		}
		all = all && yes
		m.coverage.WithLabelValues(namespace).Set(value)
	}
	if all {
		m.success.Set(float64(now.Unix()))
	}
}
