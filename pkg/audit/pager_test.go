// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

const pods = "/api/v1/pods"

// Whatever happens between the pages, every object is judged, once.
func TestPages(t *testing.T) {
	// cut sends the first half of an answer, and hangs up.
	cut := func(s *server, w http.ResponseWriter, r *http.Request) bool {
		var whole bytes.Buffer
		s.list(recorder{&whole, w.Header()}, r)
		w.Write(whole.Bytes()[:whole.Len()/2])
		panic(http.ErrAbortHandler)
	}
	const second = "continue=500"
	for name, before := range map[string]func(s *server, w http.ResponseWriter, r *http.Request, n int) bool{
		"nothing": nil,
		"expired": func(_ *server, w http.ResponseWriter, r *http.Request, n int) bool {
			return n == 1 && strings.Contains(r.URL.RawQuery, "continue=1000") && refuse(w, http.StatusGone, "Expired", "too old", "01000")
		},
		"broken off in the first page": func(s *server, w http.ResponseWriter, r *http.Request, n int) bool {
			return n == 1 && !strings.Contains(r.URL.RawQuery, "continue") && cut(s, w, r)
		},
		"broken off in the second page, twice": func(s *server, w http.ResponseWriter, r *http.Request, n int) bool {
			return n <= 2 && strings.Contains(r.URL.RawQuery, second) && cut(s, w, r)
		},
		"busy": func(_ *server, w http.ResponseWriter, r *http.Request, n int) bool {
			return n <= 2 && strings.Contains(r.URL.RawQuery, second) && refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable", "busy", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer().pods(1203)
			if before != nil {
				s.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
					return r.URL.Path == pods && before(s, w, r, n)
				}
			}
			for _, s.metadataLast = range []bool{false, true} {
				clear(s.times)
				var last Progress
				r, err := run(t, s, Options{Progress: func(p Progress) { last = p }}, hostPID)
				if err != nil {
					t.Fatal(err)
				}
				seen := map[string]int{}
				for i := range r.Results {
					seen[r.Results[i].Live.Name]++
				}
				if len(seen) != 1203 || len(r.Results) != 1203 || len(r.Clusters[0].Unread) > 0 {
					t.Errorf("got %d results of %d objects, unread %v", len(r.Results), len(seen), r.Clusters[0].Unread)
				}
				want := Progress{Resource: "pods", Done: last.Kinds - 1, Kinds: last.Kinds, Objects: 1203, Total: 1203, Results: 1203}
				if last != want {
					t.Errorf("progress: got %+v, want %+v", last, want)
				}
			}
		})
	}
}

type recorder struct {
	*bytes.Buffer
	header http.Header
}

func (r recorder) Header() http.Header { return r.header }
func (recorder) WriteHeader(int)       {}

// What can't be read is named, with the answer and the rules that saw less; the rest is judged.
func TestUnread(t *testing.T) {
	for name, c := range map[string]struct {
		before func(w http.ResponseWriter, r *http.Request) bool
		what   string
		why    string
		judged int
	}{
		"forbidden": {func(w http.ResponseWriter, _ *http.Request) bool {
			return refuse(w, http.StatusForbidden, "Forbidden", "ada may not list pods", "")
		}, "pods", "ada may not list pods", 1},
		"always expired": {func(w http.ResponseWriter, r *http.Request) bool {
			return r.URL.Query().Get("continue") != "" && refuse(w, http.StatusGone, "Expired", "too old", r.URL.Query().Get("continue"))
		}, "pods", "after 500 objects: the list changes faster than it can be read", 501},
		"broken": {func(w http.ResponseWriter, r *http.Request) bool {
			return r.URL.Query().Get("continue") != "" && refuse(w, http.StatusInternalServerError, "InternalError", "out of order", "")
		}, "pods", "after 500 objects: out of order", 501},
		"no end": {func(w http.ResponseWriter, _ *http.Request) bool {
			fmt.Fprint(w, `{"metadata":{"continue":"again"},"items":[]}`)
			return true
		}, "pods", "the list comes to no end", 1},
		"no list": {func(w http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(w, `[]`); return true },
			"pods", `read the list: got "[" where a list was expected`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer().pods(600).with(made{kind: "DaemonSet", name: "agent", host: true})
			s.before = func(w http.ResponseWriter, r *http.Request, _ int) bool { return r.URL.Path == pods && c.before(w, r) }
			r, err := run(t, s, Options{}, hostPID)
			if err != nil {
				t.Fatal(err)
			}
			want := []report.Unread{{What: c.what, Why: c.why, Rules: []policy.ID{"host-pid"}}}
			if diff := cmp.Diff(want, r.Clusters[0].Unread); diff != "" {
				t.Errorf("unread (-want +got):\n%s", diff)
			}
			if len(r.Results) != c.judged {
				t.Errorf("got %d results, want %d", len(r.Results), c.judged)
			}
		})
	}
}

// However large the cluster, what is held at a time is small.
func TestMemory(t *testing.T) {
	const count = 20_000
	item := fmt.Sprintf(`{"metadata":{"name":"p","annotations":{"a":%q}},"spec":{"containers":[{"name":"c"}]}}`, strings.Repeat("x", 5000))
	page := `"items":[` + strings.Repeat(item+",", 499) + item + `]}`
	s := newServer()
	s.before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Path != pods {
			return false
		}
		start, next := 0, ""
		fmt.Sscan(r.URL.Query().Get("continue"), &start)
		if start+500 < count {
			next = fmt.Sprint(start + 500)
		}
		fmt.Fprintf(w, `{"metadata":{"continue":%q},%s`, next, page)
		return true
	}
	peak := uint64(0)
	r, err := run(t, s, Options{Progress: func(p Progress) {
		if p.Objects%5000 < 100 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
		}
	}}, hostPID)
	if err != nil || r.Clusters[0].Kinds[len(r.Clusters[0].Kinds)-1].Objects != count {
		t.Fatalf("got %v", err)
	}
	t.Logf("at most %d MiB in use", peak>>20)
	if peak > 48<<20 {
		t.Errorf("%d MiB were in use", peak>>20)
	}
}
