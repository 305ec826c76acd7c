// SPDX-License-Identifier: Apache-2.0

// Package servers serves what is compared, each as it would be served for real and with the same logger.
package servers

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/zapr"
	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/pkg/webhook"
	"github.com/demarc-dev/demarc/pkg/webhook/server"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/yardstick"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// The servers by name.
const (
	Demarc    = "demarc" // without an API server: the namespaces are those of the fixtures
	Yardstick = "yardstick"
)

// All returns the servers, for process.Child.
func All() map[string]process.Serve {
	return map[string]process.Serve{Demarc: serveDemarc, Yardstick: serveYardstick}
}

// drainDelay is short: nobody waits to be moved elsewhere.
const drainDelay = time.Millisecond

// logger writes JSON at level info, as operators do, and is controller-runtime's as well.
func logger() (logr.Logger, error) {
	z, err := zap.NewProduction()
	if err != nil {
		return logr.Logger{}, fmt.Errorf("make logger: %w", err)
	}
	log := zapr.NewLogger(z)
	ctrl.SetLogger(log)
	return log, nil
}

func serveYardstick(ctx context.Context, o process.Options) error {
	if _, err := logger(); err != nil {
		return err
	}
	return yardstick.Serve(ctx, o.Port, o.CertDir)
}

func serveDemarc(ctx context.Context, o process.Options) error {
	log, err := logger()
	if err != nil {
		return err
	}
	srv, err := server.New(server.Options{Host: "127.0.0.1", Port: o.Port, CertDir: o.CertDir, DrainDelay: drainDelay, Logger: log})
	if err != nil {
		return err
	}
	h, err := NewHandler(metrics.New(crmetrics.Registry), log)
	if err != nil {
		return err
	}
	srv.Handle(registration.CustomersPath, h)
	return srv.Start(ctx)
}

// NewHandler returns demarc's handler with every rule on, in the default configuration.
func NewHandler(m *metrics.Metrics, log logr.Logger) (*webhook.Handler, error) {
	e, err := engine.New(rules.All(), provider.AKS(), v1alpha1.Default())
	if err != nil {
		return nil, err
	}
	d, err := newDirectory()
	if err != nil {
		return nil, err
	}
	return webhook.NewHandler(e, d, nil, m, log), nil
}

// directory knows the namespaces of the fixtures, and does not change.
type directory struct {
	namespaces map[string]*corev1.Namespace
	cluster    *policy.ClusterFacts
}

var _ webhook.Directory = directory{}

func newDirectory() (directory, error) {
	d := directory{map[string]*corev1.Namespace{}, &policy.ClusterFacts{ServerVersion: fixtures.DefaultVersion}}
	docs, err := fixtures.Context()
	if err != nil {
		return d, err
	}
	for _, doc := range docs {
		ns := &corev1.Namespace{}
		if err := json.Unmarshal(doc, ns); err != nil {
			return d, fmt.Errorf("read the fixtures' namespaces: %w", err)
		}
		if ns.Kind == object.Namespaces.Kind {
			d.namespaces[ns.Name] = ns
		}
	}
	return d, nil
}

// Namespace implements webhook.Directory.
func (d directory) Namespace(name string) *corev1.Namespace { return d.namespaces[name] }

// Parent implements webhook.Directory.
func (directory) Parent(object.Resource, string, string) *object.Object { return nil }

// Owners implements webhook.Directory.
func (directory) Owners(*object.Object) []*object.Object { return nil }

// Cluster implements webhook.Directory.
func (d directory) Cluster() *policy.ClusterFacts { return d.cluster }
