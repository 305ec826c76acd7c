// SPDX-License-Identifier: Apache-2.0

package admissionwatch

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/admissionconfig/live"
)

const (
	// fresh is how old what surrounds configurations may be when one changes: an operator that fights for its
	// configuration must not make us list namespaces all the time.
	fresh = 15 * time.Second
	// quiet is how long no second Event tells of the same class of the same configuration.
	quiet = 10 * time.Minute
	// patience bounds one reading of the surroundings.
	patience = time.Minute
)

// key is what a finding is known by.
type key struct {
	class         admissionconfig.Class
	kind          admissionconfig.Kind
	configuration string
}

// differ says whether anything but bookkeeping changed.
func differ(before, after any) bool {
	a, err := meta.Accessor(before)
	if err != nil {
		return true
	}
	b, err := meta.Accessor(after)
	if err != nil {
		return true
	}
	if a.GetUID() != b.GetUID() || a.GetGeneration() != b.GetGeneration() {
		return true
	}
	return !maps.Equal(a.GetLabels(), b.GetLabels()) || !maps.Equal(a.GetAnnotations(), b.GetAnnotations()) ||
		a.GetGeneration() == 0 && !apiequality.Semantic.DeepEqual(before, after)
}

// judge says what is new and what is gone since the last time.
func (w *Watch) judge(ctx context.Context, set admissionconfig.Set) {
	order := func(a, b admissionconfig.Ref) int { return cmp.Compare(a.Name, b.Name) }
	hooks := set.Hooks()
	slices.SortStableFunc(hooks, func(a, b *admissionconfig.Hook) int { return order(a.Configuration, b.Configuration) })
	if err := w.look(ctx, set, hooks); err != nil {
		if ctx.Err() == nil {
			w.Logger.Error(err, "read what surrounds webhook configurations")
			w.Metrics.failures.Inc()
		}
		return
	}
	world := *w.state.World
	world.Now, world.Present, world.Own = w.Now(), live.Present(&set), w.Own
	counts := map[key]int{}
	now := map[key]admissionconfig.Verdict{}
	for _, v := range admissionconfig.Judge(w.state.Server, w.Profile, hooks, &world) {
		k := key{v.Class, v.Configuration.Kind, v.Configuration.Name}
		counts[k] += 1 + len(v.Others)
		if _, there := now[k]; !there {
			now[k] = v
		}
	}
	w.Metrics.show(counts)
	w.tell(ctx, now)
	w.known = now
}

// look reads what surrounds the configurations, unless that was done a moment ago and nothing new is asked.
func (w *Watch) look(ctx context.Context, set admissionconfig.Set, hooks []*admissionconfig.Hook) error {
	if w.state != nil && w.Now().Sub(w.read) < fresh && w.knows(hooks) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	state, err := w.reader.Around(ctx, set, w.Now())
	if err != nil {
		return err
	}
	for _, u := range state.Unread {
		w.Logger.V(1).Info("could not be read", "what", u.What, "why", u.Why)
	}
	w.state, w.read = state, w.Now()
	return nil
}

// knows says whether every Service that hooks name was there when it was looked for.
func (w *Watch) knows(hooks []*admissionconfig.Hook) bool {
	return !slices.ContainsFunc(hooks, func(h *admissionconfig.Hook) bool {
		return h.Client != nil && h.Client.Service != nil && !w.state.Knows(h.Client.Service.Namespace, h.Client.Service.Name)
	})
}

// tell writes log lines and Events of what is new, and log lines of what is gone.
func (w *Watch) tell(ctx context.Context, now map[key]admissionconfig.Verdict) {
	for _, k := range sorted(now) {
		if _, known := w.known[k]; known {
			continue
		}
		v := now[k]
		path := ""
		if v.Path != nil {
			path = v.Path.String()
		}
		w.Logger.Info("webhook finding", "class", k.class, "kind", k.kind, "configuration", k.configuration, "path", path,
			"message", v.Message, "fix", v.Fix, "doubt", v.Doubt)
		if last, told := w.told[k]; !told || w.Now().Sub(last) >= quiet {
			w.told[k] = w.Now()
			w.event(ctx, v)
		}
	}
	for _, k := range sorted(w.known) {
		if _, still := now[k]; !still {
			w.Logger.Info("webhook finding gone", "class", k.class, "kind", k.kind, "configuration", k.configuration)
		}
	}
	maps.DeleteFunc(w.told, func(k key, at time.Time) bool {
		_, still := now[k]
		return !still && w.Now().Sub(at) >= quiet
	})
}

func sorted[V any](m map[key]V) []key {
	return slices.SortedFunc(maps.Keys(m), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.configuration, b.configuration), cmp.Compare(a.kind, b.kind), cmp.Compare(a.class, b.class))
	})
}
