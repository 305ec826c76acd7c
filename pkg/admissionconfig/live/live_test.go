// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/admissionconfig/live"
)

// server answers by path; what starts with a digit is a status.
type server struct {
	mu      sync.Mutex
	answers map[string]string
	asked   []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	answer, ok := s.answers[r.URL.Path]
	if !ok {
		answer = "404"
	}
	code, reason := 0, ""
	switch answer {
	case "404":
		code, reason = http.StatusNotFound, "NotFound"
	case "403":
		code, reason = http.StatusForbidden, "Forbidden"
	}
	if code > 0 {
		w.WriteHeader(code)
		answer = fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"message":"no","code":%d}`, reason, code)
	}
	fmt.Fprint(w, answer)
}

const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"

// hook names two Services: one that is there, and one that isn't.
func answers() map[string]string {
	hook := func(name, service string) string {
		return fmt.Sprintf(`{"name":%q,"clientConfig":{"service":{"namespace":"a","name":%q}},"rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]}`, name, service)
	}
	endpoints := `{"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1","items":[{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"s"},"addressType":"IPv4","endpoints":[`
	for i := range 5 {
		if i > 0 {
			endpoints += ","
		}
		endpoints += fmt.Sprintf(`{"addresses":["10.0.0.1"],"conditions":{"ready":%t},"targetRef":{"kind":"Pod","name":"p%d"}}`, i != 1, i)
	}
	return map[string]string{
		"/version": `{"gitVersion":"v1.34.2"}`,
		"/api":     `{"kind":"APIVersions","versions":["v1"]}`, "/api/v1": `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"nodes"},{"name":"pods","namespaced":true}]}`,
		"/apis": `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`,
		configurations: `{"kind":"ValidatingWebhookConfigurationList","apiVersion":"admissionregistration.k8s.io/v1","items":[{"metadata":{"name":"c","uid":"u","managedFields":[{"manager":"m"}]},"webhooks":[` +
			hook("x.a", "here") + "," + hook("y.a", "here") + "," + hook("z.a", "gone") + `]}]}`,
		"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": `{"kind":"List","apiVersion":"admissionregistration.k8s.io/v1","items":[]}`,
		"/api/v1/namespaces":                                    `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[{"metadata":{"name":"a","labels":{"k":"v"}}}]}`,
		"/api/v1/namespaces/a/services/here":                    `{"kind":"Service","apiVersion":"v1","metadata":{"name":"here"},"spec":{"ports":[{"port":443},{"port":9443}]}}`,
		"/apis/discovery.k8s.io/v1/namespaces/a/endpointslices": endpoints + `]}]}`,
		"/api/v1/namespaces/a/pods/p0":                          `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"p0","labels":{"app":"a"}}}`,
		"/api/v1/namespaces/a/pods/p2":                          `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"p2"}}`,
	}
}

func read(t *testing.T, a map[string]string) (*live.State, *server) {
	t.Helper()
	s := &server{answers: a}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	r, err := live.New(&rest.Config{Host: h.URL})
	if err != nil {
		t.Fatal(err)
	}
	state, err := r.Read(t.Context(), time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	return state, s
}

func TestRead(t *testing.T) {
	state, s := read(t, answers())
	want := map[types.NamespacedName]admissionconfig.Service{{Namespace: "a", Name: "here"}: {Ports: []int32{443, 9443}, Ready: 4,
		Pods: []map[string]string{{"app": "a"}, {}}}}
	if diff := cmp.Diff(want, state.World.Services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]admissionconfig.Namespace{{Name: "a", Labels: map[string]string{"k": "v"}}}, state.World.Namespaces); diff != "" {
		t.Errorf("namespaces (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]admissionconfig.Ref{{Kind: admissionconfig.ValidatingWebhook, Name: "c", UID: "u"}}, state.World.Present); diff != "" {
		t.Errorf("present (-want +got):\n%s", diff)
	}
	if len(state.Set.Validating) != 1 || state.Set.Validating[0].ManagedFields != nil || state.Server.Minor != 34 || len(state.Unread) > 0 {
		t.Errorf("got %d configurations, minor %d, unread %v", len(state.Set.Validating), state.Server.Minor, state.Unread)
	}
	services := 0
	for _, a := range s.asked {
		if !strings.HasPrefix(a, "GET ") {
			t.Errorf("not read-only: %s", a)
		}
		if strings.Contains(a, "/services/") {
			services++
		}
	}
	if services != 2 {
		t.Errorf("asked for Services %d times, want once for each of two", services)
	}
}

// What may not be read is named, and nothing is taken for gone.
func TestReadWithFewRights(t *testing.T) {
	a := answers()
	for _, path := range []string{"/version", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", "/api/v1/namespaces",
		"/api/v1/namespaces/a/services/gone", "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices"} {
		a[path] = "403"
	}
	state, _ := read(t, a)
	var what []string
	for _, u := range state.Unread {
		what = append(what, u.What)
		if !strings.Contains(u.Why, "no") || u.Loss == "" {
			t.Errorf("got %+v", u)
		}
	}
	want := []string{"the API server's version", "mutatingwebhookconfigurations", "namespaces", "the endpoints of a/here", "the Service a/gone"}
	if diff := cmp.Diff(want, what); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
	w := state.World
	if w.Present != nil || w.Namespaces != nil {
		t.Errorf("got present %v, namespaces %v, want neither", w.Present, w.Namespaces)
	}
	for _, name := range []string{"here", "gone"} {
		if s, there := w.Services[types.NamespacedName{Namespace: "a", Name: name}]; !there || s.Ready >= 0 {
			t.Errorf("%s: got %+v, there %t: want it there, with nobody knowing what is ready", name, s, there)
		}
	}
}

func TestReadFails(t *testing.T) {
	h := httptest.NewServer(nil)
	h.Close()
	r, err := live.New(&rest.Config{Host: h.URL})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := r.Read(t.Context(), time.Unix(1, 0)); err == nil {
		t.Errorf("got %+v, want an error", state)
	}
}
