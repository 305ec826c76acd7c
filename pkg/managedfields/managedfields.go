// SPDX-License-Identifier: Apache-2.0

// Package managedfields tells who last set a field of an object, as the object's own managedFields say.
package managedfields

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Change is the last change of a field by a manager.
type Change struct {
	// Manager is what the client called itself: by default, the name of its program.
	Manager string
	// Operation is Apply or Update.
	Operation string
	// Subresource through which it was set; empty for the object itself.
	Subresource string
	// Time is when the manager last changed anything that it owns in the object: the field was set then or before. It is
	// zero where nobody wrote it down, as for what came by the scale subresource.
	Time       time.Time
	Confidence Confidence
}

// Confidence says how sure a Change is.
type Confidence string

// The confidences.
const (
	// Exact: one manager owns this very field or list item.
	Exact Confidence = "Exact"
	// Near: nobody owns the field itself; the manager owns what is below it, what it lies in, or what lies beside it.
	Near Confidence = "Near"
	// Shared: several managers own the field, and this is the latest of them.
	Shared Confidence = "Shared"
)

// The bounds of what is looked at. No API server stores an object half as large, and no rule finds anything that deep.
const (
	maxObject = 8 << 20
	maxSteps  = 64
)

// Last returns who last set the field at path in an object, given as JSON. It is false if the object does not tell: it
// has no managedFields, they say nothing about that part of it, or it can't be read.
//
// A list item is told by its position in the object. A field that is not there has nobody who set it: the answer is then
// who owns the nearest thing around it.
func Last(raw []byte, path *field.Path) (*Change, bool) {
	if path == nil || len(raw) > maxObject {
		return nil, false
	}
	steps := split(path.String())
	if len(steps) == 0 || len(steps) > maxSteps {
		return nil, false
	}
	entries := read(raw)
	if len(entries) == 0 {
		return nil, false
	}
	elements := resolve(raw, steps)
	traces := make([]trace, 0, len(entries))
	for _, e := range entries {
		if e.FieldsType == "FieldsV1" {
			traces = append(traces, follow(e, elements))
		}
	}
	return choose(traces, len(elements))
}

// entry is one of an object's managedFields.
type entry struct {
	Manager     string         `json:"manager"`
	Operation   string         `json:"operation"`
	Subresource string         `json:"subresource"`
	Time        string         `json:"time"`
	FieldsType  string         `json:"fieldsType"`
	FieldsV1    jsontext.Value `json:"fieldsV1"`
}

// lenient reads what an API server may have stored; only what is no JSON at all is refused.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

func read(raw []byte) []entry {
	metadata := member(raw, "metadata")
	list := member(metadata, "managedFields")
	if list == nil {
		return nil
	}
	var entries []entry
	if err := json.Unmarshal(list, &entries, lenient); err != nil {
		return nil
	}
	return entries
}

// choose picks the latest of those that come nearest to the field. wanted is how deep it lies.
func choose(traces []trace, wanted int) (*Change, bool) {
	deepest := 0
	for _, t := range traces {
		deepest = max(deepest, t.depth)
	}
	if deepest == 0 {
		return nil, false
	}
	nearest := slices.DeleteFunc(traces, func(t trace) bool { return t.depth < deepest })
	owners := keep(nearest, func(t trace) bool { return t.owns })
	confidence := Near
	switch {
	case len(owners) == 0:
		// Who scaled it or reported its status set one field beside: rarely the one that is missing.
		owners = keep(nearest, func(t trace) bool { return t.entry.Subresource == "" })
		if len(owners) == 0 {
			owners = nearest
		}
	case deepest == wanted && several(owners):
		confidence = Shared
	case deepest == wanted:
		confidence = Exact
	}
	return latest(owners, confidence), true
}

func keep(traces []trace, wanted func(trace) bool) []trace {
	var kept []trace
	for _, t := range traces {
		if wanted(t) {
			kept = append(kept, t)
		}
	}
	return kept
}

func several(owners []trace) bool {
	return slices.ContainsFunc(owners, func(t trace) bool { return t.entry.Manager != owners[0].entry.Manager })
}

// latest returns the last change among traces, of which there is one at least. Times are whole seconds; among equals the
// later entry wins, for the API server sorts them.
func latest(traces []trace, confidence Confidence) *Change {
	var last *Change
	for _, t := range traces {
		// A time that can't be read is one that nobody knows.
		at, _ := time.Parse(time.RFC3339, t.entry.Time)
		if last == nil || !at.Before(last.Time) {
			last = &Change{Manager: t.entry.Manager, Operation: t.entry.Operation, Subresource: t.entry.Subresource,
				Time: at, Confidence: confidence}
		}
	}
	return last
}
