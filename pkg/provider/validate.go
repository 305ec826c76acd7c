// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validate returns everything that is wrong with a profile.
func validate(p *Profile) field.ErrorList {
	v := validator{profile: p, seen: map[string]bool{}}
	v.required(field.NewPath("name"), p.Name, "the provider's short name")
	v.required(field.NewPath("title"), p.Title, "the name that users know")
	v.clauses()
	v.namespaces()
	v.marks()
	v.components()
	v.nodeMetadata()
	v.platformAddresses()
	v.nodeFiles()
	v.nodeFacts()
	v.customerKeys()
	v.identities()
	v.supportAccess()
	v.ledger()
	v.thirdParty()
	v.kubernetesVersions()
	v.nodeSystems()
	v.nodeImages()
	v.credentials()
	v.guards()
	return v.errs
}

type validator struct {
	profile *Profile
	seen    map[string]bool
	errs    field.ErrorList
}

func (v *validator) clauses() {
	list := field.NewPath("clauses")
	v.notEmpty(list, len(v.profile.Clauses), "the provider's policy")
	for i, c := range v.profile.Clauses {
		path := list.Index(i)
		v.id(path.Child("id"), "clause", string(c.ID))
		v.required(path.Child("title"), c.Title, "a few words")
		v.required(path.Child("says"), c.Says, "what the policy says")
		oneOf(v, path.Child("consequence"), c.Consequence, Unsupported, Reverted, Undiagnosed, Advice)
		v.source(path, c.Source)
	}
}

func (v *validator) namespaces() {
	list := field.NewPath("namespaces")
	v.notEmpty(list, len(v.profile.Namespaces), "the namespaces that the provider makes")
	for i, n := range v.profile.Namespaces {
		path := list.Index(i)
		v.required(path.Child("name"), n.Name, "the namespace's name")
		v.unique(path.Child("name"), "namespace", n.Name)
		v.required(path.Child("owner"), n.Owner, "the component that it belongs to")
		v.source(path, n.Source)
	}
}

func (v *validator) marks() {
	m, path := &v.profile.Marks, field.NewPath("marks")
	v.notEmpty(path.Child("managedNamespace"), len(m.ManagedNamespace), "the labels of managed namespaces")
	v.notEmpty(path.Child("managed"), len(m.Managed), "the labels of managed objects")
	v.labels(path.Child("managedNamespace"), m.ManagedNamespace)
	v.labels(path.Child("hidesNamespace"), m.HidesNamespace)
	v.labels(path.Child("managed"), m.Managed)
	v.labels(path.Child("legacy"), m.Legacy)
	v.labels(path.Child("editable"), m.Editable)
	for i, key := range m.ModeKeys {
		v.required(path.Child("modeKeys").Index(i), key, "a label key")
	}
	for i, prefix := range m.Prefixes {
		if name, ok := strings.CutSuffix(prefix, "/"); !ok || name == "" {
			v.invalid(path.Child("prefixes").Index(i), prefix, "must be a domain and a slash, such as example.com/")
		}
	}
	v.label(path.Child("exempts"), m.Exempts)
	v.labels(path.Child("ownWebhooks"), m.OwnWebhooks)
	if m.Enforcer.Manager != "" {
		v.source(path.Child("enforcer"), m.Enforcer.Source)
	}
}

func (v *validator) labels(path *field.Path, labels []Label) {
	for i, l := range labels {
		v.label(path.Index(i), l)
	}
}

func (v *validator) label(path *field.Path, l Label) {
	v.required(path.Child("key"), l.Key, "a label key")
	v.source(path, l.Source)
}

func (v *validator) components() {
	for i, c := range v.profile.Components {
		path := field.NewPath("components").Index(i)
		v.kind(path.Child("kind"), c.Kind)
		v.managedNamespace(path.Child("namespace"), c.Namespace)
		v.notEmpty(path.Child("names"), len(c.Names), "the names of managed objects")
		for j, name := range c.Names {
			v.pattern(path.Child("names").Index(j), name)
			v.unique(path.Child("names").Index(j), "component "+c.Namespace+"/"+c.Group+"/"+c.Kind, name)
		}
		v.source(path, c.Source)
	}
}

func (v *validator) nodeMetadata() {
	n, path := &v.profile.NodeMetadata, field.NewPath("nodeMetadata")
	v.metadataKeys(path.Child("labels"), n.Labels)
	v.metadataKeys(path.Child("annotations"), n.Annotations)
	v.metadataKeys(path.Child("taints"), n.Taints)
}

func (v *validator) metadataKeys(list *field.Path, keys []MetadataKey) {
	for i, k := range keys {
		path := list.Index(i)
		v.pattern(path.Child("key"), k.Key)
		v.unique(path.Child("key"), list.String(), k.Key)
		oneOf(v, path.Child("standing"), k.Standing, Documented, Observed, Writable)
		if k.Change != "" {
			oneOf(v, path.Child("change"), k.Change, "Add", "Set", "Remove")
			if k.Standing != Writable {
				v.invalid(path.Child("change"), k.Change, "must be empty: only the standing Writable allows a change")
			}
		}
		if k.PoolFlag != "" && !strings.HasPrefix(k.PoolFlag, "--") {
			v.invalid(path.Child("poolFlag"), k.PoolFlag, "must be a flag, such as --labels")
		}
		v.source(path, k.Source)
	}
}

func (v *validator) customerKeys() {
	for i, c := range v.profile.CustomerKeys {
		path := field.NewPath("customerKeys").Index(i)
		v.pattern(path.Child("key"), c.Key)
		oneOf(v, path.Child("on"), c.On, "Label", "Annotation")
		v.unique(path.Child("key"), "key of the customer's as "+c.On, c.Key)
		for j, kind := range c.Kinds {
			v.kind(path.Child("kinds").Index(j), kind)
		}
		v.source(path, c.Source)
	}
}

func (v *validator) identities() {
	list := field.NewPath("identities")
	v.notEmpty(list, len(v.profile.Identities), "the provider's own accounts")
	for i, id := range v.profile.Identities {
		path := list.Index(i)
		v.pattern(path.Child("user"), id.User)
		v.unique(path.Child("user"), "identity", id.User)
		oneOf(v, path.Child("role"), id.Role, ProviderRole, NodeRole, ControllerRole, AddonRole)
		if id.Role == NodeRole {
			v.required(path.Child("group"), id.Group, "a node's name alone proves nothing")
		} else if strings.HasSuffix(id.User, "*") {
			v.invalid(path.Child("user"), id.User, "must be exact: only the names of nodes vary")
		}
		v.source(path, id.Source)
	}
}
