// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"encoding/json"
	"io"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Report is the outcome of a check of many objects.
type Report struct {
	// Clusters says what an audit read; empty for a check of files.
	Clusters []Cluster `json:"clusters,omitempty"`
	Results  []Result  `json:"results"`
	// Compared says how it stands to a baseline: see Since. It is nil without one.
	Compared *Compared `json:"compared,omitempty"`
	// Redacted says that names in it are pseudonyms: see Redact.
	Redacted bool `json:"redacted,omitempty"`
	// Profile has the clauses that the rules name.
	Profile *provider.Profile `json:"-"`
	// Problems are inputs that could not be judged.
	Problems []Problem `json:"-"`
}

// Result is what was found in one object. Its text is clean: see Clean.
type Result struct {
	// Source is where the object stands: file#document.
	Source string `json:"source"`
	// Object names it: see Subject.
	Object string `json:"object"`
	// Allowed is false if a verdict denies.
	Allowed  bool      `json:"allowed"`
	Verdicts []Verdict `json:"verdicts"`
	Skipped  []Skip    `json:"skipped"`
	// Faults are rules, or parts of the object, that failed: what they would have found is not known.
	Faults []Fault `json:"faults,omitempty"`

	// Live says where a live object stands; nil for one in a file.
	Live *Live `json:"live,omitempty"`

	Place Place `json:"-"`
	// Identity is the provider's user whose request this is; it was not judged.
	Identity string `json:"-"`
}

// Place is where an object stands in the files that were checked.
type Place struct {
	File string // empty for standard input
	Line int    // where it begins, from 1
	Hint string // what made it, as far as the file says so: a chart's template
}

// Problem is an input that could not be judged.
type Problem struct {
	Place
	Message string
}

// Verdict is a finding and what becomes of it, as the engine's Verdict says.
type Verdict struct {
	Rule          policy.ID           `json:"rule"`
	Mode          policy.Mode         `json:"mode"`
	Path          string              `json:"path"`
	Message       string              `json:"message"`
	Fix           string              `json:"fix"`
	Clauses       []provider.ClauseID `json:"clauses"`
	Doubt         string              `json:"doubt"`
	Existing      bool                `json:"existing"`
	Exemption     string              `json:"exemption"`
	Customisation string              `json:"customisation"`
	// Expired names an exemption that would have covered it, had it not run out.
	Expired string `json:"expired,omitempty"`
	// Bound is the strongest mode that it could take in any configuration; empty for Deny.
	Bound policy.Mode `json:"bound,omitempty"`
	// Class is the gravest consequence among the clauses.
	Class provider.Consequence `json:"class,omitempty"`
	// Kind is the finding's own, of rules that find several things; YAML is what to commit, line by line.
	Kind string `json:"kind,omitempty"`
	YAML string `json:"yaml,omitempty"`
	// Change says who last set the field of a live object; nil if nobody can tell.
	Change *Change `json:"change,omitempty"`

	rule   *policy.Rule
	ownFix string // the finding's own, empty where Fix is the rule's
}

// Skip is a rule that did not run for want of facts.
type Skip struct {
	Rule  policy.ID `json:"rule"`
	Needs []string  `json:"needs"`
}

// Fault is a rule that failed, or with no rule the object's own body.
type Fault struct {
	Rule  policy.ID `json:"rule,omitempty"`
	Error string    `json:"error"`
}

// NewResult puts a decision into the form of a report.
func NewResult(source string, place Place, subject string, d engine.Decision) Result {
	r := Result{
		Source: Clean(source), Place: place, Object: Clean(subject), Allowed: d.Allowed(),
		Verdicts: make([]Verdict, 0, len(d.Verdicts)), Skipped: make([]Skip, 0, len(d.Skipped)),
	}
	for _, v := range d.Verdicts {
		r.Verdicts = append(r.Verdicts, newVerdict(d.Profile, v))
	}
	for _, s := range d.Skipped {
		r.Skipped = append(r.Skipped, Skip(s))
	}
	for _, f := range d.Faults {
		r.Faults = append(r.Faults, Fault{Rule: f.Rule, Error: errorText(f.Err)})
	}
	if d.Identity != nil {
		r.Identity = d.Identity.User
	}
	return r
}

func newVerdict(p *provider.Profile, v engine.Verdict) Verdict {
	bound := v.Bound
	if bound == policy.Deny {
		bound = ""
	}
	return Verdict{
		Rule: v.Rule.ID, Mode: v.Mode, Path: pathOf(v.Path), Message: Clean(v.Message), Fix: fixOf(v),
		Clauses: clausesOfFinding(v), Doubt: Clean(v.Doubt), Existing: v.Existing, Exemption: Clean(v.Exemption),
		Customisation: v.Customisation, Expired: Clean(v.Expired),
		Bound: bound, Class: classOf(p, clausesOfFinding(v)), Kind: v.Kind, YAML: cleanLines(v.YAML),
		rule: v.Rule, ownFix: Clean(v.Fix),
	}
}

// Shown says whether people are shown a verdict without asking: it is neither exempt nor documented by the provider.
func (v Verdict) Shown() bool { return v.Mode != policy.Off && v.Exemption == "" }

// Definition is the rule that found it; nil in a report that was read back.
func (v Verdict) Definition() *policy.Rule { return v.rule }

// OwnFix is the remedy of this very finding; empty where Fix is the rule's.
func (v Verdict) OwnFix() string {
	if v.rule != nil && v.ownFix == "" {
		return ""
	}
	return v.Fix
}

// Line is a verdict on one line, as the function of that name spells it.
func (v Verdict) Line() string {
	return string(v.Mode) + " " + string(v.Rule) + " " + cmp.Or(v.Path, "-") + ": " + v.Says()
}

// Says is the message with the kind of finding that it is.
func (v Verdict) Says() string {
	if v.Kind == "" {
		return v.Message
	}
	return v.Message + " [" + v.Kind + "]"
}

// Reaches says whether something was found that counts as much as the mode given, or more.
func (r *Report) Reaches(mode policy.Mode) bool {
	for i := range r.Results {
		for _, v := range r.Results[i].Verdicts {
			if v.Shown() && v.Mode.AtLeast(mode) {
				return true
			}
		}
	}
	return false
}

// WriteJSON writes the report as one JSON object. It holds every verdict, those included that are exempt or documented.
func (r *Report) WriteJSON(w io.Writer) error {
	whole := *r
	if whole.Results == nil {
		whole.Results = []Result{}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(whole)
}
