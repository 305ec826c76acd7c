// SPDX-License-Identifier: Apache-2.0

package html_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	parser "golang.org/x/net/html"

	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/report/html"
	"github.com/demarc-dev/demarc/test/browser/sample"
)

var options = html.Options{Version: "v0.1.0", Now: sample.Now}

func write(t testing.TB, r *report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := html.Write(&b, r, options); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parse(t testing.TB, page []byte) *parser.Node {
	t.Helper()
	root, err := parser.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// elements lists those of a name; all without one.
func elements(root *parser.Node, name string) []*parser.Node {
	var list []*parser.Node
	for n := range root.Descendants() {
		if n.Type == parser.ElementNode && (name == "" || n.Data == name) {
			list = append(list, n)
		}
	}
	return list
}

func text(root *parser.Node) string {
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == parser.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func attribute(n *parser.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func cluster(t testing.TB) *report.Report {
	t.Helper()
	r, err := sample.Cluster("prod", "v1.31.9", "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEveryFinding: each is in the page once, exempt and documented ones too, with all that is known of it, and nothing
// is folded away from those who have no script.
func TestEveryFinding(t *testing.T) {
	r := cluster(t)
	root := parse(t, write(t, r))
	want := map[string]int{}
	total := 0
	for _, result := range r.Results {
		for _, v := range result.Verdicts {
			want[v.Path+" "+v.Says()]++
			total++
		}
	}
	got := map[string]int{}
	rows := 0
	for _, n := range elements(root, "tr") {
		if attribute(n, "data-owner") == "" {
			continue
		}
		rows++
		for _, p := range elements(n, "p") {
			if attribute(p, "class") == "message" {
				got[strings.TrimPrefix(text(p), " ")]++
			}
		}
	}
	normal := map[string]int{}
	for s, n := range want {
		normal[strings.TrimPrefix(s, " ")] += n
	}
	if diff := cmp.Diff(normal, got); diff != "" || rows != total || total < 100 {
		t.Errorf("%d rows of %d findings (-want +got):\n%s", rows, total, diff)
	}
	for _, d := range elements(root, "details") {
		if !slices.ContainsFunc(d.Attr, func(a parser.Attribute) bool { return a.Key == "open" }) {
			t.Error("details are closed without a script")
		}
	}
	all := text(root)
	for _, s := range []string{"the cluster itself", "argocd-controller", "owns this very field", "observability-agents",
		"could not be read", "cannot get path \"/metrics\"", "owned by Deployment shop/", "migration-until-september", "In doubt"} {
		if !strings.Contains(all, s) {
			t.Errorf("the page does not say %q", s)
		}
	}
}

// TestAlone: the page asks for nothing, and its policy allows its own scripts and nothing else.
func TestAlone(t *testing.T) {
	root := parse(t, write(t, cluster(t)))
	policy := ""
	for _, n := range elements(root, "meta") {
		if attribute(n, "http-equiv") == "Content-Security-Policy" {
			policy = attribute(n, "content")
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none';") {
		t.Errorf("the policy is %q, want default-src 'none' first", policy)
	}
	for _, name := range []string{"script", "style"} {
		assets := elements(root, name)
		if len(assets) == 0 {
			t.Errorf("there is no %s", name)
		}
		for _, n := range assets {
			sum := sha256.Sum256([]byte(text(n)))
			if hash := base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(policy, "'sha256-"+hash+"'") || len(n.Attr) > 0 {
				t.Errorf("a %s is not in the policy %q, or has attributes %v", name, policy, n.Attr)
			}
			if regexp.MustCompile(`https?:|@import|url\(|innerHTML|document\.write|eval\(`).MatchString(text(n)) {
				t.Errorf("a %s speaks of what it must not", name)
			}
		}
	}
	for _, n := range elements(root, "") {
		for _, a := range n.Attr {
			if slices.Contains([]string{"src", "srcset", "style", "action", "background", "poster"}, a.Key) ||
				n.Data == "link" && a.Key == "href" && !strings.HasPrefix(a.Val, "data:image/") {
				t.Errorf("<%s %s=%q> would be fetched, or needs what the policy forbids", n.Data, a.Key, a.Val)
			}
		}
	}
}

// TestLarge: five thousand findings are a few MB.
func TestLarge(t *testing.T) {
	r, err := sample.Large(5000)
	if err != nil {
		t.Fatal(err)
	}
	if page := write(t, r); len(page) > 6<<20 {
		t.Errorf("5,000 findings take %d bytes, want at most 6 MiB", len(page))
	}
}

func TestSame(t *testing.T) {
	r, err := sample.Fleet("../../../test/corpus")
	if err != nil {
		t.Fatal(err)
	}
	first := write(t, r)
	for range 5 {
		if !bytes.Equal(first, write(t, r)) {
			t.Fatal("the same report is written differently")
		}
	}
}

func TestRedacted(t *testing.T) {
	var b bytes.Buffer
	if err := html.Write(&b, cluster(t).Redact(), html.Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "names were replaced") {
		t.Error("the page does not say that it is redacted")
	}
}

// TestNothing: silence is never health.
func TestNothing(t *testing.T) {
	read := []report.Kind{{Resource: "pods", Objects: 1}}
	for name, r := range map[string]*report.Report{
		"no profile": {},
		"a cluster":  {Profile: provider.AKS(), Clusters: []report.Cluster{{Name: "a", Kinds: read}}},
		"empty":      {Profile: provider.AKS(), Clusters: []report.Cluster{{Name: "a"}}},
		"unread": {Profile: provider.AKS(), Clusters: []report.Cluster{
			{Name: "a", Kinds: read, Unread: []report.Unread{{What: "nodes", Why: "forbidden"}}}}},
	} {
		all := text(parse(t, write(t, r)))
		if !strings.Contains(all, "Nothing was found that") {
			t.Errorf("%s: the page does not say that nothing was found", name)
		}
		if got, want := strings.Contains(all, "1 thing could not be read"), name == "unread"; got != want {
			t.Errorf("%s: says what could not be read: %t, want %t", name, got, want)
		}
		if got, want := strings.Contains(all, "no object of a was read"), name == "empty"; got != want {
			t.Errorf("%s: says that nothing was read: %t, want %t", name, got, want)
		}
		if got, want := strings.Contains(all, "Everything that was to be read was read"), name != "unread" && name != "empty"; got != want {
			t.Errorf("%s: says that all was read: %t, want %t", name, got, want)
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestBrokenWriter(t *testing.T) {
	if err := html.Write(brokenWriter{}, cluster(t), options); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the writer's error", err)
	}
}
