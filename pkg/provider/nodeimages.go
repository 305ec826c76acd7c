// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// NodeImages says how to tell the age of a node's image, and how old it may be.
type NodeImages struct {
	// Label holds the version of the image.
	Label Label `json:"label"`
	// WarnFromDays and UnsupportedFromDays are ages in whole days.
	WarnFromDays        int    `json:"warnFromDays"`
	UnsupportedFromDays int    `json:"unsupportedFromDays"`
	Source              Source `json:"source"`
	// Forms are those that the version may have. The first that fits counts.
	Forms []ImageForm `json:"forms"`
	// Patched are annotations that say up to when a node was patched without a new image.
	Patched []PatchMark `json:"patched"`
}

// ImageForm is a form of an image's version. {yyyy}, {yy}, {MM} and {dd} are digits of a date, {n} is any number, and a
// "*" at the beginning, or after a word, stands for anything. The first date is the image's, a second one that of its patches.
type ImageForm struct {
	Form string `json:"form"`
	// Example has this form, and tells these days.
	Example string `json:"example"`
	Image   Date   `json:"image"`
	Patched Date   `json:"patched,omitzero"`
	Source  Source `json:"source"`
}

// PatchMark is an annotation that holds a time, in one of these forms of Go's.
type PatchMark struct {
	Key    string   `json:"key"`
	Forms  []string `json:"forms"`
	Source Source   `json:"source"`
}

// Dates reads the version of an image: when it was made, and when it was patched since, or a zero Date.
func (n *NodeImages) Dates(version string) (image, patched Date, ok bool) {
	for _, f := range n.Forms {
		if image, patched, ok = f.read(version); ok {
			return image, patched, true
		}
	}
	return Date{}, Date{}, false
}

// PatchedAt returns the latest time of the annotations, not later than now: a clock that is ahead proves nothing. It is
// zero if there is none. unread names an annotation that holds no time.
func (n *NodeImages) PatchedAt(annotations map[string]string, now time.Time) (latest time.Time, unread string) {
	for _, m := range n.Patched {
		value, there := annotations[m.Key]
		if !there || value == "" {
			continue
		}
		t, ok := m.read(value)
		if !ok {
			unread = m.Key
			continue
		}
		if t.After(latest) && !t.After(now) {
			latest = t
		}
	}
	return latest, unread
}

func (m PatchMark) read(value string) (time.Time, bool) {
	for _, form := range m.Forms {
		if t, err := time.Parse(form, value); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// read goes from the end to the beginning, since names of images vary in length and number of words.
func (f ImageForm) read(version string) (image, patched Date, ok bool) {
	prefix, tail, _ := strings.Cut(f.Form, "*")
	rest, ok := strings.CutPrefix(version, prefix)
	if !ok {
		return Date{}, Date{}, false
	}
	var days []Date
	var month, day string
	for tail != "" {
		var token, text string
		tail, token = cutToken(tail)
		if rest, text, ok = cutText(rest, token); !ok {
			return Date{}, Date{}, false
		}
		switch token {
		case "{dd}":
			day = text
		case "{MM}":
			month = text
		case "{yy}", "{yyyy}":
			t, err := time.Parse(dateForm, "20"+text[len(text)-2:]+"-"+month+"-"+day)
			if err != nil || !strings.HasPrefix(text, "20") && len(text) == 4 {
				return Date{}, Date{}, false
			}
			days = append(days, Date{t})
		}
	}
	switch len(days) {
	case 1:
		return days[0], Date{}, true
	case 2:
		return days[1], days[0], true
	}
	return Date{}, Date{}, false
}

// cutToken takes the last token of a form off: what stands in braces, or one other character.
func cutToken(form string) (before, token string) {
	if strings.HasSuffix(form, "}") {
		if i := strings.LastIndexByte(form, '{'); i >= 0 {
			return form[:i], form[i:]
		}
	}
	return form[:len(form)-1], form[len(form)-1:]
}

// cutText takes off the end of s what a token stands for.
func cutText(s, token string) (before, text string, ok bool) {
	n := 0
	switch token {
	case "{n}":
		for n < len(s) && isDigit(s[len(s)-1-n]) {
			n++
		}
		return s[:len(s)-n], s[len(s)-n:], n > 0
	case "{dd}", "{MM}", "{yy}", "{yyyy}":
		n = len(token) - len("{}")
		if n > len(s) || strings.Trim(s[len(s)-n:], "0123456789") != "" {
			return s, "", false
		}
		return s[:len(s)-n], s[len(s)-n:], true
	}
	before, ok = strings.CutSuffix(s, token)
	return before, token, ok
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (v *validator) nodeImages() {
	n, path := &v.profile.NodeImages, field.NewPath("nodeImages")
	if len(n.Forms) == 0 {
		return
	}
	v.label(path.Child("label"), n.Label)
	v.days(path.Child("warnFromDays"), n.WarnFromDays)
	if n.UnsupportedFromDays <= n.WarnFromDays {
		v.invalid(path.Child("unsupportedFromDays"), n.UnsupportedFromDays, "must be more than warnFromDays")
	}
	v.source(path, n.Source)
	for i, f := range n.Forms {
		at := path.Child("forms").Index(i)
		if !strings.Contains(f.Form, "*") {
			v.invalid(at.Child("form"), f.Form, "must have a * before the date")
		}
		image, patched, ok := n.Dates(f.Example)
		if !ok || image != f.Image || patched != f.Patched {
			v.invalid(at.Child("example"), f.Example, "must be read as the days that the entry says, by this form or one before it")
		}
		v.source(at, f.Source)
	}
	for i, m := range n.Patched {
		at := path.Child("patched").Index(i)
		v.required(at.Child("key"), m.Key, "an annotation")
		v.notEmpty(at.Child("forms"), len(m.Forms), "how the time is spelt")
		v.source(at, m.Source)
	}
}
