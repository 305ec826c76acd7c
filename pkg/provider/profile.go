// SPDX-License-Identifier: Apache-2.0

// Package provider describes what a cloud provider owns in a cluster, as data: its policy clause by clause, its
// namespaces, marks, components, node metadata, identities, and the customisations that it documents. Every entry names its source.
package provider

// Profile is everything that demarc knows about one provider. Load makes it; it is never changed afterwards.
type Profile struct {
	// Name is the provider's short name, "aks".
	Name string `json:"name"`
	// Title is the name as users know it.
	Title string `json:"title"`
	// Clauses is the provider's policy, one entry for each statement.
	Clauses []Clause `json:"clauses"`
	// Namespaces are those that the provider may have made. The label decides; the name alone is a doubt.
	Namespaces []ManagedNamespace `json:"namespaces"`
	// Marks are the labels by which the provider marks what it owns.
	Marks Marks `json:"marks"`
	// Components are managed objects known by name, for those that carry no mark.
	Components []Component `json:"components"`
	// NodeMetadata is what the provider writes on nodes.
	NodeMetadata NodeMetadata `json:"nodeMetadata"`
	// PlatformAddresses are those at which the cloud's platform serves each machine by itself.
	PlatformAddresses []PlatformAddress `json:"platformAddresses"`
	// NodeFiles is what the provider owns of the files of a node.
	NodeFiles NodeFiles `json:"nodeFiles"`
	// Facts says where Nodes tell of their pools and resource groups.
	Facts NodeFacts `json:"facts"`
	// CustomerKeys are keys below the provider's own prefix that customers are told to set on their objects.
	CustomerKeys []CustomerKey `json:"customerKeys"`
	// Identities are the accounts that act for the provider, its nodes and the built-in controllers.
	Identities []Identity `json:"identities"`
	// SupportAccess are the roles and bindings that the provider's support acts through.
	SupportAccess []SupportObject `json:"supportAccess,omitempty"`
	// Ledger is every change in managed territory that the provider documents: it is subtracted from the rules.
	Ledger []Customisation `json:"ledger"`
	// ThirdParty is software that the provider leaves to the customer, and how to tell it from the provider's own.
	ThirdParty ThirdParty `json:"thirdParty"`
	// KubernetesVersions is the calendar of minor versions, NodeSystems that of operating systems.
	KubernetesVersions KubernetesVersions `json:"kubernetesVersions"`
	NodeSystems        NodeSystems        `json:"nodeSystems"`
	// NodeImages says how old the image of a node is, and may be.
	NodeImages NodeImages `json:"nodeImages"`
	// Credentials says how Events show that the cluster's own have run out.
	Credentials Credentials `json:"credentials"`
	// Guards are the provider's own webhook configurations.
	Guards Guards `json:"guards"`

	index index
}

// Source says where a fact comes from: the page or file, its address, and the state it was read in.
type Source struct {
	// Document is the page or file, for example "articles/aks/faq.yml".
	Document string `json:"document"`
	// URL is where a reader finds it. It may be empty for an observation that nobody published as a page.
	URL string `json:"url,omitempty"`
	// Confidence: A official document or source code, B maintainer or several independent reports, C one public
	// observation, D inference.
	Confidence string `json:"confidence"`
}

// ClauseID names a clause, for example "system-metadata".
type ClauseID string

// Consequence is what the policy says follows.
type Consequence string

// The four consequences. They are never mixed: "takes you out of support" is not "Microsoft won't debug it".
const (
	Unsupported Consequence = "unsupported" // takes the cluster out of support, or is not allowed
	Reverted    Consequence = "reverted"    // the provider owns it: the change is undone, refused or overwritten
	Undiagnosed Consequence = "undiagnosed" // supported as a method, but the provider won't help with what comes of it
	Advice      Consequence = "advice"      // the pages recommend otherwise; nothing about support changes
)

