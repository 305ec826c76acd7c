// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// aboutCluster finds what is known of the cluster.
var aboutCluster = policy.Rule{
	ID: "about-cluster", Title: "what is known of the cluster", Clauses: []provider.ClauseID{"acme-components"},
	Since: "v0.1.0", Default: policy.Audit, Needs: policy.Needs{Cluster: true, Nodes: true},
	Match: []policy.Match{policy.On(object.ConfigMaps, policy.Create)},
	Doc:   policy.Doc{Why: "It shows what is known.", Fix: "Leave it."},
	Check: func(in policy.Input) []policy.Finding {
		return []policy.Finding{{Path: field.NewPath("data"), Message: fmt.Sprintf("%s %+v", in.Cluster.ServerVersion, *in.Cluster.Nodes)}}
	},
}

// answers is an API server of few words; a denied one says no.
type answers map[string]string

const denied = `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"ada may not","reason":"Forbidden","code":403}`

var acmeCluster = answers{
	"/version": `{"gitVersion":"v1.34.2"}`,
	"/api/v1/namespaces": `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[
		{"metadata":{"name":"acme-system","labels":{"acme.example/managed":"true"}}}]}`,
	"/api/v1/nodes": `{"kind":"NodeList","apiVersion":"v1","items":[{"metadata":{"name":"n","labels":{"agentpool":"a"}},
		"spec":{"providerID":"azure:///subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/n"}}]}`,
	"/apis/apps/v1/namespaces/acme-system/deployments/router": `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",
		"metadata":{"name":"router","labels":{"acme.example/managed":"true"}}}`,
}

func (a answers) but(path, answer string) answers {
	changed := maps.Clone(a)
	changed[path] = answer
	return changed
}

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, ok := a[r.URL.Path]
	w.Header().Set("Content-Type", "application/json")
	switch {
	case answer == denied:
		w.WriteHeader(http.StatusForbidden)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		answer = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`
	}
	fmt.Fprint(w, answer)
}

// kubeconfigOf writes a kubeconfig with two contexts: acme, and one that nobody is at.
func kubeconfigOf(t *testing.T, url string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: acme, users: [{name: ada}],
clusters: [{name: acme, cluster: {server: %q}}, {name: nobody, cluster: {server: "http://127.0.0.1:1"}}],
contexts: [{name: acme, context: {cluster: acme, user: ada}}, {name: nobody, context: {cluster: nobody, user: ada}}]}`, url)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// runCluster runs demarc with the rules of the other tests, and one that tells what is known of the cluster.
func runCluster(ctx context.Context, t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	p, err := provider.Load(os.DirFS("../report/testdata/profile"))
	if err != nil {
		t.Fatal(err)
	}
	profile := *p
	profile.Facts = provider.AKS().Facts
	var stdout, stderr bytes.Buffer
	a := &app{
		stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" },
		now: time.Now, rules: []policy.Rule{hostProcess, systemLabel, aboutCluster}, profile: &profile,
	}
	code := a.run(ctx, args)
	return outcome{code, stdout.String(), stderr.String()}
}

const (
	hostPod   = "apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: acme-system}\nspec: {hostPID: true}\n"
	configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
)

