// SPDX-License-Identifier: Apache-2.0

package html_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	parser "golang.org/x/net/html"

	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/report/html"
	"github.com/demarc-dev/demarc/test/browser/sample"
)

// kinds is what an element and its attributes are, without any value.
func kinds(root *parser.Node) map[string]bool {
	set := map[string]bool{}
	for _, n := range elements(root, "") {
		for _, a := range n.Attr {
			set[n.Data+" "+a.Key] = true
		}
		set[n.Data] = true
	}
	return set
}

// harmless is what a page is made of whose strings want nothing. They have a command and a namespace, which bring
// elements of their own.
var harmless = sync.OnceValue(func() map[string]bool {
	var b bytes.Buffer
	if err := html.Write(&b, sample.Hostile("a/b `kubectl get pods`"), options); err != nil {
		panic(err)
	}
	root, err := parser.Parse(&b)
	if err != nil {
		panic(err)
	}
	return kinds(root)
})

// checkHostile says what a string got into the page that is no text.
func checkHostile(t *testing.T, s string) {
	t.Helper()
	known := harmless()
	page := write(t, sample.Hostile(s))
	root := parse(t, page)
	for kind := range kinds(root) {
		if !known[kind] {
			t.Errorf("%q became %q", s, kind)
		}
	}
	if scripts := elements(root, "script"); len(scripts) != 2 {
		t.Errorf("%q: %d scripts, want 2", s, len(scripts))
	}
	for n := range root.Descendants() {
		if n.Type == parser.CommentNode {
			t.Errorf("%q became a comment", s)
		}
	}
	for _, a := range elements(root, "a") {
		if href := attribute(a, "href"); strings.HasPrefix(s, "https://") && href == report.Clean(s) {
			continue // that is an address
		} else if !strings.HasPrefix(href, "#") && !strings.HasPrefix(href, "https://learn.microsoft.com/") && href != report.Home {
			t.Errorf("%q became a link to %q", s, href)
		}
	}
	if clean := report.Clean(s); !strings.Contains(text(root), strings.ReplaceAll(clean, "`", "")) && !strings.Contains(clean, "`") {
		t.Errorf("%q is not in the page as text", s)
	}
	if bytes.ContainsAny(page, "\u2028\u2029\u202e\x00\x1b") {
		t.Errorf("%q: characters that do something are in the page", s)
	}
}

func TestHostile(t *testing.T) {
	for _, s := range sample.Attacks {
		checkHostile(t, s)
	}
	checkHostile(t, strings.Join(sample.Attacks, ""))
}

func FuzzHostile(f *testing.F) {
	for _, s := range sample.Attacks {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) < 1<<12 {
			checkHostile(t, s)
		}
	})
}
