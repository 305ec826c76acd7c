// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// WriteGitHub writes the findings as workflow commands, which GitHub shows beside the lines of a change.
func (r *Report) WriteGitHub(w io.Writer) error {
	var b bytes.Buffer
	for _, p := range r.Problems {
		command(&b, "error", p.Place, "demarc", p.Message)
	}
	for i := range r.Results {
		result := &r.Results[i]
		for _, v := range result.Verdicts {
			if v.Shown() {
				command(&b, level(v.Mode, "error", "warning", "notice"), result.Place, "demarc: "+string(v.Rule), sentence(result, v))
			}
		}
		for _, f := range result.Faults {
			command(&b, "error", result.Place, "demarc", result.Object+": could not be judged: "+f.text())
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// sentence says everything about a verdict where the reader sees nothing else of it.
func sentence(r *Result, v Verdict) string {
	s := r.Object + ": "
	if r.Live != nil && r.Live.Same > 0 {
		s = r.Object + " " + r.Live.alike() + ": "
	}
	if v.Path != "" {
		s += v.Path + ": "
	}
	s += v.Says()
	if v.Doubt != "" {
		s += " (in doubt: " + v.Doubt + ")"
	}
	if v.Existing {
		s += " (was there before this request)"
	}
	if v.Expired != "" {
		s += fmt.Sprintf(" (exemption %q has run out)", v.Expired)
	}
	if v.Fix != "" {
		s += "; " + v.Fix
	}
	return s
}

// level picks the word for a mode.
func level(m policy.Mode, deny, warn, audit string) string {
	switch m {
	case policy.Deny:
		return deny
	case policy.Warn:
		return warn
	}
	return audit
}

func command(b *bytes.Buffer, name string, at Place, title, message string) {
	b.WriteString("::" + name + " ")
	if at.File != "" {
		fmt.Fprintf(b, "file=%s,", propertyEscapes.Replace(at.File))
		if at.Line > 0 {
			fmt.Fprintf(b, "line=%d,", at.Line)
		}
	}
	fmt.Fprintf(b, "title=%s::%s\n", propertyEscapes.Replace(title), dataEscapes.Replace(message))
}

// What the runner unescapes, in the text of a command and in its properties.
var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
