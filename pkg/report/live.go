// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"time"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/managedfields"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Cluster is one cluster that was audited, and what was read of it. Its text is clean: see Clean.
type Cluster struct {
	// Name is what the user calls it: the kubeconfig's context.
	Name string `json:"name"`
	// Version is the API server's.
	Version string    `json:"version,omitempty"`
	Started time.Time `json:"started"`
	// Seconds is how long the audit took.
	Seconds float64 `json:"seconds"`
	// Kinds is what was listed, in the order in which it was.
	Kinds []Kind `json:"kinds"`
	// Unread is what could not be read, so that nobody takes silence for health.
	Unread []Unread `json:"unread,omitempty"`
	// Skipped are the rules that lacked facts, and on how many objects.
	Skipped []Skipped `json:"skipped,omitempty"`
	// Error says why the cluster could not be audited at all; empty if it was.
	Error string `json:"error,omitempty"`
}

// Skipped is a rule that did not run on some objects for want of facts.
type Skipped struct {
	Rule    policy.ID `json:"rule"`
	Needs   []string  `json:"needs"`
	Objects int       `json:"objects"`
	// Always: no audit can ask the rule anything, since it judges requests only.
	Always bool `json:"always,omitempty"`
}

// Kind is one resource that an audit listed.
type Kind struct {
	Resource string `json:"resource"` // deployments.apps
	Objects  int    `json:"objects"`
}

// Unread is something that an audit could not read.
type Unread struct {
	What string `json:"what"` // secrets, the API server's metrics
	Why  string `json:"why"`  // what the API server answered
	// Rules are those that saw less for it.
	Rules []policy.ID `json:"rules,omitempty"`
}

// Live says where a live object stands. Without a name it is the cluster itself.
type Live struct {
	Cluster    string `json:"cluster"`
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name,omitempty"`
	UID        string `json:"uid,omitempty"`
	// Owner is the object at the top of its chain of controllers, for example "Deployment shop/web"; empty if none.
	Owner string `json:"owner,omitempty"`
	// Same counts further objects of the same owner with the same findings, which the report does not list.
	Same int `json:"same,omitempty"`
}

// Change says who last set a field, as managedFields tell.
type Change struct {
	Manager   string `json:"manager"`
	Operation string `json:"operation"` // Apply or Update
	// Subresource through which it was set; empty for the object itself.
	Subresource string `json:"subresource,omitempty"`
	// Time is when the manager last changed anything that it owns in the object: the field was set then or before.
	Time time.Time `json:"time,omitzero"`
	// Confidence is Exact if the manager owns this very field, Near if it owns one above, below or beside it, Shared if
	// several managers own it and this is the latest.
	Confidence Confidence `json:"confidence"`
}

// Confidence says how sure a Change is.
type Confidence string

// The confidences.
const (
	Exact  Confidence = "Exact"
	Near   Confidence = "Near"
	Shared Confidence = "Shared"
)

// NewLiveResult puts a decision on a live object into the form of a report. The text of place must be clean. What the
// decision skipped is left out: an audit counts that for the cluster.
func NewLiveResult(place Live, d engine.Decision) Result {
	subject := place.Kind + " " + place.Name
	switch {
	case place.Name == "" && place.Kind == "":
		subject = "cluster"
	case place.Name == "":
		subject = place.Kind + " (without a name)"
	case place.Namespace != "":
		subject = place.Kind + " " + place.Namespace + "/" + place.Name
	}
	d.Skipped = nil
	r := NewResult(place.Cluster, Place{}, subject, d)
	r.Live = &place
	return r
}

// Merge puts reports into one, in their order. They must be of the same profile.
func Merge(reports ...*Report) *Report {
	whole := &Report{Results: []Result{}}
	for _, r := range reports {
		if whole.Profile == nil {
			whole.Profile = r.Profile
		}
		whole.Clusters = append(whole.Clusters, r.Clusters...)
		whole.Results = append(whole.Results, r.Results...)
		whole.Problems = append(whole.Problems, r.Problems...)
	}
	return whole
}

// ChangeFrom puts a change into the form of a report. A manager's name is the client's choice.
func ChangeFrom(c managedfields.Change) *Change {
	return &Change{Manager: Clean(c.Manager), Operation: Clean(c.Operation), Subresource: Clean(c.Subresource), Time: c.Time,
		Confidence: Confidence(c.Confidence)}
}

// Classes lists the consequences, gravest first.
func Classes() []provider.Consequence {
	return []provider.Consequence{provider.Unsupported, provider.Reverted, provider.Undiagnosed, provider.Advice}
}

// clausesOfFinding are those that a finding is about: its own, or else all of its rule's.
func clausesOfFinding(v engine.Verdict) []provider.ClauseID {
	if v.Clause != "" {
		return []provider.ClauseID{v.Clause}
	}
	return v.Rule.Clauses
}

// classOf returns the gravest consequence among clauses; empty if the profile knows none of them.
func classOf(p *provider.Profile, clauses []provider.ClauseID) provider.Consequence {
	classes := Classes()
	gravest := len(classes)
	for _, id := range clauses {
		if p == nil {
			break
		}
		if c, ok := p.Clause(id); ok {
			if i := slices.Index(classes, c.Consequence); i >= 0 {
				gravest = min(gravest, i)
			}
		}
	}
	if gravest == len(classes) {
		return ""
	}
	return classes[gravest]
}
