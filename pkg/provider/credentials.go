// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Credentials says how Events show that the cluster's own credentials have run out.
type Credentials struct {
	// FreshHours is how long an Event counts: the credential may have been renewed since.
	FreshHours int `json:"freshHours"`
	// Signs are words of an Event's message that tell of a credential.
	Signs []CredentialSign `json:"signs"`
	// Reporters are the components that act with the cluster's own credentials. What others report is their own affair.
	Reporters []CredentialReporter `json:"reporters"`
}

// CredentialSign is text in an Event's message.
type CredentialSign struct {
	Text string `json:"text"`
	// Means says what follows from it, as the end of a sentence: "the client secret has expired".
	Means string `json:"means"`
	// Doubt says what else it could be; empty where it is sure.
	Doubt  string `json:"doubt,omitempty"`
	Source Source `json:"source"`
}

// CredentialReporter is a component that reports Events.
type CredentialReporter struct {
	// Name of the component: exact, or a prefix and "*".
	Name string `json:"name"`
	// Reasons of its Events that count; empty for any.
	Reasons []string `json:"reasons,omitempty"`
	// Without is text that makes an Event somebody else's affair.
	Without []string `json:"without,omitempty"`
	Doubt   string   `json:"doubt,omitempty"`
	Source  Source   `json:"source"`
}

// Sign returns the first sign that stands in a message.
func (c *Credentials) Sign(message string) (CredentialSign, bool) {
	i := slices.IndexFunc(c.Signs, func(s CredentialSign) bool { return strings.Contains(message, s.Text) })
	if i < 0 {
		return CredentialSign{}, false
	}
	return c.Signs[i], true
}

// Reporter returns the entry for an Event's component, if what it reports is about the cluster's credentials.
func (c *Credentials) Reporter(component, reason, message string) (CredentialReporter, bool) {
	i := slices.IndexFunc(c.Reporters, func(r CredentialReporter) bool {
		return MatchName(r.Name, component) && (len(r.Reasons) == 0 || slices.Contains(r.Reasons, reason)) &&
			!slices.ContainsFunc(r.Without, func(s string) bool { return strings.Contains(message, s) })
	})
	if i < 0 {
		return CredentialReporter{}, false
	}
	return c.Reporters[i], true
}

func (v *validator) credentials() {
	c, path := &v.profile.Credentials, field.NewPath("credentials")
	if len(c.Signs) == 0 {
		return
	}
	if c.FreshHours <= 0 {
		v.invalid(path.Child("freshHours"), c.FreshHours, "must be a number of hours")
	}
	for i, s := range c.Signs {
		at := path.Child("signs").Index(i)
		v.required(at.Child("text"), s.Text, "words of a message")
		v.unique(at.Child("text"), "sign of credentials", s.Text)
		v.required(at.Child("means"), s.Means, "what follows")
		v.source(at, s.Source)
	}
	v.notEmpty(path.Child("reporters"), len(c.Reporters), "the components that act with the cluster's credentials")
	for i, r := range c.Reporters {
		at := path.Child("reporters").Index(i)
		v.pattern(at.Child("name"), r.Name)
		v.source(at, r.Source)
	}
}
