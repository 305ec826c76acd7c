// SPDX-License-Identifier: Apache-2.0

package admissionwatch

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// Controller is who writes the Events.
const Controller = "demarc.dev/admission-watch"

// event tells of a finding in the cluster. Events about cluster-scoped objects stand in the namespace default.
func (w *Watch) event(ctx context.Context, v admissionconfig.Verdict) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	host, err := os.Hostname()
	if err != nil {
		host = "demarc"
	}
	kind := corev1.EventTypeWarning
	if v.AtMost == policy.Audit {
		kind = corev1.EventTypeNormal
	}
	name := strings.TrimRight(fmt.Sprintf("%.200s", v.Configuration.Name), ".-")
	_, err = w.Client.EventsV1().Events(metav1.NamespaceDefault).Create(ctx, &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s.%x", name, w.Now().UnixNano()), Namespace: metav1.NamespaceDefault},
		EventTime:  metav1.NewMicroTime(w.Now()), ReportingController: Controller, ReportingInstance: host,
		Action: "Judge", Reason: reason(v.Class), Type: kind, Note: note(v),
		Regarding: corev1.ObjectReference{APIVersion: admissionregistrationv1.SchemeGroupVersion.String(), Kind: string(v.Configuration.Kind),
			Name: v.Configuration.Name, UID: v.Configuration.UID},
	}, metav1.CreateOptions{})
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
	const longest = 1024 // the API server takes no more
	text := v.Message + "; " + v.Fix
	if v.Path != nil {
		text = v.Path.String() + ": " + text
	}
	if v.Doubt != "" {
		text += " (in doubt: " + v.Doubt + ")"
	}
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest-3], "") + "..."
	}
	return text
}