// Clause is one statement of the provider's policy, in our words.
type Clause struct {
	ID          ClauseID    `json:"id"`
	Title       string      `json:"title"`
	Says        string      `json:"says"`
	Consequence Consequence `json:"consequence"`
	// Unseen says why no object inside a cluster can show a breach. Empty where a rule guards the clause.
	Unseen string `json:"unseen,omitempty"`
	// Posture says what would show a breach where no request does, and no rule of an audit looks at it yet.
	Posture string `json:"posture,omitempty"`
	Source  Source `json:"source"`
}

// ManagedNamespace is a namespace that the provider may have made.
type ManagedNamespace struct {
	Name string `json:"name"`
	// Owner is the component that it belongs to.
	Owner string `json:"owner"`
	// AlsoCustomers is true where customers install the same software under the same name by themselves.
	AlsoCustomers bool   `json:"alsoCustomers,omitempty"`
	Source        Source `json:"source"`
}

// Marks are the labels by which the provider tells its own objects from the customer's.
type Marks struct {
	// ManagedNamespace are labels that make a namespace the provider's; any one is enough.
	ManagedNamespace []Label `json:"managedNamespace"`
	// HidesNamespace are labels that take a namespace out of every webhook that the provider's enforcer rewrote.
	HidesNamespace []Label `json:"hidesNamespace"`
	// Managed are labels that make an object the provider's; any one is enough.
	Managed []Label `json:"managed"`
	// Legacy are labels that make an object the provider's only as long as it carries none of ModeKeys.
	Legacy []Label `json:"legacy"`
	// ModeKeys are label keys that say who may edit an object. Any value of one, even an unknown one, silences Legacy.
	ModeKeys []string `json:"modeKeys"`
	// Editable are labels that say the provider only made the object: the customer may edit it. They win over Managed.
	Editable []Label `json:"editable"`
	// Prefixes of label keys that are the provider's.
	Prefixes []string `json:"prefixes"`
	// Exempts is the mark by which an object or a namespace is exempted, as label or annotation.
	Exempts Label `json:"exempts"`
	// OwnWebhooks are labels that make a webhook configuration the provider's own; any one is enough.
	OwnWebhooks []Label `json:"ownWebhooks"`
	// Enforcer is the program that puts HidesNamespace into the selectors of other people's webhooks.
	Enforcer Enforcer `json:"enforcer"`
}

// Enforcer is how the provider's enforcer of selectors is recognised.
type Enforcer struct {
	// Manager is its field manager in server-side apply.
	Manager string `json:"manager"`
	Source  Source `json:"source"`
}

// Label is a label with one exact value, and where that is known from. An empty Value stands for any.
type Label struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Source Source `json:"source"`
}

// Component names managed objects of one kind in one namespace. A name alone is a doubt, and a label that lets the
// customer edit the object outweighs it. Names that customers give to the same software of their own are left out.
type Component struct {
	// Namespace is empty for cluster-scoped kinds.
	Namespace string `json:"namespace,omitempty"`
	Kind      string `json:"kind"`
	Group     string `json:"group,omitempty"`
	// Names are exact, or end in "*" for a prefix.
	Names  []string `json:"names"`
	Source Source   `json:"source"`
}

// NodeMetadata is what the provider and Kubernetes write on nodes.
type NodeMetadata struct {
	Labels      []MetadataKey `json:"labels"`
	Annotations []MetadataKey `json:"annotations"`
	Taints      []MetadataKey `json:"taints"`
}

// MetadataKey is one label, annotation or taint key of a node.
type MetadataKey struct {
	// Key is exact, or ends in "*" for a prefix. The most exact entry wins.
	Key string `json:"key"`
	// Standing is Documented (the provider names it as reserved), Observed (seen, not documented), or Writable (a
	// customer may change it: an exception below a reserved prefix).
	Standing Standing `json:"standing"`
	// Change narrows Writable to one kind of change: Add, Set or Remove. Empty means any change.
	Change string `json:"change,omitempty"`
	// PoolFlag is the flag of `az aks nodepool update` that sets it the supported way, if there is one.
	PoolFlag string `json:"poolFlag,omitempty"`
	Note     string `json:"note,omitempty"`
	Source   Source `json:"source"`
}

