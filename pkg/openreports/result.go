// SPDX-License-Identifier: Apache-2.0

package openreports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// Result is one finding.
type Result struct {
	Source    string                   `json:"source"`
	Policy    string                   `json:"policy"`
	Category  string                   `json:"category,omitempty"`
	Severity  string                   `json:"severity,omitempty"`
	Timestamp Timestamp                `json:"timestamp"`
	Result    string                   `json:"result"`
	Scored    bool                     `json:"scored,omitempty"`
	Resources []corev1.ObjectReference `json:"resources,omitempty"`
	Message   string                   `json:"message,omitempty"`
	// Properties are path, fix, clause and whatever else is known of the finding.
	Properties map[string]string `json:"properties,omitempty"`
}

// Timestamp is when a finding was first found. Both fields must be there.
type Timestamp struct {
	Seconds int64 `json:"seconds"`
	Nanos   int32 `json:"nanos"`
}

// The results, as both APIs spell them.
const (
	fail   = "fail"
	warn   = "warn"
	failed = "error"
	skip   = "skip"
	pass   = "pass"
)

// results lists them in the order in which they are listed.
var results = []string{fail, warn, failed, skip, pass}

// outcome says what a verdict counts as: fail for what is certain and not only recorded; warn for what is in doubt or only
// recorded; skip for what is exempt; pass for what a documented customisation covers.
func outcome(v *report.Verdict) string {
	switch {
	case v.Exemption != "":
		return skip
	case v.Mode == policy.Off:
		return pass
	case v.Mode == policy.Audit || v.Doubt != "":
		return warn
	}
	return fail
}

// severity is that of a consequence. Nothing is critical: not every cluster's definitions know that word.
func (c *cluster) severity(class provider.Consequence) string {
	switch class {
	case provider.Unsupported:
		return "high"
	case provider.Reverted:
		return "medium"
	case provider.Undiagnosed:
		return "low"
	case provider.Advice:
		if c.API.info {
			return "info"
		}
		return "low"
	}
	return ""
}

// resultsOf returns what was found on one object, and what could not be judged of it.
func (c *cluster) resultsOf(r *report.Result) []Result {
	list := make([]Result, 0, len(r.Verdicts)+len(r.Faults))
	resources := reference(r.Live)
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		result := outcome(v)
		list = append(list, Result{Source: Source, Policy: string(v.Rule), Category: string(v.Class), Severity: c.severity(v.Class),
			Result: result, Scored: result == fail || result == pass, Resources: resources, Message: cut(v.Message, maxMessage), Properties: properties(r.Live, v)})
	}
	for _, f := range r.Faults {
		list = append(list, Result{Source: Source, Policy: cmp.Or(string(f.Rule), Source), Result: failed, Resources: resources,
			Message: cut("could not be judged: "+f.Error, maxMessage)})
	}
	return list
}

// reference names the object; nil for the cluster itself.
func reference(l *report.Live) []corev1.ObjectReference {
	if l.Name == "" {
		return nil
	}
	return []corev1.ObjectReference{{APIVersion: l.APIVersion, Kind: l.Kind, Namespace: l.Namespace, Name: l.Name, UID: uid(l.UID)}}
}

func properties(l *report.Live, v *report.Verdict) map[string]string {
	clauses := make([]string, len(v.Clauses))
	for i, c := range v.Clauses {
		clauses[i] = string(c)
	}
	same := ""
	if l.Same > 0 {
		same = strconv.Itoa(l.Same)
	}
	p := map[string]string{
		"mode": string(v.Mode), "path": v.Path, "fix": v.Fix, "clause": strings.Join(clauses, ","), "owner": l.Owner, "same": same,
		"changed-by": changedBy(v.Change), "doubt": v.Doubt, "exemption": v.Exemption, "expired-exemption": v.Expired,
		"customisation": v.Customisation,
	}
	for key, value := range p {
		if value == "" {
			delete(p, key)
			continue
		}
		p[key] = cut(value, maxProperty)
	}
	return p
}

// changedBy says in words who last set the field.
func changedBy(c *report.Change) string {
	if c == nil {
		return ""
	}
	through := c.Operation
	if c.Subresource != "" {
		through += " of " + c.Subresource
	}
	words := fmt.Sprintf("%s (%s)", c.Manager, through)
	if !c.Time.IsZero() {
		words += " at " + c.Time.UTC().Format(time.RFC3339)
	}
	return words + ", " + strings.ToLower(string(c.Confidence))
}

// The longest texts: what others wrote must not fill the report.
const (
	maxMessage  = 1024
	maxProperty = 1024
)

// cut shortens s to at most limit bytes, at a rune.
func cut(s string, limit int) string {
	const ellipsis = "..."
	if len(s) <= limit {
		return s
	}
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}

// byGravity puts first what must not be cut: by outcome, then by consequence, then by object, rule and path.
func byGravity(a, b Result) int {
	return cmp.Or(
		cmp.Compare(slices.Index(results, a.Result), slices.Index(results, b.Result)),
		cmp.Compare(classRank(a.Category), classRank(b.Category)),
		cmp.Compare(resourceKey(a), resourceKey(b)),
		strings.Compare(a.Policy, b.Policy),
		strings.Compare(a.Properties["path"], b.Properties["path"]),
		strings.Compare(a.Message, b.Message),
	)
}

func classRank(category string) int {
	if i := slices.Index(report.Classes(), provider.Consequence(category)); i >= 0 {
		return i
	}
	return len(report.Classes())
}

func resourceKey(r Result) string {
	if len(r.Resources) == 0 {
		return ""
	}
	o := r.Resources[0]
	return group(o.APIVersion) + "/" + o.Kind + "/" + o.Namespace + "/" + o.Name
}
