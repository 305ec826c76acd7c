// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"bytes"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// interests are the requests that some rule judges.
type interests struct {
	requests map[interest]bool
	plurals  map[string]bool
}

type interest struct {
	group, plural, subresource string
	operation                  policy.Operation
}

func interestsOf(rules []policy.Rule) interests {
	i := interests{map[interest]bool{}, map[string]bool{}}
	for _, r := range rules {
		for _, m := range r.Match {
			if m.Resource == object.Unknown {
				continue
			}
			for _, op := range m.Operations {
				if op != policy.AtRest {
					i.requests[interest{m.Group, m.Plural, m.Subresource, op}] = true
					i.plurals[m.Plural] = true
				}
			}
		}
	}
	return i
}

// connects says whether requests on a subresource are connections, whatever their verb.
func connects(subresource string) bool {
	switch subresource {
	case "exec", "attach", "portforward", "proxy":
		return true
	}
	return false
}

// How an event begins as the API server writes it, up to the value of level. Kind and version come first, and verb, stage
// and object before anything that users write but their own names, in which quotes are escaped. So what is found there
// behind this head is the event's own.
const eventHead = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"`

// marks are the members of an event that tell whether it matters, as they are spelt in a line, or in a string of JSON in a
// line.
type marks struct{ head, stage, complete, verb, resource, subresource, received, end []byte }

var plain, wrapped = spelt("", `"`), spelt(`"`, `\"`)

func spelt(before, quote string) marks {
	in := func(s string) []byte { return bytes.ReplaceAll([]byte(s), []byte(`"`), []byte(quote)) }
	return marks{append([]byte(before), in(eventHead)...), in(`,"stage":"`), in(`ResponseComplete"`), in(`,"verb":"`), in(`,"objectRef":{"resource":"`),
		in(`"subresource":"`), in(`,"requestReceivedTimestamp":"`), in(`"`)}
}

// dull says for certain that no rule would have been asked about the event in a line, without decoding it. Most lines of
// an audit log are dull, and much longer than what is looked at here.
func (i *interests) dull(line []byte) bool {
	if rest, ok := bytes.CutPrefix(line, plain.head); ok {
		return i.dullEvent(rest, plain)
	}
	// In a string an event begins right behind the quote, and nothing within it does. Several in a line are several
	// questions.
	_, rest, ok := bytes.Cut(line, wrapped.head)
	return ok && i.dullEvent(rest, wrapped) && !bytes.Contains(rest, wrapped.head)
}

func (i *interests) dullEvent(rest []byte, m marks) bool {
	_, rest, ok := bytes.Cut(rest, m.stage)
	if !ok {
		return false
	}
	if !bytes.HasPrefix(rest, m.complete) {
		return true
	}
	verb, rest, ok := member(rest, m.verb, m.end)
	if !ok {
		return false
	}
	plural, ref, ok := member(rest, m.resource, m.end)
	if !ok {
		// Not a request for an object, if this is all of it and was not cut off before.
		return bytes.Contains(rest, m.received)
	}
	if !i.plurals[string(plural)] {
		return true
	}
	switch string(verb) {
	case "get", "list", "watch":
		ref, _, _ = bytes.Cut(ref, []byte(`}`))
		subresource, _, _ := member(ref, m.subresource, m.end)
		return !connects(string(subresource))
	}
	return false
}

// member returns the value of a member whose values need no escaping, and what follows.
func member(line, name, end []byte) (value, rest []byte, ok bool) {
	_, rest, ok = bytes.Cut(line, name)
	if !ok {
		return nil, nil, false
	}
	return bytes.Cut(rest, end)
}
