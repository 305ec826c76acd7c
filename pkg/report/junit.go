// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// WriteJUnit writes the report as test results, which CI systems show: a suite for each cluster or file, in it a case for
// each object and rule. What warns or denies fails; rules that were skipped are skipped cases, so that nobody takes
// silence for health; what could not be judged is an error.
func (r *Report) WriteJUnit(w io.Writer) error {
	j := &junitWriter{report: r, index: map[string]int{}}
	for i := range r.Clusters {
		j.cluster(&r.Clusters[i])
	}
	for i := range r.Results {
		j.result(&r.Results[i])
	}
	for _, p := range r.Problems {
		j.add(p.Place.File, junitCase{Class: xmlText(p.Place.String()), Name: "input",
			Error: &junitProblem{Message: xmlText(Clean(p.Message)), Type: "input"}})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(j.all()); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junitWriter struct {
	report *Report
	suites []junitSuite
	index  map[string]int // of the suites, by name
}

// suite returns the suite of a cluster or a file.
func (j *junitWriter) suite(name string) *junitSuite {
	i, ok := j.index[name]
	if !ok {
		i = len(j.suites)
		j.index[name] = i
		s := junitSuite{Name: xmlText(cmp.Or(name, stdin)), Time: "0"}
		if len(j.report.Clusters) == 0 {
			s.File = xmlText(name)
		}
		j.suites = append(j.suites, s)
	}
	return &j.suites[i]
}

func (j *junitWriter) add(suite string, c junitCase) {
	s := j.suite(suite)
	c.Time = "0"
	s.Cases = append(s.Cases, c)
}

func (j *junitWriter) all() junitSuites {
	whole := junitSuites{Name: "demarc", Time: "0", Suites: j.suites}
	seconds := 0.0
	for _, c := range j.report.Clusters {
		seconds += c.Seconds
	}
	whole.Time = inSeconds(seconds)
	for i := range whole.Suites {
		s := &whole.Suites[i]
		s.count()
		whole.Tests, whole.Failures, whole.Errors = whole.Tests+s.Tests, whole.Failures+s.Failures, whole.Errors+s.Errors
	}
	return whole
}

func inSeconds(s float64) string { return strconv.FormatFloat(s, 'f', -1, 64) }

// cluster tells what was read: a case that passed for each kind, a skipped one for what could not be read and for each
// rule that lacked facts.
func (j *junitWriter) cluster(c *Cluster) {
	const class, rules = "what was read", "rules that were skipped"
	s := j.suite(c.Name)
	s.Time, s.Timestamp = inSeconds(c.Seconds), c.Started.UTC().Format(time.RFC3339)
	if c.Error != "" {
		j.add(c.Name, junitCase{Class: class, Name: "cluster",
			Error: &junitProblem{Message: xmlText("could not be audited: " + c.Error), Type: "cluster"}})
	}
	for _, k := range c.Kinds {
		j.add(c.Name, junitCase{Class: class, Name: xmlText(k.Resource), Output: output([]string{plural(k.Objects, "object")})})
	}
	for _, u := range c.Unread {
		message := "could not be read: " + u.Why
		if len(u.Rules) > 0 {
			message += "; these rules saw less: " + join(u.Rules)
		}
		j.add(c.Name, junitCase{Class: class, Name: xmlText(u.What), Skipped: &junitSkip{Message: xmlText(message)}})
	}
	for _, k := range c.Skipped {
		message := wanting(k.Needs) + ", on " + plural(k.Objects, "object")
		if k.Always {
			message = wanting(k.Needs) + ": it judges requests only"
		}
		j.add(c.Name, junitCase{Class: rules, Name: xmlText(string(k.Rule)), Skipped: &junitSkip{Message: xmlText(message)}})
	}
}

// wanting says which facts a rule lacked.
func wanting(needs []string) string { return "needs the " + strings.Join(needs, " and the ") }

func (j *junitWriter) result(r *Result) {
	suite, name := r.Place.File, r.Object
	if r.Live != nil {
		suite, name = r.Live.Cluster, cmp.Or(strings.TrimSpace(name), r.Live.qualified())
	}
	cases := ruleCases(r)
	for _, s := range r.Skipped {
		cases = append(cases, junitCase{Name: xmlText(string(s.Rule)),
			Skipped: &junitSkip{Message: xmlText(wanting(s.Needs))}})
	}
	for _, f := range r.Faults {
		cases = append(cases, junitCase{Name: xmlText(cmp.Or(string(f.Rule), allRules)),
			Error: &junitProblem{Message: xmlText("could not be judged: " + f.Error), Type: "fault"}})
	}
	if len(cases) == 0 {
		c := junitCase{Name: allRules}
		if r.Identity != "" {
			c.Skipped = &junitSkip{Message: xmlText(remark(r, 0))}
		}
		cases = append(cases, c)
	}
	for _, c := range cases {
		c.Class = xmlText(name)
		j.add(suite, c)
	}
}

// allRules is the case of an object about which no rule has anything to say.
const allRules = "all rules"

// ruleCases makes a case for each rule that found something, in the order in which they turn up.
func ruleCases(r *Result) []junitCase {
	var order []policy.ID
	byRule := map[policy.ID][]Verdict{}
	for _, v := range r.Verdicts {
		if byRule[v.Rule] == nil {
			order = append(order, v.Rule)
		}
		byRule[v.Rule] = append(byRule[v.Rule], v)
	}
	cases := make([]junitCase, 0, len(order))
	for _, id := range order {
		cases = append(cases, ruleCase(r, id, byRule[id]))
	}
	return cases
}

func ruleCase(r *Result, id policy.ID, verdicts []Verdict) junitCase {
	c := junitCase{Name: xmlText(string(id))}
	var failed, passed []string
	var worst Verdict
	for _, v := range verdicts {
		if !v.Shown() || !v.Mode.AtLeast(policy.Warn) {
			passed = append(passed, standing(v)+v.Line())
			continue
		}
		if len(failed) == 0 || v.Mode.AtLeast(policy.Deny) && worst.Mode != policy.Deny {
			worst = v
		}
		failed = append(failed, sentence(r, v)+changed(v))
	}
	c.Output = output(passed)
	if len(failed) == 0 {
		return c
	}
	message := cmp.Or(worst.Path, r.Object) + ": " + worst.Message
	if more := len(failed) - 1; more > 0 {
		message += fmt.Sprintf(" (and %d more)", more)
	}
	c.Failure = &junitProblem{Message: xmlText(message), Type: string(worst.Mode), Text: xmlText(strings.Join(append(failed, background(r, worst)...), "\n"))}
	return c
}

// standing says why a finding is no failure; an Audit one is recorded, no more.
func standing(v Verdict) string {
	switch {
	case v.Exemption != "":
		return "exempt by " + v.Exemption + ": "
	case v.Mode == policy.Off:
		return "documented by the provider as " + v.Customisation + ": "
	}
	return ""
}

// changed says who last set the field.
func changed(v Verdict) string {
	c := v.Change
	if c == nil {
		return ""
	}
	s := fmt.Sprintf(" [%s: %s by %s", c.Confidence, c.how(), c.Manager)
	if at := c.when(); at != "" {
		s += ", " + at
	}
	return s + "]"
}

// background says where it stands and why the rule is there.
func background(r *Result, v Verdict) []string {
	var lines []string
	if r.Live == nil {
		lines = append(lines, "at: "+r.Place.String())
	}
	if v.rule != nil {
		lines = append(lines, "why: "+v.rule.Doc.Why)
	}
	if len(v.Clauses) > 0 {
		lines = append(lines, "see: "+join(v.Clauses))
	}
	return lines
}

func output(lines []string) *junitText {
	if len(lines) == 0 {
		return nil
	}
	return &junitText{Text: xmlText(strings.Join(lines, "\n"))}
}

// xmlText leaves out what XML 1.0 can't hold, however it is escaped.
func xmlText(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\t', c == '\n', c == '\r', c >= ' ' && c <= 0xd7ff, c >= 0xe000 && c <= 0xfffd, c >= 0x10000 && c <= 0x10ffff:
			return c
		}
		return -1
	}, s)
}