func TestCheckCluster(t *testing.T) {
	review, err := os.ReadFile("testdata/review.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, scale, _ := strings.Cut(string(review), "---\n") // of the Deployment router
	scale, _, _ = strings.Cut(scale, "---\n")
	const known = "v1.34.2 {ResourceGroups:[{Subscription:s Name:rg}] Pools:[{Name:a System:false Dedicated:false ScaleSets:[]}]}"
	const node = "apiVersion: v1\nkind: Node\nmetadata: {name: x, labels: {agentpool: mine}}\n"
	for name, c := range map[string]struct {
		cluster        answers
		stdin, context string
		args           []string
		code           int
		stdout, stderr []string // what they hold; nothing: nothing at all
	}{
		"namespaces": {acmeCluster, hostPod, "", nil, exitFindings, []string{"Deny"}, nil},
		"namespaces may not be read": {acmeCluster.but("/api/v1/namespaces", denied), hostPod, "", nil, exitClean,
			[]string{"Warn", "in doubt"}, []string{"warning: list namespaces: ada may not: the provider's are known by their names only"}},
		"facts": {acmeCluster, configMap, "", nil, exitClean, []string{known}, nil},
		"nodes may not be read": {acmeCluster.but("/api/v1/nodes", denied), configMap, "", []string{"-v"}, exitClean,
			[]string{"about-cluster  on 1 document: needs the nodes"}, []string{"warning: list nodes: ada may not: rules that need what Nodes tell are skipped"}},
		"version may not be read": {acmeCluster.but("/version", denied), configMap, "", []string{"-v"}, exitClean,
			[]string{"needs the cluster"}, []string{"version: ada may not: rules that need the version are skipped"}},
		"what the flags say is not asked": {acmeCluster.but("/version", "broken"), configMap, "", []string{"--server-version", "v1.33.0"},
			exitClean, []string{"v1.33.0 {"}, nil},
		"what the context holds is not asked": {acmeCluster.but("/api/v1/nodes", "broken"), configMap, node, nil, exitClean,
			[]string{"Pools:[{Name:mine "}, nil},
		"namespaces of the context come first": {acmeCluster, hostPod,
			"apiVersion: v1\nkind: Namespace\nmetadata: {name: acme-system}\n", nil, exitClean, []string{"Warn", "in doubt"}, nil},
		"parents": {acmeCluster, scale, "", nil, exitClean, []string{"must stay as Acme set it"}, nil},
		"parents may not be read": {acmeCluster.but("/apis/apps/v1/namespaces/acme-system/deployments/router", denied).
			but("/apis/apps/v1/namespaces/acme-system/deployments/other", denied), scale + "---\n" + strings.ReplaceAll(scale, "router", "other"), "", nil,
			exitClean, nil, []string{"warning: get deployments.apps: ada may not: requests on their subresources are judged without them"}},
		"another context": {acmeCluster, configMap, "", []string{"--context", "nobody"}, exitBad, nil,
			[]string{"demarc: ask for the API server's version: ", "connection refused"}},
		"no such context": {acmeCluster, configMap, "", []string{"--context", "nope"}, exitBad, nil, []string{`find the cluster: context "nope" does not exist`}},
		"broken":          {acmeCluster.but("/api/v1/nodes", "broken"), configMap, "", nil, exitBad, nil, []string{"demarc: list nodes: "}},
		"a parent is broken": {acmeCluster.but("/apis/apps/v1/namespaces/acme-system/deployments/router", "broken"), scale, "", nil, exitBad, nil,
			[]string{"demarc: error: stdin:1: get deployments.apps: "}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.cluster)
			defer server.Close()
			args := append([]string{"check", "-f", "-", "--cluster", "--kubeconfig", kubeconfigOf(t, server.URL)}, c.args...)
			if c.context != "" {
				file := filepath.Join(t.TempDir(), "context.yaml")
				if err := os.WriteFile(file, []byte(c.context), 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, "--context-objects", file)
			}
			got := runCluster(t.Context(), t, c.stdin, args...)
			if got.code != c.code {
				t.Errorf("exit code %d, want %d", got.code, c.code)
			}
			holds(t, "stdout", got.stdout, c.stdout)
			if len(c.stderr) > 0 || !slices.Contains(c.args, "-v") { // which sums up on standard error
				holds(t, "stderr", got.stderr, c.stderr)
			}
			if n := strings.Count(got.stderr, "warning:"); n > 1 {
				t.Errorf("%d warnings of one thing:\n%s", n, got.stderr)
			}
		})
	}
}

func holds(t *testing.T, where, got string, want []string) {
	t.Helper()
	if len(want) == 0 && got != "" {
		t.Errorf("%s, want nothing: %s", where, got)
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s holds no %q: %s", where, w, got)
		}
	}
}

// A cluster that does not answer is waited for no longer than the user wants.
func TestCheckClusterInterrupted(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-release
	}))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	got := runCluster(ctx, t, configMap, "check", "-f", "-", "--cluster", "--kubeconfig", kubeconfigOf(t, server.URL))
	if diff := cmp.Diff(outcome{exitBad, "", "demarc: interrupted\n"}, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCheckClusterFlags(t *testing.T) {
	got := run(t, "", "check", "-f", "-", "--context", "prod")
	if !strings.Contains(got.stderr, "--context says which cluster to ask: add --cluster") {
		t.Errorf("got %s", got.stderr)
	}
	file := kubeconfigOf(t, "http://127.0.0.1:1")
	if got := run(t, "", "__complete", "check", "--kubeconfig", file, "--context", ""); got.stdout != "acme\nnobody\n:4\n" {
		t.Errorf("completion: got %q", got.stdout)
	}
}
