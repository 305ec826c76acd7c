// SPDX-License-Identifier: Apache-2.0

package admissionconfig

// Reach says whether a hook gets a request.
type Reach int

// The three answers, the greater the more it gets.
const (
	No    Reach = iota
	Maybe       // what is known of the request doesn't decide
	Yes
)

// String returns the answer as a word.
func (r Reach) String() string {
	switch r {
	case No:
		return "no"
	case Maybe:
		return "maybe"
	case Yes:
		return "yes"
	}
	return "invalid"
}

// Reason is what decided, or left open, whether a hook gets a request.
type Reason struct {
	// Field is a path inside the configuration, or inside the binding where InBinding is set. It is empty for what the
	// API server does by itself, and for Yes.
	Field     string
	InBinding bool
	// Text says what about it, in a few words.
	Text string
}

// String returns field and text on one line.
func (r Reason) String() string {
	switch {
	case r.Field == "":
		return r.Text
	case r.Text == "":
		return r.Field
	}
	return r.Field + ": " + r.Text
}

// Answer says whether a hook gets a request, and why.
type Answer struct {
	Reach Reach
	Why   Reason
	// Refused is true where the API server can't or won't ask the hook and refuses the request for it: a match condition
	// that fails under failurePolicy Fail, a dry run of a webhook that has side effects. Reach is Maybe then.
	Refused bool
}

func no(why Reason) Answer    { return Answer{Reach: No, Why: why} }
func maybe(why Reason) Answer { return Answer{Reach: Maybe, Why: why} }

// and joins what must all hold: the least wins, and the first of equals. An answer that refuses weighs as much as any
// Maybe, and holds only if nothing else says No.
func and(answers ...Answer) Answer {
	all := Answer{Reach: Yes}
	for _, a := range answers {
		switch {
		case a.Reach < all.Reach:
			all = a
		case a.Reach == Maybe && all.Refused && !a.Refused:
			all = a // whether the request gets so far isn't sure
		}
		if all.Reach == No {
			return all
		}
	}
	return all
}
