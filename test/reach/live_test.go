// SPDX-License-Identifier: Apache-2.0

//go:build integration

package reach

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/test/cluster"
)

// live is a cluster in play.
type live struct {
	*recorder
	client *kubernetes.Clientset
	http   *http.Client
	host   string
	// labels of every namespace that calls can be about.
	labels map[string]map[string]string
	calls  int
	// halfSeen counts those that ended before the second stage, for a reason that isn't ours.
	halfSeen int
}

func start(t *testing.T) *live {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	config := rest.CopyConfig(c.Config)
	config.QPS, config.Burst = -1, -1
	config.WarningHandler = rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	l := &live{recorder: record(t), client: client, http: plain, host: strings.TrimSuffix(config.Host, "/"), labels: map[string]map[string]string{}}
	l.install(t, config)
	return l
}

// answer is the API server's.
type answer struct {
	status   int
	body     string
	warnings []string
}

// do makes a call in the name of somebody whose extra tells which call it is. Everybody may do everything.
func (l *live) do(t *testing.T, c *call, as string, groups []string, gate string) (string, *answer) {
	t.Helper()
	l.calls++
	name := fmt.Sprint("c", l.calls)
	body, err := c.json()
	if err != nil {
		t.Fatal(err)
	}
	query := strings.Join(slices.DeleteFunc(slices.Clone(c.query), func(s string) bool { return s == "" }), "&")
	request, err := http.NewRequestWithContext(t.Context(), c.method, l.host+c.path+"?"+query, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", c.contentType)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Impersonate-User", as)
	request.Header["Impersonate-Group"] = groups
	request.Header.Set("Impersonate-Extra-"+callKey, name)
	if gate != "" {
		request.Header.Set("Impersonate-Extra-gate", gate)
	}
	response, err := l.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return name, &answer{response.StatusCode, string(raw), response.Header.Values("Warning")}
}

// caller is in whose name calls are made.
type caller struct {
	user   string
	groups []string
}

func (g *generator) caller() caller {
	c := caller{pick(g, "ada@contoso.example", "system:serviceaccount:default:robot"), []string{"system:masters"}}
	if g.chance(40) {
		c.groups = append(c.groups, "team-blue")
	}
	return c
}

// see makes a call and returns what the API server made of it.
func (l *live) see(t *testing.T, c *call, who caller, gate string) *Seen {
	t.Helper()
	name, a := l.do(t, c, who.user, who.groups, gate)
	for end := time.Now().Add(time.Minute); a.status == http.StatusServiceUnavailable && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		name, a = l.do(t, c, who.user, who.groups, gate) // mutating policies learn of custom resources late
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	where := c.resource.Resource
	if c.subresource != "" {
		where += "/" + c.subresource
	}
	s := &Seen{Title: fmt.Sprintf("%s %s %s (%s %s: %d)", c.operation, c.resource.GroupVersion(), where, c.method, c.path, a.status), Gate: gate}
	s.Asked = slices.Sorted(maps.Keys(l.asked[name]))
	s.Mutating, s.Validating = l.only(t, s, l.mutating[name]), l.only(t, s, l.validating[name])
	if c.unseen {
		s.Mutating = l.unseen(t, c, who.user, who.groups)
		s.Validating = s.Mutating
		l.traces(s, content(t, []byte(a.body)))
	} else if s.Mutating == nil || s.Validating == nil && gate == "" {
		l.halfSeen++
		t.Logf("%s was not seen at both stages: %s", s.Title, a.body)
	}
	l.policies(s, a)
	if gate != "" && s.Validating == nil && a.status == http.StatusForbidden && strings.Contains(a.body, "expression '") {
		s.Failed = append(s.Failed, gate)
	}
	return s
}

// seeGated makes a call that opens the gate of one hook. If the API server refuses it, no observer sees it at the second
// stage; what it is there, the same call without the gate shows. (The first stage doesn't: between the two, what a
// subresource may not change is put back.)
func (l *live) seeGated(t *testing.T, c *call, who caller, gate string) *Seen {
	t.Helper()
	plain := l.see(t, c, who, "")
	s := l.see(t, c, who, gate)
	if s.Validating == nil && plain.Validating != nil && s.Mutating != nil {
		same := *plain.Validating
		same.User = s.Mutating.User
		s.Validating = &same
	}
	return s
}

