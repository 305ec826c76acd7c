// SPDX-License-Identifier: Apache-2.0

package enforcer

import (
	"context"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/event"
)

// The reasons of Events.
const (
	lacksTerms = "SelectorLacksTerms" // in a dry run
	completed  = "SelectorCompleted"
	leftAlone  = "SelectorLeftAlone"
	stoodAside = "EnforcerStandsAside"
)

// event tells of a configuration in the cluster.
func (e *Enforcer) event(ctx context.Context, c *configuration, kind, reason, note string) {
	w := event.Writer{Client: e.Client, Controller: "demarc.dev/enforcer", Action: "Enforce"}
	err := w.Write(ctx, event.Event{Type: kind, Reason: reason, Note: note,
		About: corev1.ObjectReference{APIVersion: admissionregistrationv1.SchemeGroupVersion.String(), Kind: c.kind, Name: c.name,
			UID: c.meta.UID, ResourceVersion: c.meta.ResourceVersion}})
	if err != nil && ctx.Err() == nil {
		e.Logger.Error(err, "write event")
	}
}
