// SPDX-License-Identifier: Apache-2.0

package auditor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/openreports"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// loop audits again and again, on the replica that leads.
type loop struct {
	Options
	client  kubernetes.Interface
	store   store
	profile *provider.Profile
	metrics *Metrics

	engine  atomic.Pointer[engine.Engine]
	kicked  chan struct{}
	request atomic.Pointer[string] // what was last asked for, and not yet answered

	// last are the findings of the audit before, where no reports keep them; nil before the first.
	last *openreports.Known
	// reported says whether the last audit found an API for reports.
	reported bool
}

func newLoop(o Options, client kubernetes.Interface, profile *provider.Profile, metrics *Metrics) *loop {
	return &loop{Options: o, client: client, store: store{client}, profile: profile, metrics: metrics, kicked: make(chan struct{}, 1), reported: true}
}

func (l *loop) use(e *engine.Engine) { l.engine.Store(e) }

// kick asks for an audit. However often it is asked for meanwhile, it is one.
func (l *loop) kick() {
	select {
	case l.kicked <- struct{}{}:
	default:
	}
}

// Start audits at once, then on time and on demand, until the context ends.
func (l *loop) Start(ctx context.Context) error {
	var watching sync.WaitGroup
	watching.Go(func() { l.watchRequests(ctx) })
	defer watching.Wait()
	for {
		wait := l.interval()
		if err := l.audit(ctx); err != nil && ctx.Err() == nil {
			l.metrics.failures.Inc()
			l.Logger.Error(err, "audit failed")
			wait = min(wait, l.Retry)
		}
		if !l.sleep(ctx, l.Pause, nil) || !l.sleep(ctx, wait-l.Pause, l.kicked) {
			return nil
		}
	}
}

// interval is the time to the next audit, give or take a tenth: clusters that were installed together must not all ask at
// the same minute.
func (l *loop) interval() time.Duration {
	tenth := l.Every / 10
	return l.Every - tenth + rand.N(2*tenth+1)
}

// sleep waits, or until it is woken. It is false if the context has ended.
func (l *loop) sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// audit audits once, and tells of it by metrics, reports and Events. Reports that could not be written do not make it a
// failure: what was found is known.
func (l *loop) audit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	select { // whoever asked before now is served by this audit
	case <-l.kicked:
	default:
	}
	request := l.request.Load()
	start := time.Now()
	r, err := l.judge(ctx)
	if err != nil {
		return err
	}
	if len(r.Clusters) != 1 {
		return fmt.Errorf("the report is of %d clusters", len(r.Clusters))
	}
	l.metrics.audited(r, time.Since(start), time.Now())
	l.Logger.Info("audited", "seconds", time.Since(start).Seconds(), "objects", objects(r), "unread", len(r.Clusters[0].Unread))
	for _, u := range r.Clusters[0].Unread {
		l.Logger.Info("could not be read", "what", u.What, "why", u.Why)
	}
	if err := l.publish(ctx, r); err != nil && !errors.Is(err, context.Canceled) {
		l.metrics.reportFailures.Inc()
		l.Logger.Error(err, "keep reports up to date")
	}
	l.answer(ctx, request)
	return nil
}

// judge keeps a panic from ending the process: the next audit may do better, and the metrics say that this one did not.
func (l *loop) judge(ctx context.Context) (r *report.Report, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return l.Audit(ctx, l.engine.Load())
}

func objects(r *report.Report) int {
	n := 0
	for _, k := range r.Clusters[0].Kinds {
		n += k.Objects
	}
	return n
}
