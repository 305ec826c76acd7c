// SPDX-License-Identifier: Apache-2.0

// Package enforcer keeps other people's webhooks away from the provider's namespaces where the provider's own enforcer
// doesn't: it adds the terms that are missing to the namespace selectors of webhook configurations. It gives up where
// somebody sets them back, and stands aside where the provider's enforcer is at work.
package enforcer

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	informers "k8s.io/client-go/informers/admissionregistration/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// Options of an Enforcer. Exempt and DryRun may be left out.
type Options struct {
	Client  kubernetes.Interface
	Profile *provider.Profile
	// Exempt are names of configurations that are left as they are, exact or ending in "*".
	Exempt []string
	// DryRun only says what would be written.
	DryRun   bool
	Patience Patience
	Metrics  *Metrics
	Logger   logr.Logger
}

const (
	// aside is how long the enforcer stands aside after it last saw the provider's.
	aside = 24 * time.Hour
	// resync is how often every configuration is looked at without a change.
	resync = 10 * time.Minute
	// writeTimeout bounds one write.
	writeTimeout = 10 * time.Second
)

// Enforcer watches the webhook configurations of a cluster and completes their namespace selectors.
type Enforcer struct {
	Options
	queue  workqueue.TypedRateLimitingInterface[key]
	stores map[string]cache.Store
	// What follows belongs to the one worker.
	fights  fights
	told    map[key]string // of a dry run: for which webhooks an Event was written
	foreign time.Time      // when the provider's enforcer was last seen
}

// New returns an enforcer.
func New(o Options) *Enforcer {
	if o.Patience == (Patience{}) {
		o.Patience = DefaultPatience()
	}
	return &Enforcer{Options: o, fights: fights{o.Patience, map[key]*fight{}}, told: map[key]string{}}
}

// NeedLeaderElection is true: of two that write, each would take the other for somebody else.
func (e *Enforcer) NeedLeaderElection() bool { return true }

// Start works until the context ends.
func (e *Enforcer) Start(ctx context.Context) error {
	e.queue = workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[key](time.Second, 5*time.Minute))
	watches := map[string]cache.SharedIndexInformer{
		validating: informers.NewValidatingWebhookConfigurationInformer(e.Client, resync, cache.Indexers{}),
		mutating:   informers.NewMutatingWebhookConfigurationInformer(e.Client, resync, cache.Indexers{}),
	}
	e.stores = map[string]cache.Store{}
	var synced []cache.InformerSynced
	for kind, w := range watches {
		if err := w.SetTransform(slim); err != nil {
			return err
		}
		added, err := w.AddEventHandler(e.handler(kind))
		if err != nil {
			return err
		}
		e.stores[kind] = w.GetStore()
		synced = append(synced, added.HasSynced)
		go w.Run(ctx.Done())
	}
	// Nothing is written before everything is known: the provider's enforcer may have left its name on the last one.
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		return nil
	}
	e.Logger.Info("enforcing", "dryRun", e.DryRun, "exempt", e.Exempt)
	e.lookForProvider(ctx, time.Now())
	stop := context.AfterFunc(ctx, e.queue.ShutDown)
	defer stop()
	for e.next(ctx) {
	}
	return nil
}

func (e *Enforcer) handler(kind string) cache.ResourceEventHandler {
	add := func(o any) {
		if name, err := cache.DeletionHandlingMetaNamespaceKeyFunc(o); err == nil {
			e.queue.Add(key{kind, name})
		}
	}
	return cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, o any) { add(o) }, DeleteFunc: add}
}

func (e *Enforcer) next(ctx context.Context) bool {
	k, stopped := e.queue.Get()
	if stopped {
		return false
	}
	defer e.queue.Done(k)
	err := e.look(ctx, k, time.Now())
	switch {
	case err == nil:
		e.queue.Forget(k)
	case ctx.Err() != nil:
	case apierrors.IsConflict(err) || apierrors.IsNotFound(err):
		// The cache is behind; the change that is on its way brings us back here. It may be lost to a resync, so try again too.
		e.queue.AddRateLimited(k)
	default:
		e.Metrics.failures.Inc()
		e.Logger.Error(err, "complete selectors", "kind", k.kind, "name", k.name)
		e.queue.AddRateLimited(k)
	}
	return true
}

// live returns a configuration as the cache has it; nil if it is gone.
func (e *Enforcer) live(k key) *configuration {
	o, ok, err := e.stores[k.kind].GetByKey(k.name)
	if err != nil || !ok {
		return nil
	}
	return read(o)
}

// look does what has to be done about one configuration.
func (e *Enforcer) look(ctx context.Context, k key, now time.Time) error {
	c := e.live(k)
	if c == nil {
		e.Metrics.forget(k)
		delete(e.told, k)
		return nil
	}
	if e.standsAside(ctx, c, now) {
		e.Metrics.forget(k)
		return nil
	}
	if why := c.untouchable(e.Profile, e.Exempt); why != "" {
		e.Logger.V(1).Info("left as it is", "kind", k.kind, "name", k.name, "why", why)
		e.Metrics.forget(k)
		return nil
	}
	p := c.plan(e.Profile)
	if len(p.missing) == 0 {
		e.fights.settled(k, now)
		delete(e.told, k)
		e.Metrics.forget(k)
		if p.release && !e.DryRun {
			return e.apply(ctx, c, p.apply)
		}
		return nil
	}
	e.Metrics.pending.WithLabelValues(k.kind, k.name).Set(float64(len(p.missing)))
	if e.DryRun {
		e.tell(ctx, c, p.missing)
		return nil
	}
	return e.complete(ctx, c, p, now)
}

// complete writes, unless somebody would only set it back.
func (e *Enforcer) complete(ctx context.Context, c *configuration, p plan, now time.Time) error {
	s := e.fights.meet(c.key, p.missing, now)
	if s.reverted {
		e.Metrics.reverts.WithLabelValues(c.kind).Inc()
	}
	if !s.write {
		e.Metrics.alone.WithLabelValues(c.kind, c.name).Set(1)
		e.queue.AddAfter(c.key, s.until.Sub(now))
		if s.gaveUp {
			e.giveUp(ctx, c, p.missing, s.until)
		}
		return nil
	}
	e.Metrics.alone.DeleteLabelValues(c.kind, c.name)
	if err := e.apply(ctx, c, p.apply); err != nil {
		return err
	}
	e.fights.wrote(c.key, p.missing, now)
	e.Metrics.rewrites.WithLabelValues(c.kind).Inc()
	e.wrote(ctx, c, p.missing)
	return nil
}

// apply makes the enforcer hold these selectors, and no others. Force takes them from whoever holds them now; that the
// object is the one that was read is a condition all the same.
func (e *Enforcer) apply(ctx context.Context, c *configuration, hooks []hook) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	patch, err := c.patch(hooks)
	if err != nil {
		return err
	}
	o := metav1.PatchOptions{FieldManager: FieldManager, Force: new(true)}
	api := e.Client.AdmissionregistrationV1()
	switch c.kind {
	case validating:
		_, err = api.ValidatingWebhookConfigurations().Patch(ctx, c.name, types.ApplyPatchType, patch, o)
	case mutating:
		_, err = api.MutatingWebhookConfigurations().Patch(ctx, c.name, types.ApplyPatchType, patch, o)
	default:
		err = errors.New("no such kind")
	}
	return err
}
