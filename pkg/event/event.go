// SPDX-License-Identifier: Apache-2.0

// Package event writes Events about objects of the cluster: from demarc's processes to whoever describes the object.
package event

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
	"k8s.io/client-go/kubernetes"
)

const (
	// longestNote is how many bytes of a note the API server takes:
	// https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/apis/core/validation/events.go
	longestNote = 1024
	// longestName leaves room in an Event's name for what makes it unique.
	longestName = 200
	timeout     = 10 * time.Second
)

// Writer writes the Events of one controller.
type Writer struct {
	Client kubernetes.Interface
	// Controller and Action are what the Events say of who writes them and why: "demarc.dev/guard", "Watch".
	Controller, Action string
	// Instance is the process; the host's name if empty.
	Instance string
	// FieldManager is the name under which they are written; the client's own if empty.
	FieldManager string
}

// Event is one of them.
type Event struct {
	Type, Reason, Note string
	About              corev1.ObjectReference
	// Key names what is told: as long as the API server keeps an Event about the same object with the same key, no other
	// is written, whoever tells it. Without a key each is another.
	Key string
}

// Write writes an Event in the namespace of what it is about; those about cluster-scoped objects stand in "default". Of a note
// that is too long, the end is left out.
func (w Writer) Write(ctx context.Context, e Event) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	namespace := e.About.Namespace
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	now := time.Now()
	_, err := w.Client.EventsV1().Events(namespace).Create(ctx, &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: e.name(now)},
		EventTime:  metav1.NewMicroTime(now), ReportingController: w.Controller, ReportingInstance: w.instance(),
		Action: w.Action, Reason: e.Reason, Type: e.Type, Regarding: e.About, Note: cut(e.Note),
	}, metav1.CreateOptions{FieldManager: w.FieldManager})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (w Writer) instance() string {
	if w.Instance != "" {
		return w.Instance
	}
	host, err := os.Hostname()
	if err != nil {
		return "demarc"
	}
	return host
}

// name begins with the part that people recognise.
func (e Event) name(now time.Time) string {
	if e.Key == "" {
		return fmt.Sprintf("%s.%x", prefix(e.About.Name), now.UnixNano())
	}
	hash := fnv.New64a()
	fmt.Fprint(hash, e.Key, e.About.UID)
	return fmt.Sprintf("%s.%x", prefix(e.About.Name), hash.Sum64())
}

// prefix is the name of the object, or demarc's where it is long or, as names of some kinds do, holds what an Event's must
// not.
func prefix(name string) string {
	for i, c := range name {
		if i >= longestName || c != '-' && c != '.' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return "demarc"
		}
	}
	return name
}

// cut shortens a note to what the API server takes, and never within a character.
func cut(note string) string {
	if len(note) <= longestNote {
		return note
	}
	const ellipsis = "..."
	return strings.ToValidUTF8(note[:longestNote-len(ellipsis)], "") + ellipsis
}
