// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metricSet holds the metrics, with the values of labels looked up beforehand.
type metricSet struct {
	requests        *prometheus.CounterVec
	requestCodes    [600]prometheus.Counter // by code; nil for those nobody expects
	duration        prometheus.Histogram
	sheds           *prometheus.CounterVec
	shed            *shedCounters
	panics          prometheus.Counter
	handshakeErrors prometheus.Counter
	notAfter        prometheus.Gauge
	reloadErrors    prometheus.Counter
	live            []prometheus.Collector
}

// shedCounters count what was turned away for want of room.
type shedCounters struct {
	inFlight, bytes, connections, address, handshakes prometheus.Counter
}

func counter(name, help string) prometheus.CounterOpts {
	return prometheus.CounterOpts{Namespace: "demarc", Subsystem: "webhook", Name: name, Help: help}
}

func gauge(name, help string) prometheus.GaugeOpts {
	return prometheus.GaugeOpts{Namespace: "demarc", Subsystem: "webhook", Name: name, Help: help}
}

func newMetricSet(s *Server) *metricSet {
	m := &metricSet{
		requests: prometheus.NewCounterVec(counter("requests_total", "Requests answered, by HTTP status."), []string{"code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "demarc", Subsystem: "webhook", Name: "request_duration_seconds",
			Help: "Time from the header of a request to its answer, for requests that reached a handler.",
			Buckets: []float64{
				0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
			},
		}),
		sheds:           prometheus.NewCounterVec(counter("shed_total", "Requests and connections turned away for want of room, by what was short."), []string{"reason"}),
		panics:          prometheus.NewCounter(counter("panics_total", "Panics recovered while answering requests.")),
		handshakeErrors: prometheus.NewCounter(counter("tls_handshake_errors_total", "TLS handshakes that failed.")),
		notAfter:        prometheus.NewGauge(gauge("certificate_not_after_seconds", "When the certificate in use expires, in Unix time; 0 if there is none.")),
		reloadErrors:    prometheus.NewCounter(counter("certificate_reload_errors_total", "Attempts to read the certificate files that failed while a certificate was in use.")),
	}
	m.shed = &shedCounters{
		inFlight:    m.sheds.WithLabelValues("in_flight"),
		bytes:       m.sheds.WithLabelValues("bytes"),
		connections: m.sheds.WithLabelValues("connections"),
		address:     m.sheds.WithLabelValues("address"),
		handshakes:  m.sheds.WithLabelValues("handshakes"),
	}
	for _, code := range []int{
		http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestTimeout,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusInternalServerError, http.StatusServiceUnavailable,
	} {
		m.requestCodes[code] = m.requests.WithLabelValues(strconv.Itoa(code))
	}
	m.live = []prometheus.Collector{
		prometheus.NewGaugeFunc(gauge("in_flight", "Requests whose handler runs."), func() float64 {
			return float64(s.inFlight.used.Load())
		}),
		prometheus.NewGaugeFunc(gauge("body_bytes", "Memory held by requests, of the byte budget."), func() float64 {
			return float64(s.buffers.budget.used.Load())
		}),
		prometheus.NewGaugeFunc(gauge("connections", "Open connections, idle ones included."), func() float64 {
			return float64(s.connections.current())
		}),
	}
	return m
}

// request counts an answer.
func (m *metricSet) request(code int) {
	if code < len(m.requestCodes) && m.requestCodes[code] != nil {
		m.requestCodes[code].Inc()
		return
	}
	m.requests.WithLabelValues(strconv.Itoa(code)).Inc()
}

func (m *metricSet) collectors() []prometheus.Collector {
	return append(m.live, m.requests, m.duration, m.sheds, m.panics, m.handshakeErrors, m.notAfter, m.reloadErrors)
}
