// SPDX-License-Identifier: Apache-2.0

package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// Baseline is what an earlier report found: what is in there is known, and all else is new.
type Baseline struct {
	findings map[string]accepted
}

// accepted is a finding that a baseline holds.
type accepted struct {
	cluster string // empty for one in a file
	times   int    // in one object, at different positions of its lists
}

// Compared says how a report stands to a baseline. Its results hold only what is new.
type Compared struct {
	// Known counts the findings that are in the baseline.
	Known int `json:"known"`
	// Gone counts those of the baseline that were not found again.
	Gone int `json:"gone"`
}

// String is the comparison as a clause.
func (c Compared) String() string {
	verb := "are"
	if c.Known == 1 {
		verb = "is"
	}
	gone := "are"
	if c.Gone == 1 {
		gone = "is"
	}
	return fmt.Sprintf("%s %s in the baseline, %d of the baseline %s gone", plural(c.Known, "finding"), verb, c.Gone, gone)
}

// ReadBaseline reads an earlier report, as WriteJSON wrote it. Members that it doesn't know are a newer demarc's, and
// passed over.
func ReadBaseline(from io.Reader) (*Baseline, error) {
	var file struct {
		Results  *[]Result      `json:"results"`
		Redacted bool           `json:"redacted"`
		Compared *Compared      `json:"compared"`
		Runs     jsontext.Value `json:"runs"` // SARIF's
	}
	if err := json.UnmarshalRead(from, &file); err != nil {
		if syntax := (*jsontext.SyntacticError)(nil); errors.As(err, &syntax) {
			err = syntax.Err // what is around it names the decoder
		}
		return nil, fmt.Errorf("this is no report in JSON: %w", err)
	}
	switch {
	case file.Runs != nil:
		return nil, errors.New("this is SARIF: a baseline is a report that -o json wrote")
	case file.Results == nil:
		return nil, errors.New("this is no report: a baseline is what -o json wrote, with the member results")
	case file.Redacted:
		return nil, errors.New("this report is redacted, so that its names mean nothing: write one without --redact")
	case file.Compared != nil:
		return nil, errors.New("this report holds only what was new to another baseline: write one without --baseline")
	}
	return newBaseline(*file.Results)
}

func newBaseline(results []Result) (*Baseline, error) {
	b := &Baseline{findings: map[string]accepted{}}
	var errs []error
	for i := range results {
		r := &results[i]
		if r.Object == "" && r.Live == nil {
			errs = append(errs, fmt.Errorf("results[%d].object: must name what was judged", i))
		}
		times := map[string]int{}
		for j, v := range r.Verdicts {
			switch {
			case v.Rule == "":
				errs = append(errs, fmt.Errorf("results[%d].verdicts[%d].rule: must name a rule", i, j))
			case !slices.Contains(policy.Modes(), v.Mode):
				errs = append(errs, fmt.Errorf("results[%d].verdicts[%d].mode: must be one of %s, not %q", i, j, join(policy.Modes()), Clean(cut(string(v.Mode), minName))))
			}
			// What was exempt is not known: it counts as soon as the exemption is gone.
			if v.Shown() {
				times[r.key(v)]++
			}
		}
		b.take(r, times)
		if len(errs) >= maxBaselineErrors {
			break
		}
	}
	return b, errors.Join(errs...)
}

// maxBaselineErrors is how many mistakes are told at least before the rest is left.
const maxBaselineErrors = 5

// take adds what was found in one result. Objects that go by the same owner share what they have.
func (b *Baseline) take(r *Result, times map[string]int) {
	for key, n := range times {
		b.findings[key] = accepted{cluster: r.cluster(), times: max(n, b.findings[key].times)}
	}
}

func (r *Result) cluster() string {
	if r.Live == nil {
		return ""
	}
	return r.Live.Cluster
}

// key is what makes a finding the same as one of another report.
func (r *Result) key(v Verdict) string {
	return strings.Join([]string{r.identity(), string(v.Rule), withoutPositions(v.Path), v.Message}, "\x00")
}

// Since returns what is new in a report since a baseline, how many findings are known, and how many of the baseline are
// gone. A finding is known if the baseline has one of the same cluster or file, object, rule, field and message; the
// field's position in a list does not matter, nor does the mode, which is the configuration's. Exempt and documented
// findings stay as they are, and so does what could not be judged. A finding that is exempt now is not gone, nor is what
// the baseline has of clusters that this report did not look at.
func (r *Report) Since(b *Baseline) (fresh *Report, known, gone int) {
	left := *r
	left.Results = make([]Result, 0, len(r.Results))
	seen := map[string]int{}
	for i := range r.Results {
		result := r.Results[i]
		there, shown := map[string]int{}, map[string]int{}
		result.Verdicts = slices.DeleteFunc(slices.Clone(result.Verdicts), func(v Verdict) bool {
			key := result.key(v)
			there[key]++
			if !v.Shown() {
				return false
			}
			shown[key]++
			return shown[key] <= b.findings[key].times
		})
		known += len(r.Results[i].Verdicts) - len(result.Verdicts)
		for key, n := range there {
			seen[key] = max(seen[key], n)
		}
		result.Allowed = !slices.ContainsFunc(result.Verdicts, func(v Verdict) bool { return v.Mode == policy.Deny })
		// An audit lists only objects about which there is something to say.
		if result.Live == nil || len(result.Verdicts)+len(result.Skipped)+len(result.Faults) > 0 {
			left.Results = append(left.Results, result)
		}
	}
	for key, a := range b.findings {
		if r.covers(a.cluster) {
			gone += max(0, a.times-seen[key])
		}
	}
	left.Compared = &Compared{Known: known, Gone: gone}
	return &left, known, gone
}

// covers says whether the report would have found what stands in a cluster, or in files if the name is empty.
func (r *Report) covers(cluster string) bool {
	if cluster == "" {
		return len(r.Clusters) == 0
	}
	return slices.ContainsFunc(r.Clusters, func(c Cluster) bool { return c.Name == cluster && c.Error == "" })
}
