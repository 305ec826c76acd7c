// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/demarc-dev/demarc/pkg/certificates"
	"github.com/demarc-dev/demarc/pkg/guard"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/webhook"
)

// host is what the API server asks the certificate for.
func (o *Options) host() string { return o.Service + "." + o.Namespace + ".svc" }

// newGuard returns what watches over the registrations; nil where nobody said what they should be.
func newGuard(o Options, client kubernetes.Interface, profile *provider.Profile, metrics *guard.Metrics) *guard.Guard {
	if o.RegistrationDir == "" {
		return nil
	}
	log := o.Logger.WithName("guard")
	g := guard.Options{
		Client: client, Names: []string{registration.Customers, registration.Managed}, Dir: o.RegistrationDir,
		Exempts: profile.Marks.Exempts.Key, CertFile: filepath.Join(o.CertDir, corev1.TLSCertKey), Host: o.host(),
		Interval: o.GuardInterval, Metrics: metrics, Logger: log,
	}
	if o.CertificateSecret != "" {
		policy := certificates.DefaultPolicy(o.host(), o.host()+".cluster.local")
		policy.LeafLife = cmp.Or(o.LeafLife, policy.LeafLife)
		policy.AuthorityLife = cmp.Or(o.AuthorityLife, policy.AuthorityLife)
		policy.Settle = cmp.Or(o.Settle, policy.Settle)
		g.Certificates = &guard.Certificates{Client: client, Namespace: o.Namespace, Secret: o.CertificateSecret, Dir: o.CertDir,
			Policy: policy, Metrics: metrics, Logger: log}
	}
	return guard.New(g)
}

// watchOver adds the guard and the canary to the manager.
func watchOver(mgr manager.Manager, g *guard.Guard, o Options, client kubernetes.Interface, metrics *guard.Metrics, h *webhook.Handler,
	w *webhook.Watcher) error {
	var errs []error
	if g != nil {
		errs = append(errs, mgr.Add(g), mgr.AddReadyzCheck("registrations", func(*http.Request) error {
			if !g.Looked() {
				return errors.New("it is not known yet whether the API server trusts us")
			}
			return nil
		}))
	}
	if o.CanaryInterval > 0 {
		errs = append(errs, mgr.Add(everywhere(func(ctx context.Context) error { return runCanary(ctx, o, client, metrics, h, w) })))
	}
	return errors.Join(errs...)
}

// runCanary asks who we are, so that the webhook knows its own canary, and then sends it.
func runCanary(ctx context.Context, o Options, client kubernetes.Interface, metrics *guard.Metrics, h *webhook.Handler, w *webhook.Watcher) error {
	log := o.Logger.WithName("canary")
	for {
		account, err := guard.Account(ctx, client)
		if err == nil {
			h.KnowCanary(account)
			break
		}
		if ctx.Err() != nil {
			return nil
		}
		log.Error(err, "the canary waits")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(o.CanaryInterval):
		}
	}
	canary := &guard.Canary{REST: o.REST, Namespaces: func() []string { return w.Judged(o.Namespace, judgesManaged(o)) }, Prefix: registration.CanaryPrefix,
		Interval: o.CanaryInterval, Metrics: metrics, Logger: log}
	return canary.Start(ctx)
}

// judgesManaged says whether the registration for the provider's namespaces is installed; where nobody says, it is.
func judgesManaged(o Options) bool {
	if o.RegistrationDir == "" {
		return true
	}
	_, err := os.Stat(filepath.Join(o.RegistrationDir, registration.Managed+".yaml"))
	return !errors.Is(err, os.ErrNotExist)
}
