// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// The bounds of warnings. The API server cuts each to 256 characters once all webhooks of a request together exceed
// 4,096, and drops those that come then; eight of ours leave half of that to others.
const (
	MaxWarning  = 256
	MaxWarnings = 8
)

// What is kept of a path and a name at least when a warning is too long, and the room that a fix needs to be worth it.
const (
	minPath = 48
	minName = 40
	minFix  = 24
)

// Warning is a verdict on one line of at most MaxWarning bytes, fit for a warning header: the API server drops a warning
// that holds a control character or a byte that isn't UTF-8, so that a name chosen with care would silence it.
func Warning(v engine.Verdict) string { return warning(v, 0) }

// warning says with it how many more findings of the rule there are. What is too long loses first its fix, a word at a
// time, then the middle of its path, and last the end of its message.
func warning(v engine.Verdict, more int) string {
	start, end := "demarc: "+string(v.Rule.ID)+": ", clauseTag(v.Rule)
	path, message, note := pathOf(v.Path), Clean(v.Message), notes(v, more)
	if path != "" {
		path += ": "
	}
	room := MaxWarning - len(start) - len(path) - len(message) - len(note) - len(end)
	if room < 0 {
		shorter := cutMiddle(path, max(minPath, len(path)+room))
		room += len(path) - len(shorter)
		path = shorter
	}
	if room < 0 {
		message = cut(message, len(message)+room)
		room = 0
	}
	return start + path + message + note + fixWithin(v, room) + end
}

func fixWithin(v engine.Verdict, room int) string {
	const separator = "; "
	fix := fixOf(v)
	room -= len(separator)
	if fix == "" || room < min(minFix, len(fix)) {
		return ""
	}
	if fix = cutAtWord(fix, room); fix == "" {
		return ""
	}
	return separator + fix
}

// notes says what else there is to know of a verdict: why it warns although its rule would refuse, and how many more
// there are.
func notes(v engine.Verdict, more int) string {
	var list []string
	if more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	if v.Existing {
		list = append(list, "as before this change")
	}
	if v.Expired != "" {
		list = append(list, fmt.Sprintf("exemption %q has run out", cut(Clean(v.Expired), minName)))
	}
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list, "; ") + ")"
}

func clauseTag(r *policy.Rule) string {
	if len(r.Clauses) == 0 {
		return ""
	}
	return " [" + string(r.Clauses[0]) + "]"
}

// Warnings returns what the user of a request is warned of: one line for each rule that warns, the weightiest first, at
// most MaxWarnings. What refuses the request is in Refusal and not repeated here.
func Warnings(d engine.Decision) []string {
	groups := warnGroups(d)
	if len(groups) == 0 {
		return nil
	}
	lines := make([]string, 0, min(len(groups), MaxWarnings))
	for i, g := range groups {
		if i == MaxWarnings-1 && len(groups) > MaxWarnings {
			return append(lines, fmt.Sprintf("demarc: %d more rules found something: the audit log has all of it", len(groups)-i))
		}
		lines = append(lines, warning(g[0], len(g)-1))
	}
	return lines
}

// warnGroups sorts the verdicts that warn by rule; the first of each group is its weightiest.
func warnGroups(d engine.Decision) [][]engine.Verdict {
	var warns []engine.Verdict
	for _, v := range d.Verdicts {
		if v.Mode == policy.Warn {
			warns = append(warns, v)
		}
	}
	bySeverity(warns)
	return group(warns)
}

// group puts the verdicts of each rule together, in the order in which the rules turn up.
func group(verdicts []engine.Verdict) [][]engine.Verdict {
	var groups [][]engine.Verdict
	for _, v := range verdicts {
		i := slices.IndexFunc(groups, func(g []engine.Verdict) bool { return g[0].Rule.ID == v.Rule.ID })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], v)
	}
	return groups
}
