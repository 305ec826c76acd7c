// SPDX-License-Identifier: Apache-2.0

package admissionwatch

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// MaxConfigurations bounds the configurations that have series of their own; those beyond are counted as Rest. Rest can be
// no name of a configuration.
const (
	MaxConfigurations = 200
	Rest              = "(others)"
)

// Metrics say what is found.
type Metrics struct {
	findings *prometheus.GaugeVec
	failures prometheus.Counter
	shown    map[[2]string]bool
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		findings: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "demarc_webhook_findings",
			Help: "Webhooks of a configuration of which something is wrong, by class."}, []string{"class", "configuration"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "demarc_webhook_watch_failures_total",
			Help: "Readings of the cluster and Events that failed while webhook configurations were watched."}),
		shown: map[[2]string]bool{},
	}
	r.MustRegister(m.findings, m.failures)
	return m
}

// show sets the series to these counts, and takes away those that no longer count anything.
func (m *Metrics) show(counts map[key]int) {
	var names []string
	series := map[[2]string]int{}
	for _, k := range sorted(counts) {
		name := k.configuration
		if !slices.Contains(names, name) {
			if len(names) < MaxConfigurations {
				names = append(names, name)
			} else {
				name = Rest
			}
		}
		series[[2]string{string(k.class), name}] += counts[k]
	}
	for s, n := range series {
		m.findings.WithLabelValues(s[0], s[1]).Set(float64(n))
		m.shown[s] = true
	}
	for s := range m.shown {
		if _, still := series[s]; !still {
			m.findings.DeleteLabelValues(s[0], s[1])
			delete(m.shown, s)
		}
	}
}

func (m *Metrics) clear() { m.show(nil) }
