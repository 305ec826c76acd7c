// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/review"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/pkg/webhook"
	"github.com/demarc-dev/demarc/pkg/webhook/server"
	"github.com/demarc-dev/demarc/test/certs"
	"github.com/demarc-dev/demarc/test/cluster"
)

// gvr names a resource in the version that demarc reads it in.
func gvr(r object.Resource) schema.GroupVersionResource {
	if r.Version == object.AnyVersion {
		r.Version = anyVersion
	}
	return schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Plural}
}

// installed is demarc, served by the real server and registered with the real API server.
type installed struct {
	mu    sync.Mutex
	seen  []seen
	found []string // the rules that found something, as the log tells

	handler *webhook.Handler
}

// seen is one request that the API server sent, and where to.
type seen struct {
	path    string
	request review.Request
}

// install serves the handler of an engine and registers it for as long as the test runs.
func install(t *testing.T, cfg *v1alpha1.Configuration) *installed {
	t.Helper()
	i := &installed{}
	return i.install(t, cfg, funcr.New(i.note, funcr.Options{}))
}

// install serves with a log of the caller's.
func (i *installed) install(t *testing.T, cfg *v1alpha1.Configuration, log logr.Logger) *installed {
	t.Helper()
	e, err := engine.New(rules.All(), provider.AKS(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	watcher, err := webhook.NewWatcher(shared.Config, provider.AKS(), logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(shared.Config)
	if err != nil {
		t.Fatal(err)
	}
	h := webhook.NewHandler(e, watcher, webhook.AccessReviewer{Reviews: client.AuthorizationV1().SubjectAccessReviews()},
		metrics.New(prometheus.NewRegistry()), log)
	i.handler = h
	dir, port := t.TempDir(), freePort(t)
	ca, err := certs.Write(dir, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Options{Host: "127.0.0.1", Port: port, CertDir: dir, DrainDelay: time.Millisecond,
		Logger: logr.Discard(), Metrics: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	srv.Handle(registration.CustomersPath, i.record(registration.CustomersPath, h))
	srv.Handle(registration.ManagedPath, i.record(registration.ManagedPath, h))
	run(t, srv.Start, watcher.Start)
	eventually(t, func() bool { return srv.ReadyChecker()(nil) == nil && watcher.Settled() })
	register(t, client, registration.Options{URL: "https://127.0.0.1:" + strconv.Itoa(port), CABundle: ca})
	i.await(t)
	return i
}

// run starts things that stop with the test.
func run(t *testing.T, starts ...func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, start := range starts {
		wg.Go(func() {
			if err := start(ctx); err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	t.Cleanup(func() { cancel(); wg.Wait() })
}

func (i *installed) record(path string, next server.Handler) server.Handler {
	return server.HandlerFunc(func(ctx context.Context, body, response []byte) ([]byte, error) {
		if r, err := review.Decode(append([]byte{}, body...)); err == nil {
			i.mu.Lock()
			i.seen = append(i.seen, seen{path, *r})
			i.mu.Unlock()
		}
		return next.ServeReview(ctx, body, response)
	})
}

// drain returns what was seen since the last call.
func (i *installed) drain() []seen {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := i.seen
	i.seen = nil
	return s
}

// note keeps the rule that a line of the log names.
func (i *installed) note(_, line string) {
	_, rest, ok := strings.Cut(line, `"rule"="`)
	if !ok {
		return
	}
	rule, _, _ := strings.Cut(rest, `"`)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.found = append(i.found, rule)
}

// finders returns the rules that found something since the last call.
func (i *installed) finders() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	f := i.found
	i.found = nil
	return f
}

func register(t *testing.T, client kubernetes.Interface, o registration.Options) {
	t.Helper()
	configurations := client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	for _, c := range registration.Build(rules.All(), provider.AKS(), o) {
		if _, err := configurations.Create(t.Context(), c, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := configurations.Delete(context.Background(), c.Name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// await asks until the webhook is called: the API server reads registrations from a watch of its own.
func (i *installed) await(t *testing.T) {
	t.Helper()
	for namespace, path := range map[string]string{"shop": registration.CustomersPath, "kube-system": registration.ManagedPath} {
		client := objects(t, object.Pods, namespace, cluster.Tenant, "system:authenticated")
		eventually(t, func() bool {
			// What becomes of it does not matter, only whether it came.
			_, _ = client.Create(t.Context(), probe(object.Pods, namespace), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			return slices.ContainsFunc(i.drain(), func(s seen) bool { return s.path == path })
		})
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("not within 30 s")
}

// strict has every rule on Deny, so that one table of fixtures serves all.
func strict() *v1alpha1.Configuration {
	cfg := v1alpha1.Default()
	cfg.Rules = map[policy.ID]v1alpha1.Rule{}
	for _, r := range rules.All() {
		cfg.Rules[r.ID] = v1alpha1.Rule{Mode: policy.Deny}
	}
	return cfg
}
