// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func written(t *testing.T, client *fake.Clientset, namespace string) []eventsv1.Event {
	t.Helper()
	list, err := client.EventsV1().Events(namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func TestWrite(t *testing.T) {
	client := fake.NewClientset()
	w := Writer{Client: client, Controller: "demarc.dev/test", Action: "Test", Instance: "pod-1"}
	for _, e := range []Event{
		{Type: corev1.EventTypeWarning, Reason: "R", Note: "n", About: corev1.ObjectReference{Kind: "Node", Name: "n1", UID: "u"}},
		{Reason: "S", About: corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: "p"}},
	} {
		if err := w.Write(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	got := written(t, client, metav1.NamespaceDefault)
	if len(got) != 1 || len(written(t, client, "shop")) != 1 {
		t.Fatalf("got %+v in the namespace default and %+v in shop, want one each", got, written(t, client, "shop"))
	}
	if !strings.HasPrefix(got[0].Name, "n1.") || got[0].EventTime.IsZero() {
		t.Errorf("got name %s and time %v", got[0].Name, got[0].EventTime)
	}
	want := eventsv1.Event{ObjectMeta: got[0].ObjectMeta, EventTime: got[0].EventTime, ReportingController: "demarc.dev/test", ReportingInstance: "pod-1",
		Action: "Test", Reason: "R", Type: "Warning", Note: "n", Regarding: corev1.ObjectReference{Kind: "Node", Name: "n1", UID: "u"}}
	if diff := cmp.Diff(want, got[0], cmpopts.IgnoreTypes(metav1.TypeMeta{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestKey sees that several who tell the same write one Event, and that without a key each has its own.
func TestKey(t *testing.T) {
	about := corev1.ObjectReference{Kind: "Node", Name: "n1", UID: "u"}
	for name, c := range map[string]struct {
		events []Event
		want   int
	}{
		"the same":       {[]Event{{About: about, Key: "k"}, {About: about, Key: "k"}}, 1},
		"another key":    {[]Event{{About: about, Key: "k"}, {About: about, Key: "l"}}, 2},
		"another object": {[]Event{{About: about, Key: "k"}, {About: corev1.ObjectReference{Kind: "Node", Name: "n1", UID: "v"}, Key: "k"}}, 2},
		"none":           {[]Event{{About: about}, {About: about}}, 2},
	} {
		client := fake.NewClientset()
		for _, e := range c.events {
			if err := (Writer{Client: client}).Write(t.Context(), e); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := len(written(t, client, metav1.NamespaceDefault)); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

func TestErrorIsReturned(t *testing.T) {
	client, broken := fake.NewClientset(), errors.New("broken")
	client.PrependReactor("create", "events", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, broken })
	if err := (Writer{Client: client}).Write(t.Context(), Event{}); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func TestInstance(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if got := (Writer{}).instance(); got != host {
		t.Errorf("got %s, want %s", got, host)
	}
}

func TestCut(t *testing.T) {
	for _, note := range []string{"", "short", strings.Repeat("a", 1024), strings.Repeat("ä", 512)} {
		if got := cut(note); got != note {
			t.Errorf("%d bytes: got %d, want them all", len(note), len(got))
		}
	}
	for _, note := range []string{strings.Repeat("a", 1025), strings.Repeat("ä", 513), "b" + strings.Repeat("ä", 600)} {
		got := cut(note)
		if !utf8.ValidString(got) || len(got) > 1024 || len(got) < 1020 || !strings.HasSuffix(got, "...") || !strings.HasPrefix(note, strings.TrimSuffix(got, "...")) {
			t.Errorf("%d bytes: got %d: %q", len(note), len(got), got)
		}
	}
}

func TestPrefix(t *testing.T) {
	for name, want := range map[string]string{"system:node": "demarc", "web-1.b": "web-1.b", strings.Repeat("a", 250): "demarc", "ä": "demarc"} {
		if got := prefix(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
