// SPDX-License-Identifier: Apache-2.0

package enforcer

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
)

// The reasons of Events.
const (
	lacksTerms = "SelectorLacksTerms" // in a dry run
	completed  = "SelectorCompleted"
	leftAlone  = "SelectorLeftAlone"
	stoodAside = "EnforcerStandsAside"
)

// event tells of a configuration in the cluster. Events about cluster-scoped objects stand in the namespace default.
func (e *Enforcer) event(ctx context.Context, c *configuration, kind, reason, note string) {
	const longest = 1024 // the API server takes no more
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	host, err := os.Hostname()
	if err != nil {
		host = "demarc"
	}
	name := strings.TrimRight(fmt.Sprintf("%.200s", c.name), ".-")
	_, err = e.Client.EventsV1().Events(metav1.NamespaceDefault).Create(ctx, &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s.%x", name, time.Now().UnixNano()), Namespace: metav1.NamespaceDefault},
		EventTime:  metav1.NowMicro(), ReportingController: "demarc.dev/enforcer", ReportingInstance: host,
		Action: "Enforce", Reason: reason, Type: kind, Note: fmt.Sprintf("%.*s", longest, note),
		Regarding: corev1.ObjectReference{APIVersion: admissionregistrationv1.SchemeGroupVersion.String(), Kind: c.kind, Name: c.name,
			UID: c.meta.UID, ResourceVersion: c.meta.ResourceVersion},
	}, metav1.CreateOptions{})
	if err != nil && ctx.Err() == nil {
		e.Logger.Error(err, "write event")
	}
}