// Standing says how sure it is that a key is the provider's.
type Standing string

// The standings of a metadata key.
const (
	Documented Standing = "Documented"
	Observed   Standing = "Observed"
	Writable   Standing = "Writable"
)

// CustomerKey is a key below the provider's prefix that the customer is told to set.
type CustomerKey struct {
	// Key is exact, or ends in "*" for a prefix.
	Key string `json:"key"`
	// On is Label or Annotation.
	On string `json:"on"`
	// Kinds on which it is documented; empty for any.
	Kinds  []string `json:"kinds,omitempty"`
	Source Source   `json:"source"`
}

// Role is for whom an identity acts.
type Role string

// The roles of an identity.
const (
	ProviderRole   Role = "Provider"   // the provider's own control plane and support
	NodeRole       Role = "Node"       // a kubelet
	ControllerRole Role = "Controller" // a controller built into Kubernetes, acting for whoever made the object it controls
	AddonRole      Role = "Addon"      // a component that the provider runs in the cluster
)

// Identity is an account, by exact user name. Groups never decide: on AKS the provider and the customer's local admin
// are both in system:masters.
type Identity struct {
	// User is the exact user name; it ends in "*" only for nodes, whose names vary.
	User string `json:"user"`
	// Group must be among the user's groups too, if set. Nodes must have one.
	Group  string `json:"group,omitempty"`
	Role   Role   `json:"role"`
	Note   string `json:"note,omitempty"`
	Source Source `json:"source"`
}

// Customisation is one change in managed territory that the provider documents.
type Customisation struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Rules that it is subtracted from.
	Rules []string `json:"rules"`
	// Effect is Pass (no finding) or Warn (the documentation shows it, and other documentation advises against it).
	Effect Effect `json:"effect"`
	Where  Where  `json:"where"`
	// Fields bound the change to these fields and everything below them; empty for any. A field is spelt as findings
	// print its path, from the root of the object, for example metadata.annotations[kubectl.kubernetes.io/restartedAt]:
	// members are joined by dots, list positions and keys that somebody chose stand in brackets. [*] stands for any one
	// position or key.
	Fields []string     `json:"fields,omitempty"`
	If     *Requirement `json:"if,omitempty"`
	// DataKeySuffixes bound the keys of a ConfigMap's data; a key with none of them isn't covered.
	DataKeySuffixes []string `json:"dataKeySuffixes,omitempty"`
	Note            string   `json:"note,omitempty"`
	Source          Source   `json:"source"`
}

// Effect is what a ledger entry does to a finding that it covers. Where several entries cover one finding, Pass wins.
type Effect string

// The effects of a ledger entry.
const (
	Pass Effect = "Pass"
	Warn Effect = "Warn"
)

// Where selects the requests that a ledger entry covers. Every field that is set must agree.
type Where struct {
	// Namespaces are exact names of managed namespaces. Empty: any of them.
	Namespaces []string `json:"namespaces,omitempty"`
	// Cluster is true for cluster-scoped objects, Namespaces themselves among them, which Names then select.
	Cluster bool     `json:"cluster,omitempty"`
	Kinds   []string `json:"kinds"`
	// Names are exact, or end in "*" for a prefix. Empty: any.
	Names  []string `json:"names,omitempty"`
	Labels []Pair   `json:"labels,omitempty"`
	Images []string `json:"images,omitempty"` // every container's image must begin with one of these
	// Operations are CREATE, UPDATE, DELETE and CONNECT. Empty: CREATE and UPDATE. A deletion is never covered unless named.
	Operations   []string `json:"operations,omitempty"`
	Subresources []string `json:"subresources,omitempty"` // "" is the object itself; empty list: only the object itself
}

// Requirement is what the new object must carry for the entry to hold.
type Requirement struct {
	Annotation *Pair `json:"annotation,omitempty"`
	// HostProcess demands that the pod runs as a Windows HostProcess.
	HostProcess bool `json:"hostProcess,omitempty"`
}

// Pair is a key and the exact value that it must have.
type Pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}
