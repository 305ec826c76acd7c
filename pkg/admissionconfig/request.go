// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"maps"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Request is what is known of a request that changes something. What isn't known makes answers Maybe, never wrong.
type Request struct {
	// Operation is CREATE, UPDATE, DELETE or CONNECT. A patch is an UPDATE; server-side apply is a CREATE where there is
	// no object yet; deletecollection is one DELETE for each object, with an empty Name.
	Operation admissionregistrationv1.OperationType
	// Resource as the request spells it.
	Resource    schema.GroupVersionResource
	Subresource string
	// Kind of the body. It may be empty if not known.
	Kind schema.GroupVersionKind
	// Name as the request has it: it is empty where the server makes the name, and in deletecollection.
	Name string
	// AnyName is true where the name isn't known.
	AnyName bool
	// Namespace of a namespaced object; for a Namespace, itself as it is stored. nil: the object is cluster-scoped, or is
	// a Namespace that doesn't exist yet.
	Namespace *Namespace
	// Object and OldObject as the API server hands them to admission; nil where the operation has none. CREATE and CONNECT have
	// no old object, DELETE no new one.
	Object, OldObject *Object
	// User who asks; nil if not known.
	User *authenticationv1.UserInfo
	// Options of the request (CreateOptions and so on) as JSON decodes them; nil if not known.
	Options map[string]any
	DryRun  bool
}

// Namespace is what a selector can see of a namespace.
type Namespace struct {
	Name   string
	Labels map[string]string
	// Partial is true where there may be more labels than these.
	Partial bool
	// Without are keys of labels that it lacks for sure, though Partial.
	Without []string
}

// Object is what is known of an object. The zero value is an object of which nothing is known.
type Object struct {
	// Content is the object as JSON decodes it, whole numbers as int64; nil if nothing of it is known.
	Content map[string]any
	// Sparse is true where Content is a manifest, or an example: what it lacks may still be there, because the API server
	// fills in defaults, and others set labels.
	Sparse bool
	// Labels are read only if Content is nil. nil: not known; empty: it has none.
	Labels map[string]string
}

// labelSet is what is known of an object's labels.
type labelSet struct {
	labels  map[string]string
	all     bool     // there are no others
	without []string // keys that surely aren't there
}

func (o *Object) labelSet() labelSet {
	if o == nil {
		return labelSet{}
	}
	if o.Content == nil {
		return labelSet{labels: o.Labels, all: o.Labels != nil}
	}
	meta, _ := o.Content["metadata"].(map[string]any)
	raw, _ := meta["labels"].(map[string]any)
	set := make(map[string]string, len(raw))
	for k, v := range raw {
		set[k], _ = v.(string)
	}
	return labelSet{labels: set, all: !o.Sparse}
}

// named adds the label by which every namespace carries its own name: the API server sets it before admission.
func (l labelSet) named(name string) labelSet {
	if name == "" || l.labels[corev1.LabelMetadataName] == name {
		return l
	}
	with := make(map[string]string, len(l.labels)+1)
	maps.Copy(with, l.labels)
	with[corev1.LabelMetadataName] = name
	l.labels = with
	return l
}

// isNamespace says whether the request is about a Namespace. The API server looks at the resource's name only.
func (r *Request) isNamespace() bool { return r.Resource.Resource == "namespaces" }

// namespaceName returns what the API server takes for the request's namespace: a Namespace is in itself.
func (r *Request) namespaceName() string {
	switch {
	case r.isNamespace():
		return r.Name
	case r.Namespace != nil:
		return r.Namespace.Name
	}
	return ""
}

// namespaced says whether the request is about something in a namespace. core/v1 namespaces are not, whatever their
// namespaceName.
func (r *Request) namespaced() bool {
	return r.Resource != namespaceResource && (r.Namespace != nil || r.isNamespace() && r.Name != "")
}

// madeUpName says whether the API server may have made up the name of what is created. Validating hooks are told that
// name then, but a Namespace is still in no namespace.
func (r *Request) madeUpName() bool {
	if r.Operation != admissionregistrationv1.Create || r.Name == "" || r.Object == nil {
		return false
	}
	meta, _ := r.Object.Content["metadata"].(map[string]any)
	prefix, _ := meta["generateName"].(string)
	return prefix != ""
}

var namespaceResource = corev1.SchemeGroupVersion.WithResource("namespaces")

// namespaceLabels returns the labels that a namespaceSelector is held against.
func (r *Request) namespaceLabels() labelSet {
	write := r.Operation == admissionregistrationv1.Create || r.Operation == admissionregistrationv1.Update
	switch {
	case r.isNamespace() && r.Subresource == "" && write:
		// Not those in the server's cache: the request is what changes them.
		return r.objectLabels(r.Object)
	case r.Namespace != nil:
		n := r.Namespace
		return labelSet{labels: n.Labels, all: !n.Partial, without: n.Without}.named(n.Name)
	case r.isNamespace():
		return r.objectLabels(r.OldObject)
	}
	return labelSet{}
}

// objectLabels returns an object's labels, with what the API server adds to a Namespace's.
func (r *Request) objectLabels(o *Object) labelSet {
	set := o.labelSet()
	if r.Resource != namespaceResource || r.AnyName {
		return set
	}
	return set.named(r.Name)
}
