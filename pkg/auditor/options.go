// SPDX-License-Identifier: Apache-2.0

// Package auditor audits the cluster that it runs in: every hour and on demand, as the one leader among its replicas. It
// keeps the outcome as reports in the cluster, as metrics, and as Events on objects of the provider's.
package auditor

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/report"
)

// Options of the auditor process. The zero value of a field means its default.
type Options struct {
	// REST is how to reach the API server.
	REST *rest.Config
	// Audit audits the cluster by the engine in force. It must not write.
	Audit func(context.Context, *engine.Engine) (*report.Report, error)

	// Alongside runs beside the audits, in the one replica that leads.
	Alongside []manager.Runnable

	// ConfigFile is the configuration; empty for the defaults.
	ConfigFile string
	// ConfigInterval is how often the file is looked at, 5 s by default.
	ConfigInterval time.Duration

	// Namespace holds the Lease and the ConfigMap by which an audit is asked for.
	Namespace string
	// Identity tells replicas apart: the pod's name.
	Identity string
	// Every is how often to audit, an hour by default, give or take a tenth.
	Every time.Duration
	// Pause is the least time from the end of one audit to the next, 30 s by default, however often somebody asks.
	Pause time.Duration
	// Retry is how long to wait after an audit that failed: 5 minutes by default.
	Retry time.Duration
	// Timeout is how long an audit may take, half an hour by default.
	Timeout time.Duration

	// Events says whether new findings on the provider's objects are told by Events.
	Events bool
	// Owner is the ClusterRole that owns the reports, so that they go with it; empty for none.
	Owner string

	// MetricsAddress and ProbeAddress are where metrics and probes listen, without TLS; "0" for nowhere.
	MetricsAddress, ProbeAddress string
	// Registry takes the auditor's own metrics: by default the one that is served.
	Registry prometheus.Registerer

	Logger logr.Logger
}

func (o *Options) setDefaults() {
	o.ConfigInterval = cmp.Or(o.ConfigInterval, 5*time.Second)
	o.Every, o.Pause = cmp.Or(o.Every, time.Hour), cmp.Or(o.Pause, 30*time.Second)
	if o.Registry == nil {
		o.Registry = crmetrics.Registry
	}
	o.Retry, o.Timeout = cmp.Or(o.Retry, 5*time.Minute), cmp.Or(o.Timeout, 30*time.Minute)
}

// validate reports everything that is wrong with o.
func (o *Options) validate() error {
	var errs []error
	need := func(ok bool, problem string) {
		if !ok {
			errs = append(errs, errors.New(problem))
		}
	}
	need(o.Namespace != "", "the namespace of the Lease must be given")
	need(o.Identity != "", "replicas must have a name to be told apart by")
	need(o.Every >= time.Minute, "audits must be a minute apart, or more")
	return errors.Join(errs...)
}
