// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// Tally counts the verdicts of one rule that are alike. It is what the audit annotation AnnotationVerdicts holds: rules,
// modes and names that an administrator gave, and nothing of the object.
type Tally struct {
	Rule policy.ID
	// Mode is what became of them, RuleMode the rule's own mode, Bound what no configuration could exceed: see
	// engine.Verdict.
	Mode, RuleMode, Bound policy.Mode
	// Exemption names what exempted them; empty if nothing did.
	Exemption string
	Count     int
}

// tallies counts verdicts in the order in which the rules turn up. Those that a documented customisation lets pass are
// left out, as they are everywhere else in the annotations.
func tallies(verdicts []engine.Verdict) []Tally {
	var list []Tally
	for i := range verdicts {
		v := &verdicts[i]
		if v.Mode == policy.Off {
			continue
		}
		t := Tally{Rule: v.Rule.ID, Mode: v.Mode, RuleMode: v.RuleMode, Bound: v.Bound, Exemption: v.Exemption}
		at := slices.IndexFunc(list, func(o Tally) bool { o.Count = 0; return o == t })
		if at < 0 {
			at, list = len(list), append(list, t)
		}
		list[at].Count++
	}
	return list
}

// String spells a tally as the annotation has it: `privileged-daemonset mode=Audit rule=Deny bound=Warn count=2`, and
// with an exemption its name, escaped, as `exempt=`.
func (t Tally) String() string {
	s := fmt.Sprintf("%s mode=%s rule=%s bound=%s count=%d", t.Rule, t.Mode, t.RuleMode, t.Bound, t.Count)
	if t.Exemption != "" {
		s += " exempt=" + url.QueryEscape(t.Exemption)
	}
	return s
}

// ParseTallies reads the annotation. rest counts the tallies that did not fit into it.
func ParseTallies(annotation string) (list []Tally, rest int, err error) {
	for entry := range strings.SplitSeq(annotation, separator) {
		if more, ok := strings.CutPrefix(entry, "and "); ok && len(list) > 0 {
			more, ok = strings.CutSuffix(more, " more")
			rest, err = strconv.Atoi(more)
			if !ok || err != nil || rest < 1 {
				return nil, 0, fmt.Errorf("annotation %s: %.40q is no tally", AnnotationVerdicts, entry)
			}
			continue
		}
		t, err := parseTally(entry)
		if err != nil {
			return nil, 0, fmt.Errorf("annotation %s: %w", AnnotationVerdicts, err)
		}
		list = append(list, t)
	}
	return list, rest, nil
}

func parseTally(entry string) (t Tally, err error) {
	bad := fmt.Errorf("%.40q is no tally", entry)
	fields := strings.Fields(entry)
	if len(fields) == 0 {
		return t, bad
	}
	t.Rule = policy.ID(fields[0])
	for _, field := range fields[1:] {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "mode":
			t.Mode, err = policy.ParseMode(value)
		case "rule":
			t.RuleMode, err = policy.ParseMode(value)
		case "bound":
			t.Bound, err = policy.ParseMode(value)
		case "count":
			t.Count, err = strconv.Atoi(value)
		case "exempt":
			t.Exemption, err = url.QueryUnescape(value)
		}
		if err != nil {
			return t, bad
		}
	}
	if t.Mode == "" || t.Bound == "" || t.Count < 1 {
		return t, bad
	}
	return t, nil
}
