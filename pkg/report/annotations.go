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

// AuditAnnotations is what the audit log keeps of a decision: every finding whatever its mode, what exempted it, what was
// not judged and why. The API server puts the webhook's name before the keys. It is nil where there is nothing to say.
func AuditAnnotations(d engine.Decision) map[string]string {
	if d.Identity != nil {
		return map[string]string{"decision": "not judged: the request is the provider's, by " + cut(Clean(d.Identity.User), minName*4)}
	}
	if len(d.Verdicts)+len(d.Skipped)+len(d.Faults) == 0 {
		return nil
	}
	a := map[string]string{"decision": "allowed"}
	if !d.Allowed() {
		a["decision"] = "denied"
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

func faultText(f engine.Fault) string {
	text := errorText(f.Err)
	if f.Rule != "" {
		text = string(f.Rule) + ": " + text
	}
	return cut(text, maxAnnotation/4)
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

func (e *entries) add(text string) {
	const separator, room = "; ", len("; and 1000000 more")
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
