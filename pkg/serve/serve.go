// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/demarc-dev/demarc/pkg/guard"
	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/reload"
	"github.com/demarc-dev/demarc/pkg/webhook"
	"github.com/demarc-dev/demarc/pkg/webhook/server"
)

// Run serves until the context ends and every request in hand is answered. The rules and the profile are given by the
// caller, so that this package knows none.
func Run(ctx context.Context, rules []policy.Rule, profile *provider.Profile, o Options) error {
	return run(ctx, rules, profile, o, crmetrics.Registry)
}

func run(ctx context.Context, rules []policy.Rule, profile *provider.Profile, o Options, registry prometheus.Registerer) error {
	o.setDefaults()
	if err := o.validate(); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	counters := metrics.New(registry)
	source := &reload.Source{File: o.ConfigFile, Rules: rules, Profile: profile, Metrics: counters, Log: o.Logger.WithName("configuration")}
	engine, err := source.Load(time.Now())
	if err != nil {
		return err
	}
	clients, err := kubernetes.NewForConfig(o.REST)
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	watch := guard.NewMetrics(registry)
	keeper := newGuard(o, clients, profile, watch)
	srv, err := newServer(o, keeper, registry)
	if err != nil {
		return err
	}
	mgr, err := newManager(o, srv)
	if err != nil {
		return err
	}
	watcher, err := webhook.NewWatcher(o.REST, profile, o.Logger.WithName("watch"))
	if err != nil {
		return err
	}
	handler := webhook.NewHandler(engine, watcher,
		webhook.AccessReviewer{Reviews: clients.AuthorizationV1().SubjectAccessReviews()}, counters, o.Logger.WithName(webhook.LoggerName))
	srv.Handle(registration.CustomersPath, handler)
	srv.Handle(registration.ManagedPath, handler)
	source.Use = handler.Use
	// The manager runs the server that it was given only once somebody asks for it, and stops it last: the drain begins at
	// once, so that no endpoint is left behind that still says it is ready.
	mgr.GetWebhookServer()
	context.AfterFunc(ctx, srv.Drain)
	err = errors.Join(
		watchOver(mgr, keeper, o, clients, watch, handler, watcher),
		mgr.Add(watcher),
		mgr.Add(everywhere(func(ctx context.Context) error { return source.Follow(ctx, o.ConfigInterval) })),
		mgr.Add(everywhere(func(ctx context.Context) error { return checkMatches(ctx, rules, clients.Discovery(), counters, o) })),
		mgr.AddHealthzCheck("process", healthz.Ping),
		mgr.AddReadyzCheck("webhook", srv.ReadyChecker()),
		mgr.AddReadyzCheck("watches", func(*http.Request) error { return synced(watcher) }))
	if err != nil {
		return fmt.Errorf("set up manager: %w", err)
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

func synced(w *webhook.Watcher) error {
	if !w.Synced() {
		return errors.New("namespaces are not known yet")
	}
	return nil
}

func newServer(o Options, g *guard.Guard, registry prometheus.Registerer) (*server.Server, error) {
	options := server.Options{Host: o.Host, Port: o.Port, CertDir: o.CertDir, Timeout: o.Timeout, DrainDelay: o.DrainDelay,
		TLSMinVersion: tls.VersionTLS13, Logger: o.Logger.WithName("server"), Metrics: registry}
	if o.AllowTLS12 {
		options.TLSMinVersion = tls.VersionTLS12
	}
	if o.CertificateSecret != "" {
		options.CertInterval = ownCertInterval
	}
	if g != nil {
		options.CABundle, options.ServerName = g.CABundle, o.host()
	}
	return server.New(options)
}

func newManager(o Options, srv *server.Server) (manager.Manager, error) {
	// The budget for stopping must outlast the drain, or the manager would give up on requests in hand.
	budget := o.DrainDelay + o.Timeout + 15*time.Second
	mgr, err := ctrl.NewManager(o.REST, manager.Options{
		Scheme: runtime.NewScheme(), Logger: o.Logger, WebhookServer: srv,
		Metrics:                metricsserver.Options{BindAddress: o.MetricsAddress},
		HealthProbeBindAddress: o.ProbeAddress, GracefulShutdownTimeout: &budget,
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

// checkMatches says at start which resources that rules match the API server does not serve. It stops nothing: the
// other rules still guard.
func checkMatches(ctx context.Context, rules []policy.Rule, client discovery.DiscoveryInterface, m *metrics.Metrics, o Options) error {
	_, served, err := client.ServerGroupsAndResources()
	if err != nil {
		// One broken aggregated API makes this an error although the rest is there.
		o.Logger.Error(err, "list what the API server serves")
	}
	if len(served) > 0 {
		problems := registration.Unreachable(rules, served)
		m.Unmatched(len(problems))
		for _, p := range problems {
			o.Logger.Info("rule is blind", "problem", p)
		}
	}
	<-ctx.Done()
	return nil
}
