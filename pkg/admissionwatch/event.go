// SPDX-License-Identifier: Apache-2.0

package admissionwatch

import (
	"context"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/event"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// Controller is who writes the Events.
const Controller = "demarc.dev/admission-watch"

// event tells of a finding in the cluster.
func (w *Watch) event(ctx context.Context, v admissionconfig.Verdict) {
	kind := corev1.EventTypeWarning
	if v.AtMost == policy.Audit {
		kind = corev1.EventTypeNormal
	}
	writer := event.Writer{Client: w.Client, Controller: Controller, Action: "Judge"}
	err := writer.Write(ctx, event.Event{Type: kind, Reason: reason(v.Class), Note: note(v),
		About: corev1.ObjectReference{APIVersion: admissionregistrationv1.SchemeGroupVersion.String(), Kind: string(v.Configuration.Kind),
			Name: v.Configuration.Name, UID: v.Configuration.UID}})
	if err != nil && ctx.Err() == nil {
		w.Logger.Error(err, "write event")
		w.Metrics.failures.Inc()
	}
}

// reason is a class as Events spell reasons: FailsClosedOnItself.
func reason(c admissionconfig.Class) string {
	var b strings.Builder
	for word := range strings.SplitSeq(string(c), "-") {
		switch word {
		case "ca", "url":
			b.WriteString(strings.ToUpper(word))
		default:
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

func note(v admissionconfig.Verdict) string {
	text := v.Message + "; " + v.Fix
	if v.Path != nil {
		text = v.Path.String() + ": " + text
	}
	if v.Doubt != "" {
		text += " (in doubt: " + v.Doubt + ")"
	}
	return text
}
