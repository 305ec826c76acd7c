// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// Without the namespaces' labels and the nodes, rules that lean on them see less, and the audit says so.
func TestSurroundingsForbidden(t *testing.T) {
	s := newServer().pods(1)
	s.before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		return slices.Contains([]string{"/version", "/api/v1/nodes", "/api/v1/namespaces"}, r.URL.Path) &&
			refuse(w, http.StatusForbidden, "Forbidden", "no", "")
	}
	r, err := run(t, s, Options{}, hostPID, needy)
	if err != nil {
		t.Fatal(err)
	}
	if got := missed(r); len(got) != 3 || len(r.Results) != 1 {
		t.Errorf("got %v and %d results", got, len(r.Results))
	}
}

// A cluster that nobody answers at is an error; one that is lost on the way leaves what was found.
func TestLost(t *testing.T) {
	if _, err := Run(t.Context(), &rest.Config{Host: "http://127.0.0.1:1"}, Options{Name: "nobody", Profile: provider.AKS()}); err == nil {
		t.Error("got no error")
	}
	s := newServer().pods(1).with(made{kind: "Deployment", name: "web", host: true})
	lost := false
	s.before = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		lost = lost || r.URL.Path == paths["DaemonSet"]
		if lost {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	r, err := run(t, s, Options{}, hostPID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Deployment shop/web"}, names(r)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if got := missed(r); !strings.Contains(got["pods"], "no longer answers") || got["daemonsets.apps"] == "" {
		t.Errorf("unread: got %v", got)
	}
}

// A body that trickles in does not hold up whoever wants to stop.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newServer()
	s.before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Path != pods {
			return false
		}
		fmt.Fprint(w, `{"kind":"List","metadata":{},"items":[`)
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
		return true
	}
	begun := time.Now()
	_, err := runIn(t, ctx, s, Options{}, hostPID)
	if !errors.Is(err, context.Canceled) || time.Since(begun) > 5*time.Second {
		t.Errorf("got %v after %s", err, time.Since(begun))
	}
}

// What is asked for is what rules judge, and in which version.
func TestKinds(t *testing.T) {
	s := newServer()
	s.served["storage.k8s.io/v1alpha1"] = []string{"volumeattributesclasses"}
	s.served["networking.k8s.io/v1"] = []string{"ipaddresses"}
	s.served["networking.k8s.io/v1alpha1"] = []string{"ipaddresses"}
	s.served["compute.azure.com/v1api2"] = []string{"disks"}
	s.served["v1"] = append(s.served["v1"], "serviceaccounts")
	on := func(group, version, kind, plural string) policy.Match {
		return policy.On(object.Resource{Group: group, Version: version, Kind: kind, Plural: plural, Presence: object.Alpha}, policy.Create)
	}
	disks, _ := object.ByKind(object.Resource{Group: "compute.azure.com", Kind: "Disk"}.GroupKind())
	scaleSets, _ := object.ByKind(object.Resource{Group: "compute.azure.com", Kind: "VirtualMachineScaleSet"}.GroupKind())
	broad := hostPID
	broad.ID, broad.Match = "broad", []policy.Match{
		policy.On(object.Unknown, policy.Create), policy.OnSub(object.Services, "status", policy.Create),
		policy.On(disks, policy.Create), policy.On(scaleSets, policy.Create), policy.On(object.Secrets, policy.Create),
		policy.On(object.EndpointSlices, policy.Create), policy.On(object.ConfigMaps, policy.Update),
		on("storage.k8s.io", "v1alpha1", "VolumeAttributesClass", "volumeattributesclasses"),
		on("networking.k8s.io", "v1alpha1", "IPAddress", "ipaddresses"),
	}
	accepts := map[string]string{}
	s.before = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		accepts[r.URL.Path] = r.Header.Get("Accept")
		return false
	}
	r, err := run(t, s, Options{}, broad, needy)
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Kind{{Resource: "namespaces"}, {Resource: "nodes"}, {Resource: "disks.compute.azure.com"}, {Resource: "secrets"},
		{Resource: "volumeattributesclasses.storage.k8s.io"}}
	if diff := cmp.Diff(want, r.Clusters[0].Kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	if got := missed(r); len(got) != 1 || got["endpointslices.discovery.k8s.io"] == "" {
		t.Errorf("unread: got %v", got)
	}
	if got := accepts["/api/v1/secrets"]; got != metadataForm {
		t.Errorf("secrets were asked for as %q", got)
	}
	for _, a := range s.asked {
		if !strings.HasPrefix(a, "GET ") {
			t.Errorf("not read-only: %s", a)
		}
	}
}

func TestNamespaces(t *testing.T) {
	s := newServer()
	s.lists["/api/v1/namespaces/shop/pods"] = []string{made{kind: "Pod", name: "a", host: true}.json()}
	s.before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		switch r.URL.Path {
		case "/api/v1/namespaces/shop":
			fmt.Fprint(w, `{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"shop","labels":{"a":"b"}}}`)
		case "/api/v1/namespaces/gone":
			return refuse(w, http.StatusNotFound, "NotFound", `namespaces "gone" not found`, "")
		default:
			return false
		}
		return true
	}
	rule := hostPID
	rule.Check = func(in policy.Input) []policy.Finding {
		return []policy.Finding{{Path: field.NewPath("metadata"), Message: fmt.Sprint("labels: ", in.Namespace.Labels)}}
	}
	r, err := run(t, s, Options{Namespaces: []string{"shop", "gone"}, Posture: &gatherer{}}, rule)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != 1 || r.Results[0].Verdicts[0].Message != "labels: map[a:b]" {
		t.Errorf("got %+v", r.Results)
	}
	if diff := cmp.Diff(map[string]string{"namespace gone": `namespaces "gone" not found`}, missed(r)); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
	if slices.Contains(s.asked, "GET "+pods) {
		t.Error("pods were listed everywhere")
	}
}

// Rules that need a request are named once, however many objects there are.
func TestSkipped(t *testing.T) {
	wants := hostPID
	wants.ID, wants.Wants = "wants-nodes", policy.Needs{Nodes: true}
	r, err := run(t, newServer().with(made{kind: "Pod", name: "a"}, made{kind: "Pod", name: "b"}), Options{}, hostPID, needy, wants)
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Skipped{{Rule: "needy", Needs: []string{"request"}, Objects: 2, Always: true}, {Rule: "wants-nodes", Needs: []string{"nodes"}, Objects: 2}}
	if diff := cmp.Diff(want, r.Clusters[0].Skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
}

// An object that can't be read does not stop the others, and who set a field is asked with the object at hand.
func TestMalformedAndAttributed(t *testing.T) {
	s := newServer().with(made{kind: "Pod", name: "a", host: true})
	s.lists[pods] = append(s.lists[pods], `{"metadata":{"name":"b"},"spec":7}`, `7`)
	r, err := run(t, s, Options{Attribute: func(raw []byte, path *field.Path) *report.Change {
		if !bytes.Contains(raw, []byte(`"managedFields"`)) {
			return nil
		}
		return &report.Change{Manager: "kubectl", Operation: path.String()}
	}}, hostPID)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != 3 || len(r.Results[1].Faults) != 1 || len(r.Results[2].Faults) != 1 {
		t.Fatalf("got %+v", r.Results)
	}
	if c := r.Results[0].Verdicts[0].Change; c == nil || c.Operation != "spec.hostPID" {
		t.Errorf("change: got %+v", c)
	}
}
