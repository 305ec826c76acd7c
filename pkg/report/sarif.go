// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// Home is where demarc is at home; the SARIF names it as the tool's address.
const Home = "https://github.com/demarc-dev/demarc"

// WriteSARIF writes the report as SARIF 2.1.0. Rules are described once; exempt and documented findings are there as
// suppressed ones; inputs that could not be judged are notifications.
func (r *Report) WriteSARIF(w io.Writer, version string) error {
	s := &sarifWriter{report: r, index: map[policy.ID]int{}}
	run := sarifRun{
		Tool:       sarifTool{Driver: sarifDriver{Name: "demarc", Version: version, InformationURI: Home}},
		ColumnKind: "unicodeCodePoints",
		Results:    s.results(),
	}
	run.Tool.Driver.Rules = s.rules
	notes := s.notifications()
	failed := slices.ContainsFunc(notes, func(n sarifNotification) bool { return n.Level == "error" })
	run.Invocations = []sarifInvocation{{ExecutionSuccessful: !failed, Notifications: notes}}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}

type sarifWriter struct {
	report *Report
	rules  []sarifRule
	index  map[policy.ID]int
}

func (s *sarifWriter) results() []sarifResult {
	list := []sarifResult{}
	twins := map[string]int{}
	for i := range s.report.Results {
		result := &s.report.Results[i]
		for _, v := range result.Verdicts {
			if v.rule == nil {
				continue
			}
			id := fingerprint(result, v)
			twins[id]++
			list = append(list, sarifResult{
				RuleID: string(v.Rule), RuleIndex: s.rule(v.rule), Level: level(v.Mode, "error", "warning", "note"),
				Message:   sarifText{Text: sentence(result, v)},
				Locations: []sarifLocation{location(result)},
				// The count tells findings apart that differ in nothing but their position in a list.
				Fingerprints: map[string]string{"demarc/v1": fmt.Sprintf("%s:%d", id, twins[id])},
				Suppressions: suppressions(v), Properties: detail(v),
			})
		}
	}
	return list
}

// rule describes a rule when it first turns up, and returns its place in the list.
func (s *sarifWriter) rule(rule *policy.Rule) int {
	if i, ok := s.index[rule.ID]; ok {
		return i
	}
	s.index[rule.ID] = len(s.rules)
	described := sarifRule{
		ID: string(rule.ID), Short: sarifText{Text: rule.Title}, Full: sarifText{Text: rule.Doc.Why},
		Help:     sarifText{Text: strings.TrimSpace(rule.Doc.Fix + " " + rule.Doc.Note)},
		Defaults: sarifConfiguration{Level: level(rule.Default, "error", "warning", "note")},
	}
	for _, c := range clausesOf(s.report.Profile, rule) {
		described.HelpURI = cmp.Or(described.HelpURI, c.Source.URL)
		described.Properties.Tags = append(described.Properties.Tags, string(c.ID))
	}
	s.rules = append(s.rules, described)
	return len(s.rules) - 1
}

// fingerprint is what a finding keeps when the file around it changes, or the list that it stands in, or the name of a
// live object that its owner makes anew.
func fingerprint(r *Result, v Verdict) string {
	object := r.Object
	if r.Live != nil {
		object = r.identity()
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{string(v.Rule), object, withoutPositions(v.Path), v.Message}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// withoutPositions leaves out the numbers in brackets.
func withoutPositions(path string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(path, "[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('[')
		path = strings.TrimLeft(rest, "0123456789")
	}
}

func location(r *Result) sarifLocation {
	if r.Live != nil {
		return logical(r.Live.qualified())
	}
	l := logical(r.Object)
	l.Physical = physical(r.Place)
	return l
}

func logical(name string) sarifLocation {
	return sarifLocation{Logical: []sarifLogical{{FullyQualifiedName: name, Kind: "object"}}}
}

func physical(at Place) *sarifPhysical {
	return &sarifPhysical{Artifact: sarifArtifact{URI: uri(at.File)}, Region: region(at.Line)}
}

func region(line int) *sarifRegion {
	if line < 1 {
		return nil
	}
	return &sarifRegion{StartLine: line}
}

// uri spells a file name as a URI reference, relative ones as they are.
func uri(file string) string {
	if file == "" {
		return "stdin"
	}
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
		u.Path = "/" + strings.TrimPrefix(u.Path, "/")
	}
	return u.String()
}

func suppressions(v Verdict) []sarifSuppression {
	switch {
	case v.Exemption != "":
		return []sarifSuppression{{Kind: "external", Justification: "exempt by: " + v.Exemption}}
	case v.Mode == policy.Off:
		return []sarifSuppression{{Kind: "external", Justification: "documented by the provider: " + v.Customisation}}
	}
	return nil
}

func detail(v Verdict) *sarifDetail {
	if v.Customisation == "" {
		return nil
	}
	return &sarifDetail{Customisation: v.Customisation}
}

// notifications are what could not be judged, and, of live clusters, what could not be read.
func (s *sarifWriter) notifications() []sarifNotification {
	var notes []sarifNotification
	note := func(level string, at sarifLocation, text string) {
		notes = append(notes, sarifNotification{Level: level, Message: sarifText{Text: Clean(text)}, Locations: []sarifLocation{at}})
	}
	for _, p := range s.report.Problems {
		note("error", sarifLocation{Physical: physical(p.Place)}, p.Message)
	}
	for i := range s.report.Results {
		r := &s.report.Results[i]
		at := sarifLocation{Physical: physical(r.Place)}
		if r.Live != nil {
			at = location(r)
		}
		for _, f := range r.Faults {
			note("error", at, r.Object+": could not be judged: "+f.text())
		}
	}
	for _, c := range s.report.Clusters {
		if c.Error != "" {
			note("error", logical(c.Name), "could not be audited: "+c.Error)
		}
		for _, u := range c.Unread {
			note("warning", logical(c.Name), u.What+": could not be read: "+u.Why)
		}
	}
	return notes
}
