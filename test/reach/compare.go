// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
)

// Round is what one round saw, enough to ask the model again without a server.
type Round struct {
	Minor          int                       `json:"minor"`
	Served         []*metav1.APIResourceList `json:"served"`
	Configurations *admissionconfig.Set      `json:"configurations"`
	Calls          []*Seen                   `json:"calls"`
}

// Seen is one call, as the API server took it.
type Seen struct {
	Title string `json:"title"`
	// Mutating and Validating are the request at either stage, as two hooks saw it that get everything. Validating is nil
	// where the call ended before that stage.
	Mutating   *admissionconfig.Request `json:"mutating,omitempty"`
	Validating *admissionconfig.Request `json:"validating,omitempty"`
	// Asked are the ids of the hooks that were asked.
	Asked []string `json:"asked,omitempty"`
	// Failed are the ids of the hooks whose conditions failed, so that the API server refused, or warned in their name.
	Failed []string `json:"failed,omitempty"`
	// Gate, if set, is the only hook that the call tells of.
	Gate string `json:"gate,omitempty"`
}

// id names a hook: a webhook by the first part of its name, a policy by its own.
func id(h *admissionconfig.Hook) string {
	if !h.Configuration.Kind.Webhook() {
		return h.Configuration.Name
	}
	name, _, _ := strings.Cut(h.Name, ".")
	return name
}

// Case is a hook and a call.
type Case struct {
	Hook    *admissionconfig.Hook
	Seen    *Seen
	Request *admissionconfig.Request
}

// Cases returns every pair of which the round tells whether the API server asked.
func (r *Round) Cases() []Case {
	var list []Case
	for _, h := range r.Configurations.Hooks() {
		for _, s := range r.Calls {
			if request := s.tells(h); request != nil {
				list = append(list, Case{h, s, request})
			}
		}
	}
	return list
}

// tells returns the request that the hook got or didn't get, or nil if the call doesn't tell.
func (s *Seen) tells(h *admissionconfig.Hook) *admissionconfig.Request {
	if s.Gate != "" && s.Gate != id(h) {
		return nil
	}
	switch h.Configuration.Kind {
	case admissionconfig.ValidatingWebhook:
		if s.Gate != "" && s.Validating == nil {
			return nil
		}
		return s.Validating
	case admissionconfig.ValidatingPolicy:
		return s.Validating
	case admissionconfig.MutatingPolicy:
		// Its trace is in the object that the webhooks are sent. Where it was shown the object in another version, the API
		// server can't convert back what it made of it, and there is no trace.
		if s.Mutating == nil || s.Mutating.Object == nil || s.Mutating.Operation == admissionregistrationv1.Connect ||
			severalVersions[s.Mutating.Resource.Resource] {
			return nil
		}
	}
	return s.Mutating
}

var severalVersions = map[string]bool{"events": true, "horizontalpodautoscalers": true, "widgets": true}

// Verdict is what came of a case.
type Verdict int

// The verdicts.
const (
	Agrees    Verdict = iota
	Undecided         // the model said maybe
	Disagrees
)

// Judge asks the model about a case.
func (c *Case) Judge(server *admissionconfig.Server) (Verdict, admissionconfig.Answer) {
	a := server.Reaches(c.Hook, c.Request)
	asked, failed := slices.Contains(c.Seen.Asked, id(c.Hook)), slices.Contains(c.Seen.Failed, id(c.Hook))
	switch {
	case a.Refused:
		return agreement(failed && !asked), a
	case a.Reach == admissionconfig.Maybe:
		return Undecided, a
	case a.Reach == admissionconfig.Yes:
		return agreement(asked && !failed), a
	}
	return agreement(!asked && !failed), a
}

func agreement(ok bool) Verdict {
	if ok {
		return Agrees
	}
	return Disagrees
}

// Server returns the model of the API server that the round was played on.
func (r *Round) Server() *admissionconfig.Server {
	return &admissionconfig.Server{Minor: r.Minor, Equivalents: admissionconfig.Served(r.Served)}
}

// Tally counts cases by what came of them.
type Tally struct {
	Cases, Yes, No, Refused, Maybe int
	Disagreements                  []Disagreement
	// Enough, if set, is the number of disagreements after which it looks no further.
	Enough int
}

// Disagreement is a case in which the model is wrong.
type Disagreement struct {
	Case
	Answer admissionconfig.Answer
}

// Add judges every case of a round.
func (t *Tally) Add(r *Round, server *admissionconfig.Server) {
	for _, c := range r.Cases() {
		if t.Enough > 0 && len(t.Disagreements) >= t.Enough {
			return
		}
		v, a := c.Judge(server)
		t.Cases++
		switch {
		case a.Refused:
			t.Refused++
		case a.Reach == admissionconfig.Yes:
			t.Yes++
		case a.Reach == admissionconfig.No:
			t.No++
		default:
			t.Maybe++
		}
		if v == Disagrees {
			t.Disagreements = append(t.Disagreements, Disagreement{c, a})
		}
	}
}

// String tells everything about it.
func (d Disagreement) String() string {
	conditions, _ := json.Marshal(d.Hook.MatchConditions)
	request, _ := json.Marshal(d.Request)
	return fmt.Sprintf("%s on %s: the model says %v (refused %t: %s), the server asked: %t, failed: %t\n\tconditions: %s\n\trequest: %s",
		d.Hook, d.Seen.Title, d.Answer.Reach, d.Answer.Refused, d.Answer.Why, slices.Contains(d.Seen.Asked, id(d.Hook)),
		slices.Contains(d.Seen.Failed, id(d.Hook)), conditions, request)
}

// String returns the counts in one line.
func (t *Tally) String() string {
	return fmt.Sprintf("%d cases: %d yes, %d no, %d refused, %d maybe, %d disagreements", t.Cases, t.Yes, t.No, t.Refused, t.Maybe, len(t.Disagreements))
}
