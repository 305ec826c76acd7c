// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// Input prepares the request for the engine. The namespace, the parent and the cluster's facts are left to the front
// end, which knows where to look.
func (r *Request) Input() (policy.Input, error) {
	in := policy.Input{
		Operation: policy.Operation(r.Operation), Resource: resourceOf(r), Subresource: r.SubResource,
		Name: r.Name, NamespaceName: r.Namespace, User: &r.User, RequestKind: r.RequestKind,
	}
	if in.RequestKind.Kind == "" {
		in.RequestKind = r.Kind // an API server that converted nothing may leave it out
	}
	var err error
	if in.Object, err = decode(r.Object, r.Kind); err != nil {
		return in, fmt.Errorf("request.object: %w", err)
	}
	if in.Old, err = decode(r.OldObject, r.Kind); err != nil {
		return in, fmt.Errorf("request.oldObject: %w", err)
	}
	// With generateName, and for each object of a deletecollection, the request itself has no name.
	if subject := in.Subject(); in.Name == "" && subject != nil {
		in.Name = subject.Meta.Name
	}
	// A Namespace is in no namespace, though its requests carry its own name as one.
	if in.Resource == object.Namespaces {
		in.NamespaceName = ""
	}
	return in, nil
}

func decode(raw []byte, kind schema.GroupVersionKind) (*object.Object, error) {
	if raw == nil {
		return nil, nil
	}
	return object.Decode(raw, kind)
}

// resourceOf finds the resource in the catalogue. One that isn't there keeps the names that the request gives it.
func resourceOf(r *Request) object.Resource {
	known, ok := object.ByName(schema.GroupResource{Group: r.Resource.Group, Resource: r.Resource.Resource})
	if ok {
		return known
	}
	kind := r.Kind.Kind
	if r.SubResource != "" {
		kind = "" // the kind is that of the subresource
	}
	return object.Resource{Group: r.Resource.Group, Version: r.Resource.Version, Kind: kind,
		Plural: r.Resource.Resource, Namespaced: r.Namespace != ""}
}
