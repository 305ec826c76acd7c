// SPDX-License-Identifier: Apache-2.0

package featuregates

import (
	"errors"
	"strconv"
	"strings"
)

// MaxText is how many bytes of flag values are looked at. The text comes from whoever writes a pod, and no honest flag
// comes near it: all gates of a release together take 8 KiB.
const MaxText = 64 << 10

// The reasons for which a part of a flag is no setting. A Kubernetes component that meets one of the first four doesn't
// start.
var (
	ErrNoName      = errors.New("feature gate has no name")
	ErrNoValue     = errors.New("feature gate has no value")
	ErrNotBool     = errors.New("value of the feature gate is not a boolean")
	ErrNoFlagValue = errors.New("flag has no value")
	ErrTooLong     = errors.New("flag text beyond the limit was not read")
)

// Setting is one gate that a flag sets, or, where Err is not nil, a part of the flag that sets none.
type Setting struct {
	// Component is the prefix of "kube:Gate=true", which API server, scheduler and controller manager accept. They take
	// the empty one for "kube", and a component that doesn't know prefixes refuses to start.
	Component string
	Gate      string
	Enabled   bool
	// Doubt says that the setting counts for one reading of the command line only; see FromArgs.
	Doubt bool
	Err   error
}

// Parse reads the value of a --feature-gates flag as k8s.io/component-base does: items between commas, empty ones
// skipped, names and values trimmed, booleans as strconv knows them. Of several settings of one gate the last counts; it
// stands where the first stood. Unlike component-base, Parse goes on after an item that is wrong, and doesn't know
// which gates exist.
func Parse(value string) []Setting {
	var r reader
	r.read(value)
	return r.settings
}

// gateKey is what makes two settings settings of the same gate.
type gateKey struct{ component, gate string }

// reader collects settings from one flag after the other.
type reader struct {
	settings []Setting
	at       map[gateKey]int
	used     int
	// unsure says that the flag now read may in truth be the value of the flag before it, and doubtful that the flags
	// may have ended already.
	unsure, doubtful bool
}

func (r *reader) read(value string) {
	if left := MaxText - r.used; len(value) > left {
		// What remains of a cut item would be another item.
		value = value[:1+strings.LastIndexByte(value[:left], ',')]
		r.used = MaxText
		defer r.fail(ErrTooLong)
	}
	r.used += len(value)
	for item := range strings.SplitSeq(value, ",") {
		if item != "" {
			r.add(parseItem(item))
		}
	}
}

// fail notes something that is no setting, each reason once after the other.
func (r *reader) fail(err error) {
	if last := len(r.settings) - 1; last >= 0 && r.settings[last] == (Setting{Err: err}) {
		return
	}
	r.settings = append(r.settings, Setting{Err: err})
}

func (r *reader) add(s Setting) {
	if s.Err != nil {
		r.settings = append(r.settings, s)
		return
	}
	s.Doubt = r.doubtful
	key := gateKey{s.Component, s.Gate}
	if i, again := r.at[key]; again {
		if (r.unsure || r.doubtful) && r.settings[i].Enabled != s.Enabled {
			s.Enabled, s.Doubt = true, true
		}
		r.settings[i] = s
		return
	}
	if r.at == nil {
		r.at = map[gateKey]int{}
	}
	r.at[key] = len(r.settings)
	r.settings = append(r.settings, s)
}

func parseItem(item string) Setting {
	var s Setting
	if component, rest, prefixed := strings.Cut(item, ":"); prefixed {
		s.Component, item = strings.TrimSpace(component), rest
	}
	name, value, assigned := strings.Cut(item, "=")
	s.Gate = strings.TrimSpace(name)
	if !assigned {
		s.Err = ErrNoValue
		return s
	}
	if s.Gate == "" {
		s.Err = ErrNoName
		return s
	}
	enabled, err := strconv.ParseBool(strings.TrimSpace(value))
	if err != nil {
		s.Err = ErrNotBool // That of strconv would copy the text, and tells no more.
	}
	s.Enabled = enabled
	return s
}
