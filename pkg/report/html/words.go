// SPDX-License-Identifier: Apache-2.0

package html

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// number writes thousands apart.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return number(n) + " " + thing + "s"
}

func instant(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 MST") }

// took says how long something took.
func took(seconds float64) string {
	switch {
	case seconds < 10:
		return strconv.FormatFloat(max(seconds, 0), 'f', 1, 64) + " s"
	case seconds < 120:
		return strconv.Itoa(int(math.Round(seconds))) + " s"
	}
	return strconv.Itoa(int(math.Round(seconds/60))) + " min"
}

// ago says how long before now something was, in the largest unit that says enough.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case now.IsZero() || d < 0:
		return ""
	case d < 2*time.Hour:
		return plural(int(d.Minutes()), "minute") + " ago"
	case d < 48*time.Hour:
		return plural(int(d.Hours()), "hour") + " ago"
	}
	return plural(int(d.Hours()/24), "day") + " ago"
}

// className is a class as a heading.
func className(c provider.Consequence) string {
	switch c {
	case provider.Unsupported:
		return "Out of support"
	case provider.Reverted:
		return "Reverted"
	case provider.Undiagnosed:
		return "Undiagnosed"
	case provider.Advice:
		return "Advice"
	}
	return "Not classed"
}

// classMeans says what follows from a finding of a class, as a sentence for people who read nothing else.
func classMeans(c provider.Consequence) string {
	switch c {
	case provider.Unsupported:
		return "Takes the cluster out of support, or is not allowed: the provider may decline to help until it is undone."
	case provider.Reverted:
		return "The provider owns this, and undoes or overwrites changes. The cluster stays supported."
	case provider.Undiagnosed:
		return "Supported, but the provider won't help with what comes of it: debugging it is yours."
	case provider.Advice:
		return "The provider recommends otherwise. Support does not depend on it."
	}
	return "The profile knows no clause behind these rules."
}

// modeMeans says what demarc does about a finding of a mode where it is asked.
func modeMeans(m policy.Mode) string {
	switch m {
	case policy.Deny:
		return "such a change is refused"
	case policy.Warn:
		return "such a change is warned about"
	case policy.Audit:
		return "such a change is recorded"
	}
	return "such a change passes"
}

// confidence says how sure it is who set a field.
func confidence(c report.Confidence) string {
	switch c {
	case report.Exact:
		return "owns this very field"
	case report.Near:
		return "owns a field above or below it, so perhaps not who set it"
	case report.Shared:
		return "the latest of several who own it"
	}
	return ""
}

// verdict is the report in one sentence, and a second one for what is in doubt.
func (m *model) verdict() (string, provider.Consequence) {
	f := m.tally.class(provider.Unsupported)
	certain := f.findings - f.doubtful
	outside := " outside " + m.policyName()
	switch {
	case certain > 0:
		s := m.subject(certain, len(f.certain)) + outside + "."
		if f.doubtful > 0 {
			s += " Another " + number(f.doubtful) + " may: " + doubts(f.doubtful) + "."
		}
		return s, provider.Unsupported
	case f.doubtful > 0:
		return plural(f.doubtful, "finding") + " may take " + m.object() + outside + ": " + doubts(f.doubtful) + ".", provider.Reverted
	case m.tally.findings > 0:
		return "Nothing was found that takes " + m.object() + outside + ".", provider.Advice
	}
	return "Nothing was found that " + m.policyName() + " speaks against.", provider.Advice
}

func doubts(n int) string {
	if n == 1 {
		return "it is in doubt"
	}
	return "they are in doubt"
}

// subject says who has how many findings that take it somewhere.
func (m *model) subject(findings, clusters int) string {
	take := "s that take "
	if findings == 1 {
		take = " that takes "
	}
	switch {
	case m.fleet && clusters == 1:
		return fmt.Sprintf("1 of %d clusters has %s finding%sit", len(m.Clusters), number(findings), take)
	case m.fleet:
		return fmt.Sprintf("%d of %d clusters have %s finding%sthem", clusters, len(m.Clusters), number(findings), take)
	case m.live:
		return "This cluster has " + number(findings) + " finding" + take + "it"
	}
	return "These documents have " + number(findings) + " finding" + take + "a cluster"
}

func (m *model) object() string {
	switch {
	case m.fleet:
		return "these clusters"
	case m.live:
		return "this cluster"
	}
	return "a cluster"
}
