// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/load"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/rig"
)

const (
	// objects is over how many ConfigMaps the updates are spread: so many that two updates of one never overlap, however slow
	// they get. The API server would make the later one again from the start, with another call of each webhook, and the
	// more so the slower everything is.
	objects = 3000
	// makers is how many are made at once.
	makers = 16
	// customersWebhook is the webhook that judges the writes.
	customersWebhook = "customers.demarc.dev"
	// patience is how long a write may take; the API server itself waits 3 s for demarc.
	patience = 15 * time.Second
	// longest is how long a run can be at most.
	longest = 2 * time.Hour
	inHand  = 2000
)

// checkRegistration sees that a write fails if demarc does not answer. Where it is let through, nobody would notice.
func (b *bench) checkRegistration(ctx context.Context) error {
	c, err := b.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, registration.Customers, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("find demarc's registration: %w", err)
	}
	for _, w := range c.Webhooks {
		if w.Name == customersWebhook && w.FailurePolicy != nil && *w.FailurePolicy == admissionregistrationv1.Fail {
			return nil
		}
	}
	return fmt.Errorf("webhook %s does not fail closed: install the chart with registration.customers.failurePolicy=Fail", customersWebhook)
}

// prepare makes what is written to.
func (b *bench) prepare(ctx context.Context) error {
	if err := rig.MakeNamespace(ctx, b.client, b.namespace, nil); err != nil {
		return err
	}
	b.Cleanup(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return b.client.CoreV1().Namespaces().Delete(ctx, b.namespace, metav1.DeleteOptions{})
	})
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(makers)
	for i := range objects {
		group.Go(func() error {
			_, err := b.client.CoreV1().ConfigMaps(b.namespace).Create(ctx, b.configMap(i), metav1.CreateOptions{})
			return err
		})
	}
	return group.Wait()
}

func (b *bench) configMap(i int) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("written-", i%objects), Namespace: b.namespace},
		Data: map[string]string{"n": fmt.Sprint(i)}}
}

// writing is the load, and what has failed so far.
type writing struct {
	began  time.Time
	cancel context.CancelFunc
	done   chan struct{}
	flow   *load.Flow

	mu       sync.Mutex
	marks    []mark
	stolen   func() float64 // since the last mark
	failures []failure
}

// mark is the beginning of a disturbance.
type mark struct {
	kind   string
	at     time.Duration
	stolen int // percent of the machine's time that its hypervisor gave to others, until all was well again
}

// failure is a write that failed, and when it did.
type failure struct {
	at    time.Duration
	cause string
	err   error
}

// startWriting asks in turn for a real update of a ConfigMap and for a dry-run create of a DaemonSet.
func (b *bench) startWriting(ctx context.Context) (*writing, error) {
	set, err := benchmark.DaemonSet()
	if err != nil {
		return nil, err
	}
	set.Namespace = b.namespace
	until, cancel := context.WithCancel(ctx)
	w := &writing{began: time.Now(), cancel: cancel, done: make(chan struct{})}
	write := func(ctx context.Context, i int) error {
		if i%2 == 0 {
			_, err := b.client.CoreV1().ConfigMaps(b.namespace).Update(ctx, b.configMap(i), metav1.UpdateOptions{})
			return err
		}
		_, err := b.client.AppsV1().DaemonSets(b.namespace).Create(ctx, set, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	go func() {
		defer close(w.done)
		w.flow = load.Open(until, b.rate, longest, inHand, func(_ context.Context, i int) (load.Outcome, error) {
			// The end of the load is no reason to hang up on what is under way.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			defer cancel()
			err := write(ctx, i)
			if err == nil {
				return load.Right, nil
			}
			w.fail(err)
			return load.Wrong, err
		})
	}()
	return w, nil
}

func (w *writing) stop() {
	w.cancel()
	<-w.done
}

func (w *writing) mark(kind string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.marks = append(w.marks, mark{kind: kind, at: time.Since(w.began)})
	w.stolen = process.Steal()
}

// settled ends the last mark, and tells what came of it.
func (w *writing) settled() string {
	failed := w.failedSince()
	w.mu.Lock()
	defer w.mu.Unlock()
	last := &w.marks[len(w.marks)-1]
	last.stolen = int(100*w.stolen() + 0.5)
	return fmt.Sprintf("%s: %d failed; steal %d %%", last.kind, failed, last.stolen)
}

func (w *writing) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures = append(w.failures, failure{time.Since(w.began), causeOf(err), err})
}

// failedSince counts the failures since the last mark.
func (w *writing) failedSince() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, f := range w.failures {
		if f.at >= w.marks[len(w.marks)-1].at {
			n++
		}
	}
	return n
}

// causes are told by what the API server says of a call that failed; the first that fits counts.
var causes = []struct{ text, cause string }{
	{"no endpoints available", "no endpoint"},
	{"connection refused", "connection refused"},
	{"connection reset", "connection reset"},
	{"no route to host", "no route"},
	{"i/o timeout", "connection timed out"},
	{"x509", "certificate"},
	{"tls:", "TLS"},
	{"context canceled", "canceled"},
	{"context deadline exceeded", "no answer in time"},
	{"request canceled", "no answer in time"},
	{"too many", "turned away"},
	{"EOF", "closed without an answer"},
}

// causeOf tells the failures of a call apart from what else a write may fail for.
func causeOf(err error) string {
	if !strings.Contains(err.Error(), "failed calling webhook") {
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return "the API server: no answer"
		case apierrors.IsForbidden(err):
			return "refused"
		}
		return "the API server: " + string(apierrors.ReasonForError(err))
	}
	for _, c := range causes {
		if strings.Contains(err.Error(), c.text) {
			return c.cause
		}
	}
	return "other"
}
