// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// server is an API server of few words: discovery, lists in pages, and what a test puts in its way.
type server struct {
	// lists has the items of each list, by path; a path without an entry is an empty list.
	lists map[string][]string
	// served lists the resources of each group version.
	served map[string][]string
	// before answers instead, if it returns true. n counts the requests for that very address.
	before func(w http.ResponseWriter, r *http.Request, n int) bool
	// metadataLast writes lists as the API server writes those of custom resources.
	metadataLast bool

	mu    sync.Mutex
	asked []string
	times map[string]int
}

func newServer() *server {
	return &server{lists: map[string][]string{}, times: map[string]int{}, served: map[string][]string{
		"v1":      {"pods", "nodes", "namespaces", "configmaps", "secrets", "replicationcontrollers"},
		"apps/v1": {"deployments", "daemonsets", "statefulsets", "replicasets"}, "batch/v1": {"jobs", "cronjobs"},
	}}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	s.times[r.URL.String()]++
	n := s.times[r.URL.String()]
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if s.before != nil && s.before(w, r, n) {
		return
	}
	switch path := strings.Trim(r.URL.Path, "/"); {
	case path == "version":
		fmt.Fprint(w, `{"gitVersion":"v1.34.2"}`)
	case path == "api":
		fmt.Fprint(w, `{"kind":"APIVersions","versions":["v1"]}`)
	case path == "apis":
		s.groups(w)
	case s.served[strings.TrimPrefix(strings.TrimPrefix(path, "apis/"), "api/")] != nil:
		s.resources(w, strings.TrimPrefix(strings.TrimPrefix(path, "apis/"), "api/"))
	default:
		s.list(w, r)
	}
}

func (s *server) groups(w http.ResponseWriter) {
	versions := map[string][]string{}
	var names []string
	for gv := range s.served {
		if group, v, ok := strings.Cut(gv, "/"); ok {
			if versions[group] == nil {
				names = append(names, group)
			}
			versions[group] = append(versions[group], v)
		}
	}
	var groups []string
	for _, name := range names {
		slices.Sort(versions[name])
		var list []string
		for _, v := range versions[name] {
			list = append(list, fmt.Sprintf(`{"groupVersion":"%s/%s","version":%q}`, name, v, v))
		}
		groups = append(groups, fmt.Sprintf(`{"name":%q,"versions":[%s],"preferredVersion":{"version":%q}}`, name, strings.Join(list, ","), versions[name][0]))
	}
	fmt.Fprintf(w, `{"kind":"APIGroupList","apiVersion":"v1","groups":[%s]}`, strings.Join(groups, ","))
}

func (s *server) resources(w http.ResponseWriter, gv string) {
	var list []string
	for _, name := range s.served[gv] {
		list = append(list, fmt.Sprintf(`{"name":%q,"verbs":["list","get"]}`, name))
	}
	fmt.Fprintf(w, `{"kind":"APIResourceList","groupVersion":%q,"resources":[%s]}`, gv, strings.Join(list, ","))
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	items := s.lists[r.URL.Path]
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	start, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	end := min(start+limit, len(items))
	meta := `{"resourceVersion":"1"}`
	if end < len(items) {
		meta = fmt.Sprintf(`{"resourceVersion":"1","continue":"%d","remainingItemCount":%d}`, end, len(items)-end)
	}
	body := `"items":[` + strings.Join(items[start:end], ",") + `]`
	if s.metadataLast {
		fmt.Fprintf(w, `{"apiVersion":"v1",%s,"kind":"List","metadata":%s}`, body, meta)
		return
	}
	fmt.Fprintf(w, `{"kind":"List","apiVersion":"v1","metadata":%s,%s}`, meta, body)
}

