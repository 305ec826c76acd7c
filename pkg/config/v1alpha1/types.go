// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the configuration of demarc, a file of kind Configuration: the mode ceiling, the mode and parameters
// of rules, exemptions and the honouring of marks.
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// The group, version and kind that a configuration file names.
const (
	APIVersion = "config.demarc.dev/v1alpha1"
	Kind       = "Configuration"
)

// Configuration is the whole of what an administrator may set.
type Configuration struct {
	metav1.TypeMeta `json:",inline"`

	// Mode is a ceiling over all rules. `Audit` is the cluster-admin audit mode: nothing is refused, nobody is warned,
	// everything is recorded. Default: Deny, which leaves each rule its own mode.
	Mode policy.Mode `json:"mode,omitempty"`

	// Rules sets the mode and the parameters of rules, by rule ID. A rule that is not named keeps its defaults.
	Rules map[policy.ID]Rule `json:"rules,omitempty"`

	// Exemptions take requests out of rules. The rule still runs: its finding is recorded as exempt.
	Exemptions []Exemption `json:"exemptions,omitempty"`

	// Marks says where the mark `admissions.enforcer/disabled: "true"` exempts.
	Marks Marks `json:"marks,omitzero"`
}

// Rule is what can be set for one rule.
type Rule struct {
	// Mode is Off, Audit, Warn or Deny. Default: the rule's own.
	Mode policy.Mode `json:"mode,omitempty"`
	// Params are the rule's parameters, for the rules that have any; `demarc explain RULE` lists them.
	Params policy.RawParams `json:"params,omitempty"`
}

// Exemption takes requests out of rules, for a reason and if possible for a time.
type Exemption struct {
	// Name is unique; it is what verdicts, metrics and logs show.
	Name string `json:"name"`
	// Reason says why, for whoever reads the audit later. Required.
	Reason string `json:"reason"`
	// Ticket refers to where it was agreed.
	Ticket string `json:"ticket,omitempty"`
	// Expires ends the exemption, in RFC 3339, for example 2026-12-31T00:00:00Z. Without it, it holds for ever.
	Expires *metav1.Time `json:"expires,omitempty"`
	// Rules that it exempts from, by ID. Required: an exemption from every rule is written as `["*"]`.
	Rules []policy.ID `json:"rules"`
	// Match selects the requests. Every field that is set must agree; at least one must be set.
	Match Match `json:"match"`
}

// Match selects requests by their object and by who asks.
type Match struct {
	// Namespaces are names of namespaces; a trailing `*` stands for any ending. For a Namespace it is its own name.
	Namespaces []string `json:"namespaces,omitempty"`
	// NamespaceSelector selects by the labels of the namespace. A namespace whose labels are not known is not selected.
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`
	// ObjectSelector selects by the labels of the object; on an update, the old ones must be selected too, so that
	// nobody exempts a change by the change.
	ObjectSelector *metav1.LabelSelector `json:"objectSelector,omitempty"`
	// Kinds of the object, for example Deployment, or with the group: Deployment.apps.
	Kinds []string `json:"kinds,omitempty"`
	// Names of the object; a trailing `*` stands for any ending.
	Names []string `json:"names,omitempty"`
	// Users are exact user names, for example system:serviceaccount:flux-system:kustomize-controller.
	Users []string `json:"users,omitempty"`
	// Groups are exact group names; one of the user's groups must be among them.
	Groups []string `json:"groups,omitempty"`
}

// Marks says where the exempting mark counts.
type Marks struct {
	// Honour lists where: Namespace, Object. An empty list turns marks off. Default: both.
	Honour []MarkPlace `json:"honour"`
}

// MarkPlace is where an exempting mark stands.
type MarkPlace string

// The places of a mark.
const (
	OnNamespace MarkPlace = "Namespace"
	OnObject    MarkPlace = "Object"
)

// MarkPlaces lists the places of a mark.
func MarkPlaces() []MarkPlace { return []MarkPlace{OnNamespace, OnObject} }

// Default returns a configuration with every default set.
func Default() *Configuration {
	c := &Configuration{TypeMeta: metav1.TypeMeta{APIVersion: APIVersion, Kind: Kind}}
	c.SetDefaults()
	return c
}

// SetDefaults fills in what a file left out.
func (c *Configuration) SetDefaults() {
	if c.Mode == "" {
		c.Mode = policy.Deny
	}
	if c.Marks.Honour == nil {
		c.Marks.Honour = MarkPlaces()
	}
}

// Honours says whether a mark at that place counts.
func (m Marks) Honours(place MarkPlace) bool {
	for _, p := range m.Honour {
		if p == place {
			return true
		}
	}
	return false
}
