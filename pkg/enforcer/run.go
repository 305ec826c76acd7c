// SPDX-License-Identifier: Apache-2.0

package enforcer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// Lease is the name of the Lease by which one of several processes is chosen.
const Lease = "demarc-enforcer"

// Process is how the enforcer runs as a process of its own.
type Process struct {
	REST *rest.Config
	// Namespace holds the Lease.
	Namespace string
	Exempt    []string
	DryRun    bool
	Patience  Patience
	// MetricsAddress and ProbeAddress are where metrics and probes listen, without TLS; "0" for nowhere.
	MetricsAddress, ProbeAddress string
	Logger                       logr.Logger
}

// Run enforces until the context ends, or until another process is chosen.
func Run(ctx context.Context, profile *provider.Profile, p Process) error {
	return run(ctx, profile, p, crmetrics.Registry)
}

func run(ctx context.Context, profile *provider.Profile, p Process, registry prometheus.Registerer) error {
	if p.Namespace == "" {
		return errors.New("enforce: the namespace of the Lease is needed")
	}
	if err := p.Patience.validate(); err != nil {
		return fmt.Errorf("enforce: %w", err)
	}
	client, err := kubernetes.NewForConfig(p.REST)
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	lock, err := newLock(p, client)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(p.REST, manager.Options{
		Scheme: runtime.NewScheme(), Logger: p.Logger,
		LeaderElection: true, LeaderElectionResourceLockInterface: lock, LeaderElectionReleaseOnCancel: true,
		Metrics:                metricsserver.Options{BindAddress: p.MetricsAddress},
		HealthProbeBindAddress: p.ProbeAddress,
	})
	if err != nil {
		return fmt.Errorf("make manager: %w", err)
	}
	e := New(Options{Client: client, Profile: profile, Exempt: p.Exempt, DryRun: p.DryRun, Patience: p.Patience,
		Metrics: NewMetrics(registry), Logger: p.Logger.WithName("enforcer")})
	if err := errors.Join(mgr.Add(e), mgr.AddHealthzCheck("process", healthz.Ping), mgr.AddReadyzCheck("process", healthz.Ping)); err != nil {
		return fmt.Errorf("set up manager: %w", err)
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("enforce: %w", err)
	}
	return nil
}

// newLock makes the lock without the Events that the library would write into the Lease's namespace.
func newLock(p Process, client kubernetes.Interface) (resourcelock.Interface, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find a name for this process: %w", err)
	}
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, p.Namespace, Lease, client.CoreV1(), client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())})
	if err != nil {
		return nil, fmt.Errorf("make lock: %w", err)
	}
	return lock, nil
}

func (p Patience) validate() error {
	switch {
	case p == (Patience{}):
		return nil
	case p.Reverts < 1:
		return errors.New("it gives up after one revert at the earliest")
	case p.Within < time.Second || p.Pause < time.Second || p.LongestPause < p.Pause:
		return errors.New("times must be a second at least, and the longest pause no shorter than the first")
	}
	return nil
}
