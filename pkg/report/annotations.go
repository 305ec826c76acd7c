// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// maxAnnotation bounds the value of one audit annotation.
const maxAnnotation = 2048

// The annotations that programs read, too.
const (
	// AnnotationDecision is what became of the request. It is there whenever demarc was asked, so that its absence tells
	// that it was not.
	AnnotationDecision = "decision"
	// AnnotationVerdicts tells how strongly each rule spoke, and what other modes would make of that: see Tally.
	AnnotationVerdicts = "verdicts"
)

// The values of AnnotationDecision; the identity of the provider follows the last.
const (
	DecisionAllowed   = "allowed"
	DecisionDenied    = "denied"
	DecisionNotJudged = "not judged"
)

// AuditAnnotations is what the audit log keeps of a decision: every finding whatever its mode, what exempted it, what was
// not judged and why. The API server puts the webhook's name before the keys.
func AuditAnnotations(d engine.Decision) map[string]string {
	if d.Identity != nil {
		return map[string]string{AnnotationDecision: DecisionNotJudged + ": the request is the provider's, by " + cut(Clean(d.Identity.User), minName*4)}
	}
	a := map[string]string{AnnotationDecision: DecisionAllowed}
	if !d.Allowed() {
		a[AnnotationDecision] = DecisionDenied
	}
	var found, exempt entries
	for _, v := range d.Verdicts {
		switch {
		case v.Exemption != "":
			exempt.add(Finding(v) + " (" + Clean(v.Exemption) + ")")
		case v.Mode != policy.Off:
			found.add(Line(v) + notes(v, 0))
		}
	}
	found.put(a, "findings")
	exempt.put(a, "exempt")
	var verdicts entries
	for _, t := range tallies(d.Verdicts) {
		verdicts.add(t.String())
	}
	verdicts.put(a, AnnotationVerdicts)
	var skipped, faults entries
	for _, s := range d.Skipped {
		skipped.add(fmt.Sprintf("%s needs %s", s.Rule, strings.Join(s.Needs, ", ")))
	}
	for _, f := range d.Faults {
		faults.add(faultText(f))
	}
	skipped.put(a, "skipped")
	faults.put(a, "faults")
	if d.Mark != nil {
		a["mark"] = markText(d)
	}
	return a
}

// faultText says what failed and not how: what a rule says as it breaks, or a decoder of what it could not read, may be
// the object's own text. The log keeps that.
func faultText(f engine.Fault) string {
	if f.Rule == "" {
		return "the object: could not be read"
	}
	return string(f.Rule) + ": the rule broke"
}

func markText(d engine.Decision) string {
	s := pathOf(d.Mark.Path) + " on the " + string(d.Mark.Place)
	if d.Mark.Added {
		s += ", set by this request"
	}
	return s
}

// entries joins texts up to maxAnnotation and counts the rest.
type entries struct {
	text string
	rest int
}

const separator = "; "

func (e *entries) add(text string) {
	const room = len("; and 1000000 more")
	switch {
	case e.rest > 0 || e.text != "" && len(e.text)+len(separator)+len(text) > maxAnnotation-room:
		e.rest++
	case e.text == "":
		e.text = cut(text, maxAnnotation-room)
	default:
		e.text += separator + text
	}
}

func (e *entries) put(annotations map[string]string, key string) {
	if e.text == "" {
		return
	}
	annotations[key] = e.text
	if e.rest > 0 {
		annotations[key] += fmt.Sprintf("; and %d more", e.rest)
	}
}