// refuse answers with a status.
func refuse(w http.ResponseWriter, code int, reason, message, next string) bool {
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"message":%q,"metadata":{"continue":%q},"code":%d}`,
		reason, message, next, code)
	return true
}

// hostPID finds pods, in whatever holds them, that see the node's processes.
var hostPID = policy.Rule{
	ID: "host-pid", Title: "the node's processes", Clauses: []provider.ClauseID{"managed-components"}, Since: "v0.1.0",
	Default: policy.Warn, Match: policy.OnEach(object.Workloads(), policy.Create, policy.Update),
	Doc: policy.Doc{Why: "It sees the node's processes.", Fix: "Leave it out."},
	Check: policy.ForPods(func(_ policy.Input, pod object.Pod) []policy.Finding {
		var found []policy.Finding
		if pod.Spec.HostPID {
			found = append(found, policy.Finding{Path: pod.SpecPath().Child("hostPID"), Message: "must not be true"})
		}
		for at, c := range pod.Containers() {
			if c.Stdin {
				found = append(found, policy.Finding{Path: at.Path().Child("stdin"), Message: "must not be true"})
			}
		}
		return found
	}),
}

// needy needs what an audit doesn't have, or may not have.
var needy = policy.Rule{
	ID: "needy", Title: "needs a request", Clauses: []provider.ClauseID{"managed-components"}, Since: "v0.1.0", Default: policy.Warn,
	Match: policy.OnEach([]object.Resource{object.Pods, object.ServiceAccounts}, policy.Create), Needs: policy.Needs{Request: true},
	Doc:   policy.Doc{Why: "It needs a request.", Fix: "Leave it out."},
	Check: func(policy.Input) []policy.Finding { panic("asked without a request") },
}

// run audits a server of a test's making.
func run(t testing.TB, s http.Handler, o Options, rules ...policy.Rule) (*report.Report, error) {
	t.Helper()
	return runIn(t, t.Context(), s, o, rules...)
}

func runIn(t testing.TB, ctx context.Context, s http.Handler, o Options, rules ...policy.Rule) (*report.Report, error) {
	t.Helper()
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	e, err := engine.New(rules, provider.AKS(), v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	o.Name, o.Engine, o.Rules, o.Profile = "acme", e, rules, provider.AKS()
	a, err := newAuditor(&rest.Config{Host: h.URL}, withClock(o))
	if err != nil {
		t.Fatal(err)
	}
	a.pager.pause, a.patience = func(context.Context, int) {}, 100*time.Millisecond
	if err := a.run(ctx); err != nil {
		return nil, err
	}
	return a.finish(), nil
}

func withClock(o Options) Options {
	o.Now = func() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) }
	return o
}

// made describes an object of a test.
type made struct {
	kind, name string
	// by is its controller's kind, name and UID; a UID is the name if not given.
	byKind, byName string
	host           bool
	stdin          []bool // one container each
	replicas       int
	labels         map[string]string
}

func (m made) json() string {
	meta := map[string]any{"name": m.name, "namespace": "shop", "uid": m.kind + "/" + m.name, "labels": m.labels,
		"managedFields": []any{map[string]any{"manager": "kubectl"}}}
	if m.byKind != "" {
		meta["ownerReferences"] = []any{map[string]any{"apiVersion": "v1", "kind": m.byKind, "name": m.byName,
			"uid": m.byKind + "/" + m.byName, "controller": true}}
	}
	containers := []any{}
	for i, stdin := range m.stdin {
		containers = append(containers, map[string]any{"name": fmt.Sprint("c", i), "stdin": stdin})
	}
	spec := map[string]any{"hostPID": m.host, "containers": containers}
	switch m.kind {
	case "Pod":
	case "CronJob":
		spec = map[string]any{"jobTemplate": map[string]any{"spec": map[string]any{"template": map[string]any{"spec": spec}}}}
	default:
		spec = map[string]any{"replicas": m.replicas, "template": map[string]any{"spec": spec}}
	}
	raw, err := json.Marshal(map[string]any{"metadata": meta, "spec": spec})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// paths are where the lists of the kinds in tests stand.
var paths = map[string]string{
	"Pod": "/api/v1/pods", "Deployment": "/apis/apps/v1/deployments", "DaemonSet": "/apis/apps/v1/daemonsets",
	"ReplicaSet": "/apis/apps/v1/replicasets", "Job": "/apis/batch/v1/jobs", "CronJob": "/apis/batch/v1/cronjobs",
}

func (s *server) with(objects ...made) *server {
	for _, m := range objects {
		s.lists[paths[m.kind]] = append(s.lists[paths[m.kind]], m.json())
	}
	return s
}

// pods makes pods that nothing controls, each with a finding.
func (s *server) pods(n int) *server {
	for i := range n {
		s.with(made{kind: "Pod", name: fmt.Sprintf("p%04d", i), host: true})
	}
	return s
}

// names lists what was found, in the order of the report: Pod shop/a (Deployment shop/b) +2.
func names(r *report.Report) []string {
	var list []string
	for i := range r.Results {
		result := &r.Results[i]
		text := result.Object
		if result.Live.Owner != "" {
			text += " (" + result.Live.Owner + ")"
		}
		if result.Live.Same > 0 {
			text += fmt.Sprintf(" +%d", result.Live.Same)
		}
		list = append(list, text)
	}
	return list
}

func missed(r *report.Report) map[string]string {
	list := map[string]string{}
	for _, u := range r.Clusters[0].Unread {
		list[u.What] = u.Why
	}
	return list
}
