// SPDX-License-Identifier: Apache-2.0

// Package policy is the contract between rules and everything that runs them: a rule is a value around one pure
// function from Input to findings.
package policy

import (
	"encoding/json"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// ID names a rule: its file, fixtures and page are spelt the same.
type ID string

// Rule is one rule of the catalogue.
type Rule struct {
	ID      ID
	Title   string // a few words, no capital, no full stop
	Doc     Doc
	Clauses []provider.ClauseID
	Since   string // the version of demarc that brought it, "v0.1.0"
	Default Mode
	Match   []Match
	Needs   Needs
	// Wants says which facts the rule does without, seeing less. Where one is missing and the rule finds nothing, the
	// decision names it as skipped too: silence would say that all is well.
	Wants Needs
	// Check finds what is wrong. Nil for a configurable rule, whose Params make it.
	Check Check
	// Params makes the rule configurable; nil for most.
	Params *Params
	// Survey makes it a posture rule: it judges a cluster as it stands, and has no Check, Params or Match.
	Survey Survey
}

// JudgesAtRest reports whether the rule judges objects of a match as they stand there, and not only what is done to them.
func (r *Rule) JudgesAtRest(m Match) bool {
	return !r.Needs.Request && m.Subresource == "" &&
		(slices.Contains(m.Operations, Create) || slices.Contains(m.Operations, AtRest))
}

// Doc is what `demarc explain`, the docs page and the reports say about a rule.
type Doc struct {
	Why  string // sentences: what the policy says and what follows
	Fix  string // sentences, beginning with a verb: the way that is supported
	Note string // optional: what passes and why
}

// Check finds what is wrong with one request or object. It is pure: no context, client, clock, randomness or error; it
// changes nothing and keeps nothing. It allocates nothing when it finds nothing.
type Check func(Input) []Finding

// Params makes a rule configurable.
type Params struct {
	// Defaults returns a pointer to a new value of the parameters' type with its defaults set. The configuration is
	// decoded strictly into it.
	Defaults func() any
	// Bind validates parameters and makes the check from them.
	Bind func(params any, path *field.Path) (Check, field.ErrorList)
}

// Needs says which facts a rule can't do without. Where one is missing the rule is skipped, and the decision says so.
type Needs struct {
	// Request: who asks and for what operation. Not there for objects at rest and plain manifests.
	Request bool
	// Old: the object before. The rule compares the two itself, so the engine does not ratchet it.
	Old bool
	// Namespace: the labels of the object's namespace.
	Namespace bool
	// Cluster: facts about the cluster as a whole.
	Cluster bool
	// Nodes: what the cluster's Nodes tell of their resource groups and pools.
	Nodes bool
}

// Operation is what a request does, as admission.k8s.io spells it. AtRest is an object that nobody is asking to change:
// a live object in an audit, or a manifest in a file.
type Operation string

// The operations.
const (
	AtRest  Operation = ""
	Create  Operation = "CREATE"
	Update  Operation = "UPDATE"
	Delete  Operation = "DELETE"
	Connect Operation = "CONNECT"
)

// Spelt is the operation as people are told of it.
func (o Operation) Spelt() string {
	if o == AtRest {
		return "at rest"
	}
	return string(o)
}

// Match selects the requests that a rule judges. An object at rest is judged by the rules that match its creation, and by
// those that match AtRest, which no request is: it stands for kinds that no webhook is asked about.
type Match struct {
	object.Resource
	Subresource string
	Operations  []Operation
	// ManagedOnly keeps the request out of the registration for customers' namespaces: the rule has nothing to say
	// there, and such requests are many.
	ManagedOnly bool
}

// On matches operations on objects of one resource.
func On(r object.Resource, operations ...Operation) Match {
	return Match{Resource: r, Operations: operations}
}

// OnSub matches operations on a subresource.
func OnSub(r object.Resource, subresource string, operations ...Operation) Match {
	return Match{Resource: r, Subresource: subresource, Operations: operations}
}

// InManaged restricts matches to namespaces that carry the provider's label.
func InManaged(matches ...Match) []Match {
	for i := range matches {
		matches[i].ManagedOnly = true
	}
	return matches
}

// OnEach matches the same operations on objects of several resources.
func OnEach(rs []object.Resource, operations ...Operation) []Match {
	var matches []Match
	for _, r := range rs {
		matches = append(matches, On(r, operations...))
	}
	return matches
}

// Input is what a rule sees of one request, or of one object at rest. Nothing in it may be changed.
type Input struct {
	Operation Operation
	// Resource is the resource that the request names; Subresource is the part of it, "scale" for example.
	Resource    object.Resource
	Subresource string
	// Object is the new state, nil on DELETE and on most CONNECTs; on a subresource it is of that subresource's kind.
	Object *object.Object
	// Old is the state before, on UPDATE and DELETE.
	Old *object.Object
	// Parent is the object that a subresource belongs to, metadata only, if the front end knows it.
	Parent *object.Object
	// Owners is the chain of objects that the object names as what it lies in, nearest first, as far as the front end
	// knows them: for an extension of Azure Service Operator its scale set, then that one's resource group.
	Owners []*object.Object
	// RequestKind is the kind and version that the client spoke, before any conversion.
	RequestKind schema.GroupVersionKind
	// Name and NamespaceName are those of the request, or where it leaves them empty (generateName,
	// deletecollection) those of the object.
	Name, NamespaceName string
	// User is who asks; nil for objects at rest and plain manifests.
	User *authenticationv1.UserInfo
	// Namespace is the object's namespace, with its labels; nil if unknown or if the object is cluster-scoped.
	Namespace *corev1.Namespace
	Cluster   *ClusterFacts
	// Provider and Marks are the engine's to fill in: the profile, and where the configuration honours the exempting mark.
	Provider *provider.Profile
	Marks    MarkScope
}

// MarkScope says where the exempting mark counts.
type MarkScope struct{ OnNamespace, OnObject bool }

// ClusterFacts are facts about the cluster as a whole.
type ClusterFacts struct {
	// ServerVersion is the API server's version, "v1.34.2"; empty if unknown.
	ServerVersion string
	// Nodes is what the Nodes tell; nil if nobody asked them.
	Nodes *NodeFacts
}

// NodeFacts is what the cluster's Nodes tell of it. Lists are sorted and hold nothing twice.
type NodeFacts struct {
	// ResourceGroups are those that the nodes' machines lie in: usually one.
	ResourceGroups []ResourceGroup
	Pools          []NodePool
}

// ResourceGroup is one of the cloud's containers of resources. Names are compared without regard to case.
type ResourceGroup struct {
	Subscription string // empty if unknown
	Name         string
}

// NodePool is a pool of nodes as the provider knows it.
type NodePool struct {
	Name string
	// System: the provider's own components run there.
	System bool
	// Dedicated: its nodes carry the taint that keeps customers' pods out.
	Dedicated bool
	// ScaleSets are the names of the scale sets that hold its machines; empty for other kinds of pools.
	ScaleSets []string
}

// Finding is one thing that is wrong.
type Finding struct {
	// Path is the field that is wrong, within the object of the request; nil where it is the request itself.
	Path *field.Path
	// Message says what must hold, in the present, without subject or full stop: the path is the subject.
	Message string
	// Fix says what to do instead, a clause that begins with a verb; empty where the rule's own Fix says it well.
	Fix string
	// Doubt says why this may be wrong. A finding in doubt is never above Warn.
	Doubt string
	// AtMost is the strongest mode that this finding may take; empty for no bound of its own.
	AtMost Mode
	// Clause is the one of the rule's that this finding is about; empty where all of them are.
	Clause provider.ClauseID
	// Kind names what is wrong where a rule finds several things; it never changes. Empty for most.
	Kind string
	// YAML is what to commit instead, as a patch of the object; empty for most.
	YAML string
}

// Where spells the path of the finding; it is empty for one about the request as a whole.
func (f Finding) Where() string {
	if f.Path == nil {
		return ""
	}
	return f.Path.String()
}

// RawParams is the undecoded parameters of a rule in the configuration.
type RawParams = json.RawMessage
