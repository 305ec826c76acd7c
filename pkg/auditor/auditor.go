// SPDX-License-Identifier: Apache-2.0

package auditor

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/reload"
)

// Lease is the name of the Lease by which replicas agree on who audits.
const Lease = "demarc-auditor"

// Run audits until the context ends. The rules and the profile are given by the caller, so that this package knows none.
func Run(ctx context.Context, rules []policy.Rule, profile *provider.Profile, o Options) error {
	o.setDefaults()
	if err := o.validate(); err != nil {
		return fmt.Errorf("auditor: %w", err)
	}
	metrics := NewMetrics(o.Registry)
	source := &reload.Source{File: o.ConfigFile, Rules: rules, Profile: profile, Metrics: metrics, Log: o.Logger.WithName("configuration")}
	first, err := source.Load(time.Now())
	if err != nil {
		return err
	}
	cfg := rest.CopyConfig(o.REST)
	cfg.UserAgent = "demarc-auditor"
	clients, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	a := newLoop(o, clients, profile, metrics)
	a.use(first)
	source.Use = func(e *engine.Engine) {
		a.use(e)
		a.kick() // what the reports say follows from the configuration
	}
	mgr, err := newManager(cfg, o, clients)
	if err != nil {
		return err
	}
	err = errors.Join(
		mgr.Add(a),
		mgr.Add(everywhere(func(ctx context.Context) error { return source.Follow(ctx, o.ConfigInterval) })),
		mgr.AddHealthzCheck("process", healthz.Ping),
		mgr.AddReadyzCheck("process", healthz.Ping))
	for _, other := range o.Alongside {
		err = errors.Join(err, mgr.Add(other))
	}
	if err != nil {
		return fmt.Errorf("set up manager: %w", err)
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("auditor: %w", err)
	}
	return nil
}

func newManager(cfg *rest.Config, o Options, clients kubernetes.Interface) (manager.Manager, error) {
	// A lock of our own making writes no Events about who leads, and so needs no right to.
	lock := &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: Lease}, Client: clients.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: o.Identity}}
	mgr, err := ctrl.NewManager(cfg, manager.Options{
		Scheme: runtime.NewScheme(), Logger: o.Logger,
		Metrics:                metricsserver.Options{BindAddress: o.MetricsAddress},
		HealthProbeBindAddress: o.ProbeAddress,
		LeaderElection:         true, LeaderElectionResourceLockInterface: lock,
		// The process ends when it no longer leads, and an audit stops with its context: the next may begin at once.
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make manager: %w", err)
	}
	return mgr, nil
}

// everywhere is a runnable that needs no leader.
type everywhere func(context.Context) error

func (f everywhere) Start(ctx context.Context) error { return f(ctx) }
func (f everywhere) NeedLeaderElection() bool        { return false }
