// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"slices"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// Request is one request of the past, or one object that is there, and what would become of it.
type Request struct {
	// Time is when it was made; zero if that is not known.
	Time time.Time
	// UID is that of the AdmissionReview, or of the audit event.
	UID               string
	User, Operation   string
	Kind, Subresource string
	Namespace, Name   string
	DryRun            bool
	Failed            bool // for another reason than demarc
	Verdicts          []Verdict
	times             int64
	userInfo          *authenticationv1.UserInfo
}

// Verdict is what would become of one finding.
type Verdict struct {
	Rule policy.ID
	Mode policy.Mode
	// Unsure says why a refusal is not certain; empty for a certain one, and for all that is milder.
	Unsure string
	// Why says why it does not refuse although the rule does.
	Why           string
	Exemption     string
	Path, Message string

	held bool // the rule refuses, and something holds this verdict below it
}

// Outcome is what would become of a request.
type Outcome string

// The outcomes, gravest first.
const (
	Refused  Outcome = "refused"
	Perhaps  Outcome = "perhaps" // refused, unless something that the log does not tell speaks against it
	Warned   Outcome = "warned"
	Recorded Outcome = "recorded"
	Passed   Outcome = "passed"
)

// Outcomes lists the outcomes, gravest first.
func Outcomes() []Outcome { return []Outcome{Refused, Perhaps, Warned, Recorded, Passed} }

func (o Outcome) rank() int { return slices.Index(Outcomes(), o) }

// Outcome is what would become of the finding.
func (v *Verdict) Outcome() Outcome {
	switch {
	case v.Mode == policy.Deny && v.Unsure != "":
		return Perhaps
	case v.Mode == policy.Deny:
		return Refused
	case v.Mode == policy.Warn:
		return Warned
	case v.Mode == policy.Audit:
		return Recorded
	}
	return Passed
}

// Outcome is what would become of the request: the gravest of its findings decides.
func (q *Request) Outcome() Outcome {
	worst := Passed
	for i := range q.Verdicts {
		if o := q.Verdicts[i].Outcome(); o.rank() < worst.rank() {
			worst = o
		}
	}
	return worst
}

// Reasons why a verdict is held below its rule's mode.
const (
	whyExisting      = "it was so before the change"
	whyCustomisation = "the provider documents it"
	whyBound         = "this finding never refuses"
	whyTold          = "demarc was in doubt, it was so before, or the provider documents it"
)

// explain fills in why a verdict is milder than its rule.
func (v *Verdict) explain(doubt string, existing bool, customisation string) {
	if !v.held {
		return
	}
	switch {
	case v.Exemption != "":
		v.Why = "exempt: " + v.Exemption
	case doubt != "":
		v.Why = "in doubt: " + doubt
	case existing:
		v.Why = whyExisting
	case customisation != "":
		v.Why = whyCustomisation
	default:
		v.Why = whyBound
	}
}

// The longest text that is kept of a request: others wrote it.
const (
	maxName    = 256
	maxMessage = 512
)

// clean makes a request fit to be kept and shown.
func (q *Request) clean() {
	for _, s := range []*string{&q.User, &q.Operation, &q.Kind, &q.Subresource, &q.Namespace, &q.Name} {
		*s = strings.Clone(cut(report.Clean(*s), maxName))
	}
	for i := range q.Verdicts {
		v := &q.Verdicts[i]
		for _, s := range []*string{&v.Unsure, &v.Why, &v.Exemption, &v.Path, &v.Message} {
			*s = strings.Clone(cut(report.Clean(*s), maxMessage))
		}
	}
	q.times = max(q.times, 1)
}

// weightiest returns the verdict that decides.
func (q *Request) weightiest() *Verdict {
	if len(q.Verdicts) == 0 {
		return nil
	}
	worst := &q.Verdicts[0]
	for i := range q.Verdicts {
		if v := &q.Verdicts[i]; v.Outcome().rank() < worst.Outcome().rank() {
			worst = v
		}
	}
	return worst
}

// rules names the rules that spoke as loudly as the outcome, sorted.
func (q *Request) rules(o Outcome) []policy.ID {
	var list []policy.ID
	for i := range q.Verdicts {
		v := &q.Verdicts[i]
		if v.Outcome() == o && !slices.Contains(list, v.Rule) {
			list = append(list, v.Rule)
		}
	}
	slices.Sort(list)
	return list
}

// object names what a request is about.
func (q *Request) object() string {
	var b strings.Builder
	b.WriteString(q.Kind)
	if q.Subresource != "" {
		b.WriteString("/" + q.Subresource)
	}
	b.WriteByte(' ')
	if q.Namespace != "" {
		b.WriteString(q.Namespace + "/")
	}
	if q.Name == "" {
		b.WriteString("(without a name)")
	}
	b.WriteString(q.Name)
	return b.String()
}

// cut shortens s to at most limit bytes, at a rune.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-3], "") + "..."
}
