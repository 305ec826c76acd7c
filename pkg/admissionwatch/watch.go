// SPDX-License-Identifier: Apache-2.0

// Package admissionwatch watches other people's webhook configurations in a cluster and tells within seconds what is wrong
// with a new or changed one: by a metric, an Event and a log line. It writes nothing but Events.
package admissionwatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/admissionconfig/live"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// The defaults of Options.
const (
	DefaultSettle   = time.Second
	DefaultInterval = time.Minute
)

// Options say what is watched and who is told.
type Options struct {
	// REST is how what surrounds the configurations is read; Client watches them, and writes Events.
	REST    *rest.Config
	Client  kubernetes.Interface
	Profile *provider.Profile
	// Own are demarc's registrations as they should be; nil if that isn't known.
	Own     []*admissionconfig.Hook
	Metrics *Metrics
	Logger  logr.Logger
	// Settle is how long after a change it is judged, so that several make one; Interval how often namespaces, Services and
	// certificates are looked at again without any change.
	Settle, Interval time.Duration
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// Watch judges the configurations of one cluster, again and again.
type Watch struct {
	Options
	reader *live.Reader
	// state is what surrounds the configurations, as it was read last, at the time of read.
	state *live.State
	read  time.Time
	// known are the findings of the last time; told says when an Event told of one last.
	known map[key]admissionconfig.Verdict
	told  map[key]time.Time
}

// New returns a watch that has not begun.
func New(o Options) (*Watch, error) {
	if o.REST == nil || o.Client == nil || o.Profile == nil || o.Metrics == nil {
		return nil, errors.New("watch webhook configurations: REST, Client, Profile and Metrics are needed")
	}
	if o.Settle <= 0 {
		o.Settle = DefaultSettle
	}
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	reader, err := live.New(o.REST)
	if err != nil {
		return nil, err
	}
	return &Watch{Options: o, reader: reader, known: map[key]admissionconfig.Verdict{}, told: map[key]time.Time{}}, nil
}

// NeedLeaderElection says that one of several processes is enough: each would write the same Events.
func (w *Watch) NeedLeaderElection() bool { return true }

// Start watches until the context ends. When it returns, nothing is shown as found any more.
func (w *Watch) Start(ctx context.Context) error {
	defer w.Metrics.clear()
	factory := informers.NewSharedInformerFactoryWithOptions(w.Client, 0, informers.WithTransform(lean))
	validating := factory.Admissionregistration().V1().ValidatingWebhookConfigurations()
	mutating := factory.Admissionregistration().V1().MutatingWebhookConfigurations()
	changed := make(chan struct{}, 1)
	for _, i := range []cache.SharedIndexInformer{validating.Informer(), mutating.Informer()} {
		if _, err := i.AddEventHandler(signal(changed)); err != nil {
			return fmt.Errorf("watch webhook configurations: %w", err)
		}
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	for _, i := range []cache.SharedIndexInformer{validating.Informer(), mutating.Informer()} {
		if !cache.WaitForCacheSync(ctx.Done(), i.HasSynced) {
			return nil
		}
	}
	list := func() admissionconfig.Set {
		return admissionconfig.Set{
			Validating: all[*admissionregistrationv1.ValidatingWebhookConfiguration](validating.Informer()),
			Mutating:   all[*admissionregistrationv1.MutatingWebhookConfiguration](mutating.Informer())}
	}
	again := time.NewTicker(w.Interval)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-again.C:
			w.state = nil // what surrounds them may have changed
		}
		if !sleep(ctx, w.Settle) {
			return nil
		}
		select { // what came meanwhile is judged with it
		case <-changed:
		default:
		}
		w.judge(ctx, list())
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// lean drops what no verdict asks for.
func lean(o any) (any, error) {
	if m, err := meta.Accessor(o); err == nil {
		m.SetManagedFields(nil)
	}
	return o, nil
}

func all[T any](i cache.SharedIndexInformer) []T {
	var list []T
	for _, o := range i.GetStore().List() {
		if c, ok := o.(T); ok {
			list = append(list, c)
		}
	}
	return list
}

// signal tells of changes that a verdict may hang on. A change of the managed fields alone is none.
func signal(changed chan<- struct{}) cache.ResourceEventHandlerFuncs {
	tell := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { tell() },
		DeleteFunc: func(any) { tell() },
		UpdateFunc: func(before, after any) {
			if differ(before, after) {
				tell()
			}
		},
	}
}