// only returns the one request of a call at a stage. Reinvocation shows it again, and the last is the one that counts.
func (l *live) only(t *testing.T, s *Seen, reviews []*admissionv1.AdmissionRequest) *admissionconfig.Request {
	t.Helper()
	if len(reviews) == 0 {
		return nil
	}
	r := reviews[len(reviews)-1]
	if r.Name != reviews[0].Name || r.Operation != reviews[0].Operation {
		t.Fatalf("%s made several requests", s.Title)
	}
	return l.request(t, r)
}

// request reads a review as the model's request. The observers ask for exact matches, so it is spelt as it was made.
func (l *live) request(t *testing.T, r *admissionv1.AdmissionRequest) *admissionconfig.Request {
	t.Helper()
	q := &admissionconfig.Request{
		Operation: admissionregistrationv1.OperationType(r.Operation), Resource: schema.GroupVersionResource(r.Resource), Subresource: r.SubResource, Kind: schema.GroupVersionKind(r.Kind),
		Name: r.Name, User: &r.UserInfo, DryRun: r.DryRun != nil && *r.DryRun,
		Object: content(t, r.Object.Raw), OldObject: content(t, r.OldObject.Raw),
	}
	if o := content(t, r.Options.Raw); o != nil {
		q.Options = o.Content
	}
	if labels, ok := l.labels[r.Namespace]; ok {
		q.Namespace = &admissionconfig.Namespace{Name: r.Namespace, Labels: labels}
	} else if r.Namespace != "" && r.Resource.Resource != "namespaces" {
		t.Fatalf("namespace %q isn't known", r.Namespace)
	}
	return q
}

func content(t *testing.T, raw []byte) *admissionconfig.Object {
	t.Helper()
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	o := &admissionconfig.Object{}
	if err := json.Unmarshal(raw, &o.Content); err != nil {
		t.Fatal(err)
	}
	return o
}

// policies reads who left a trace: a validating policy in a warning, a mutating one in the object.
func (l *live) policies(s *Seen, a *answer) {
	for _, w := range a.warnings {
		_, rest, ok := strings.Cut(w, "ValidatingAdmissionPolicy '")
		if !ok {
			continue
		}
		policy, rest, _ := strings.Cut(rest, "'")
		if strings.HasSuffix(strings.TrimSuffix(rest, `"`), ": "+says) {
			s.Asked = append(s.Asked, policy)
		} else {
			s.Failed = append(s.Failed, policy)
		}
	}
	// The webhook stage comes right after theirs; what is stored later may drop metadata again.
	if s.Mutating != nil && s.Mutating.Object != nil {
		l.traces(s, s.Mutating.Object)
	}
}

// traces reads which mutating policies ran on an object.
func (l *live) traces(s *Seen, o *admissionconfig.Object) {
	meta, _ := o.Content["metadata"].(map[string]any)
	notes, _ := meta["annotations"].(map[string]any)
	for key := range notes {
		if policy, ok := strings.CutPrefix(key, mark("")); ok {
			s.Asked = append(s.Asked, policy)
		}
	}
}

func (l *live) served(t *testing.T) []*metav1.APIResourceList {
	t.Helper()
	_, lists, err := discovery.NewDiscoveryClient(l.client.RESTClient()).ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	return lists
}

func (l *live) minor(t *testing.T) int {
	t.Helper()
	v, err := l.client.ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(v.Minor)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func gateID(webhook string) string {
	id, _, _ := strings.Cut(webhook, ".")
	return id
}

// keep writes a round down, for the tests that ask no server.
func keep(t *testing.T, round int, r *Round) {
	t.Helper()
	if !*update || round >= rounds {
		return
	}
	if err := r.write(recorded(round)); err != nil {
		t.Fatal(err)
	}
}
