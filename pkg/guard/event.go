// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// eventNamespace is where events about cluster-scoped objects stand.
const eventNamespace = metav1.NamespaceDefault

// event tells of a drift in the cluster. Its name is made from what it tells, so that of several replicas one writes it.
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
	id := fnv.New64a()
	fmt.Fprint(id, want.Name, version, words, time.Now().Truncate(time.Minute).Unix())
	host, err := os.Hostname()
	if err != nil {
		host = "demarc"
	}
	_, err = g.Client.EventsV1().Events(eventNamespace).Create(ctx, &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Name: fmt.Sprintf("%s.%x", want.Name, id.Sum64()), Namespace: eventNamespace},
		EventTime:           metav1.NowMicro(),
		ReportingController: "demarc.dev/guard", ReportingInstance: host,
		Action: "Watch", Reason: "RegistrationChanged", Type: corev1.EventTypeWarning, Regarding: regarding,
		Note: fmt.Sprintf("demarc's registration %s is not as it was installed (%s): requests may go unjudged. "+
			"If nobody meant it, install it again: helm upgrade, or kubectl apply.", want.Name, strings.Join(words, ", ")),
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
