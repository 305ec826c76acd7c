// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/event"
)

// event tells of a drift in the cluster. Of several replicas one writes it.
func (g *Guard) event(ctx context.Context, want, live *configuration, drifts []Drift) error {
	version := "gone"
	regarding := corev1.ObjectReference{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration", Name: want.Name}
	if live != nil {
		version, regarding.UID, regarding.ResourceVersion = live.ResourceVersion, live.UID, live.ResourceVersion
	}
	words := make([]string, len(drifts))
	for i, d := range drifts {
		words[i] = string(d)
	}
	w := event.Writer{Client: g.Client, Controller: "demarc.dev/guard", Action: "Watch"}
	return w.Write(ctx, event.Event{
		Type: corev1.EventTypeWarning, Reason: "RegistrationChanged", About: regarding,
		Note: fmt.Sprintf("demarc's registration %s is not as it was installed (%s): requests may go unjudged. "+
			"If nobody meant it, install it again: helm upgrade, or kubectl apply.", want.Name, strings.Join(words, ", ")),
		Key: fmt.Sprint(version, words, time.Now().Truncate(time.Minute).Unix()),
	})
}
