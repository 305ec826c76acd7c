// SPDX-License-Identifier: Apache-2.0

package enforcer

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// lookForProvider looks through everything for the provider's enforcer.
func (e *Enforcer) lookForProvider(ctx context.Context, now time.Time) {
	for _, store := range e.stores {
		for _, o := range store.List() {
			if c := read(o); c != nil {
				e.standsAside(ctx, c, now)
			}
		}
	}
}

// standsAside says whether the provider's enforcer is at work, going by its name on any configuration. The name goes when
// somebody takes the selector over, so it counts for a day.
func (e *Enforcer) standsAside(ctx context.Context, c *configuration, now time.Time) bool {
	before := e.isAside(now)
	manager := e.Profile.Marks.Enforcer.Manager
	if manager != "" && managedBy(c.meta, manager) {
		e.foreign = now
		if !before {
			e.Metrics.aside.Set(1)
			e.Metrics.pending.Reset()
			e.Metrics.alone.Reset()
			e.Logger.Info("standing aside: the provider's enforcer is at work", "manager", manager, "kind", c.kind, "name", c.name)
			e.event(ctx, c, corev1.EventTypeNormal, stoodAside, fmt.Sprintf(
				"%s, the provider's enforcer, wrote to this configuration: demarc's writes nothing while it is at work.", manager))
		}
		return true
	}
	if !before {
		e.Metrics.aside.Set(0)
	}
	return before
}

func (e *Enforcer) isAside(now time.Time) bool {
	return !e.foreign.IsZero() && now.Sub(e.foreign) < aside
}
