// SPDX-License-Identifier: Apache-2.0

package html

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// TestVerdict: what is certain and what is in doubt are never one number, nor are the classes.
func TestVerdict(t *testing.T) {
	finding := func(class provider.Consequence, doubt string) report.Verdict {
		return report.Verdict{Rule: "r", Mode: policy.Warn, Class: class, Doubt: doubt}
	}
	certain, doubtful := finding(provider.Unsupported, ""), finding(provider.Unsupported, "perhaps")
	exempted := certain
	exempted.Exemption = "ours"
	const outside = " outside the support policy of Cloud"
	for name, c := range map[string]struct {
		clusters []string
		of       []report.Verdict // of the first cluster
		want     string
	}{
		"nothing":          {[]string{"a"}, nil, "Nothing was found that the support policy of Cloud speaks against."},
		"one":              {[]string{"a"}, []report.Verdict{certain}, "This cluster has 1 finding that takes it" + outside + "."},
		"several":          {[]string{"a"}, []report.Verdict{certain, certain}, "This cluster has 2 findings that take it" + outside + "."},
		"and doubt":        {[]string{"a"}, []report.Verdict{certain, doubtful}, "This cluster has 1 finding that takes it" + outside + ". Another 1 may: it is in doubt."},
		"doubt only":       {[]string{"a"}, []report.Verdict{doubtful, doubtful}, "2 findings may take this cluster" + outside + ": they are in doubt."},
		"another class":    {[]string{"a"}, []report.Verdict{finding(provider.Undiagnosed, "")}, "Nothing was found that takes this cluster" + outside + "."},
		"an unknown class": {[]string{"a"}, []report.Verdict{finding("", "")}, "Nothing was found that takes this cluster" + outside + "."},
		"exempt":           {[]string{"a"}, []report.Verdict{exempted}, "Nothing was found that the support policy of Cloud speaks against."},
		"fleet":            {[]string{"a", "b"}, []report.Verdict{certain, certain}, "1 of 2 clusters has 2 findings that take it" + outside + "."},
		"files":            {nil, []report.Verdict{certain}, "These documents have 1 finding that takes a cluster" + outside + "."},
	} {
		r := &report.Report{Profile: &provider.Profile{Title: "Cloud"}, Results: []report.Result{{Object: "Pod a/b", Verdicts: c.of}}}
		for _, name := range c.clusters {
			r.Clusters = append(r.Clusters, report.Cluster{Name: name})
			r.Results[0].Live = &report.Live{Cluster: c.clusters[0], Kind: "Pod", Name: "b", Namespace: "a"}
		}
		if got, _ := newModel(r, Options{}).verdict(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestPieces(t *testing.T) {
	for s, want := range map[string]string{
		"nothing to see":         "nothing to see",
		"run az aks show -n x":   "run |!az aks show -n x",
		"leave azure alone":      "leave azure alone",
		"by kubectl":             "by kubectl",
		"use `az aks` for nodes": "use |=az aks| for nodes",
		"set `fsGroup` and run":  "set |=fsGroup| and run",
		"use kubectl exec, attach or port-forward, or kubectl debug node/aks-1": "use |=kubectl exec|, attach or port-forward, or |!kubectl debug node/aks-1",
		"use kubectl debug node/NAME to look, and az aks nodepool add --a to b": "use |!kubectl debug node/NAME| to look, and |!az aks nodepool add --a| to b",
		"prefer az aks nodepool add --kubelet-config where that does the same":  "prefer |!az aks nodepool add --kubelet-config| where that does the same",
		"Turn on with `az aks nodepool update --min-count <n> --max-count <n>`": "Turn on with |!az aks nodepool update --min-count <n> --max-count <n>",
		"run az aks show -g $(curl evil) -n x":                                  "run |=az aks show -g $(curl evil|) -n x",
		"run az aks show -n a;rm":                                               "run |=az aks show -n a;rm",
		"run az aks show -n a >b c":                                             "run |=az aks show -n a >b c",
		"run az aks show -n <a b":                                               "run |=az aks show -n <a b",
		"run kubectl get ns. Then look":                                         "run |!kubectl get ns|. Then look",
		"":                                                                      "",
	} {
		var got []string
		for _, p := range pieces(s) {
			mark := ""
			if p.code {
				mark = "="
			}
			if p.command {
				mark = "!"
			}
			got = append(got, mark+p.text)
		}
		if diff := cmp.Diff(want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", s, diff)
		}
	}
}

func TestNamespaceOf(t *testing.T) {
	for object, want := range map[string]string{
		"Pod shop/web": "shop", "UPDATE Deployment/scale shop/web": "shop", "ClusterRole aks-service": "", "Pod shop/(without a name)": "shop",
		"CREATE pods/exec shop/web": "shop", "Namespace (without a name)": "", "": "", "Pod shop/web-*": "shop",
	} {
		if got := namespaceOf(object); got != want {
			t.Errorf("namespaceOf(%q) = %q, want %q", object, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
	for seconds, want := range map[float64]string{-1: "0.0 s", 1.25: "1.2 s", 61.4: "61 s", 600: "10 min"} {
		if got := took(seconds); got != want {
			t.Errorf("took(%v) = %q, want %q", seconds, got, want)
		}
	}
	now := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{time.Minute: "1 minute ago", 30 * time.Hour: "30 hours ago", 72 * time.Hour: "3 days ago", -time.Hour: ""} {
		if got := ago(now, now.Add(-d)); got != want {
			t.Errorf("ago(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestLargest(t *testing.T) {
	counts := map[string]*count{}
	for i, name := range []string{"a", "b", "c", "d"} {
		for range 4 - i {
			bump(counts, name, name, provider.Advice)
		}
	}
	var got []string
	for _, c := range largest(counts, 3) {
		got = append(got, c.name+" "+number(c.total))
	}
	if diff := cmp.Diff([]string{"a 4", "b 3", "2 others 3"}, got); diff != "" {
		t.Errorf("bars (-want +got):\n%s", diff)
	}
}
