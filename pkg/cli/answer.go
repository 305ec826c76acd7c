// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// weight is what a reason does to an answer.
type weight string

// The weights, the heaviest first.
const (
	against weight = "no"
	unsure  weight = "perhaps"
	aside   weight = "note"
)

// reason is why an answer is what it is.
type reason struct {
	Weight weight `json:"weight"`
	// Class is the verdict's or the rule's name.
	Class   string `json:"class"`
	Object  string `json:"object,omitempty"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
	Doubt   string `json:"doubt,omitempty"`
	YAML    string `json:"yaml,omitempty"`

	// short ends "No, because ...".
	short string
}

// answer is what a yes-or-no question about a cluster comes to.
type answer struct {
	Question string   `json:"question"`
	Cluster  string   `json:"cluster"`
	Version  string   `json:"version,omitempty"`
	Answer   string   `json:"answer"` // yes, no, perhaps
	Because  string   `json:"because,omitempty"`
	Reasons  []reason `json:"reasons"`
	// Unread is what could not be read, for which a yes becomes a perhaps.
	Unread []string `json:"unread"`
}

// settle orders the reasons and draws the answer from them.
func (w *answer) settle() {
	order := []weight{against, unsure, aside}
	slices.SortStableFunc(w.Reasons, func(a, b reason) int { return slices.Index(order, a.Weight) - slices.Index(order, b.Weight) })
	w.Answer = "yes"
	if w.Reasons == nil {
		w.Reasons = []reason{}
	}
	if w.Unread == nil {
		w.Unread = []string{}
	}
	var heaviest []string
	switch {
	case len(w.Reasons) > 0 && w.Reasons[0].Weight != aside:
		w.Answer = string(w.Reasons[0].Weight)
		for _, r := range w.Reasons {
			if r.Weight == w.Reasons[0].Weight && !slices.Contains(heaviest, r.short) {
				heaviest = append(heaviest, r.short)
			}
		}
	case len(w.Unread) > 0:
		w.Answer, heaviest = string(unsure), []string{"not everything could be read"}
	}
	if len(heaviest) > 3 {
		heaviest = append(heaviest[:2:2], fmt.Sprintf("%d more reasons", len(heaviest)-2))
	}
	w.Because = strings.Join(heaviest, "; ")
}

// writeAnswer prints the answer and says by which exit code the command ends.
func (a *app) writeAnswer(w *answer, format string) error {
	w.settle()
	var err error
	if format == "json" {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(w)
	} else {
		_, err = fmt.Fprint(a.stdout, a.answerText(w))
	}
	switch {
	case err != nil:
		return fmt.Errorf("write the answer: %w", err)
	case w.Answer == string(against):
		return errFindings
	case w.Answer == string(unsure):
		return errBadInput
	}
	return nil
}

func (a *app) answerText(w *answer) string {
	t := a.terminal()
	p := &page{width: cmp.Or(t.width, report.DefaultWidth), color: t.color}
	first := strings.ToUpper(w.Answer[:1]) + w.Answer[1:]
	if w.Because != "" {
		join := ": "
		if w.Answer == string(against) {
			join = ", because "
		}
		first += join + report.Clean(w.Because)
	}
	lines := []string{first}
	if t.width > 0 {
		lines = report.Wrap(first, t.width)
	}
	for _, line := range lines {
		p.WriteString(p.bold(line) + "\n")
	}
	headings := map[weight]string{against: "What is in the way", unsure: "What may be in the way", aside: "Good to know"}
	last := weight("")
	for i := range w.Reasons {
		r := &w.Reasons[i]
		if r.Weight != last {
			last = r.Weight
			p.heading(headings[last])
		} else {
			p.WriteString("\n")
		}
		reasonBlock(p, r)
	}
	if len(w.Unread) > 0 {
		p.heading("Not read")
		for _, u := range w.Unread {
			p.item(report.Clean(u))
		}
	}
	return p.String()
}

func reasonBlock(p *page, r *reason) {
	p.line(p.bold(r.Class))
	p.line(indent + report.Clean(r.Object))
	texts := []string{report.Clean(r.Message)}
	if r.Path != "" {
		texts[0] = r.Path + ": " + texts[0]
	}
	if r.Fix != "" {
		texts = append(texts, "Fix: "+report.Clean(r.Fix))
	}
	if r.Doubt != "" {
		texts = append(texts, "In doubt: "+report.Clean(r.Doubt))
	}
	p.sentences(texts, r.YAML)
}

// verdictReason makes a reason of a verdict on a webhook.
func verdictReason(v *admissionconfig.Verdict, w weight, short string) reason {
	if v.Doubt != "" && w == against {
		w = unsure
	}
	j := verdictToJSON(v)
	return reason{Weight: w, Class: string(v.Class), Object: v.Configuration.String(), Path: j.Path, Message: v.Message, Fix: v.Fix,
		Doubt: v.Doubt, YAML: v.YAML, short: short}
}

// sightingReason makes a reason of what a posture rule saw.
func sightingReason(s *policy.Sighting, class, short string) reason {
	r := reason{Weight: against, Class: class, Message: s.Message, Fix: s.Fix, Doubt: s.Doubt, short: short}
	switch {
	case s.AtMost == policy.Audit:
		r.Weight = aside
	case s.Doubt != "":
		r.Weight = unsure
	}
	if s.Object.Name != "" {
		r.Object = s.Object.Resource.Kind + "/" + s.Object.Name
		if s.Object.Namespace != "" {
			r.Object = s.Object.Resource.Kind + "/" + s.Object.Namespace + "/" + s.Object.Name
		}
	}
	if s.Path != nil {
		r.Path = s.Path.String()
	}
	return r
}
