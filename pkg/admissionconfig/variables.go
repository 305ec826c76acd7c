// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	celtypes "github.com/google/cel-go/common/types"
	"github.com/google/cel-go/interpreter"
	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
)

// variables are what a condition can read of one request. They take down whether it read something that isn't known.
type variables struct {
	hook    *Hook
	request *Request
	seen    view
	asked   any // the variable `request`, once it was asked for

	unknown  string
	poisoned bool // something was read in a way that an error doesn't follow from
}

func newVariables(h *Hook, r *Request, seen view) *variables {
	return &variables{hook: h, request: r, seen: seen}
}

func (v *variables) doubt(what string) {
	if v.unknown == "" {
		v.unknown = what
	}
}

// ResolveName returns a variable by name. One that isn't known is reported missing, which the library makes an error.
func (v *variables) ResolveName(name string) (any, bool) {
	switch name {
	case plugincel.ObjectVarName:
		return v.object(name, v.request.Object)
	case plugincel.OldObjectVarName:
		return v.object(name, v.request.OldObject)
	case plugincel.RequestVarName:
		return v.admissionRequest()
	case plugincel.NamespaceVarName:
		return celtypes.NullValue, true // match conditions are never given one
	case plugincel.ParamsVarName:
		if v.hook.ParamRef == nil {
			return celtypes.NullValue, true
		}
		v.doubt("the policy's parameters")
	case plugincel.AuthorizerVarName, plugincel.RequestResourceAuthorizerVarName:
		v.doubt("what the user may do")
	}
	return nil, false
}

// Parent returns nil: there is no other scope.
func (v *variables) Parent() interpreter.Activation { return nil }

// object returns an object as the condition sees it. A conversion keeps the metadata; what it makes of the rest isn't known.
func (v *variables) object(name string, o *Object) (any, bool) {
	switch {
	case o == nil:
		return celtypes.NullValue, true
	case o.Content == nil:
		v.doubt(name)
		return nil, false
	case v.seen.converted:
		apiVersion, kind := v.seen.kind.ToAPIVersionAndKind()
		known := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": v.sparse(name+".metadata", o, o.Content["metadata"])}
		if v.seen.unsure || kind == "" {
			delete(known, "apiVersion")
			delete(known, "kind")
		}
		return &partial{known: known, path: name, vars: v}, true
	}
	return v.sparse(name, o, o.Content), true
}

// sparse returns a value, or if the object may hold more than is known, one that says so where something is missing.
func (v *variables) sparse(path string, o *Object, value any) any {
	content, ok := value.(map[string]any)
	if !o.Sparse || !ok {
		return value
	}
	known := make(map[string]any, len(content))
	for k, child := range content {
		known[k] = v.sparse(path+"."+k, o, child)
	}
	return &partial{known: known, path: path, vars: v}
}

// admissionRequest returns the request as the API server puts it to conditions.
func (v *variables) admissionRequest() (any, bool) {
	if v.asked != nil {
		return v.asked, true
	}
	r := v.request
	known, err := runtime.DefaultUnstructuredConverter.ToUnstructured(v.review())
	if err != nil {
		v.doubt(plugincel.RequestVarName)
		return nil, false
	}
	unknown := map[string]bool{}
	if r.AnyName {
		unknown["name"] = true
	}
	if r.User == nil {
		unknown["userInfo"] = true
	}
	if r.Kind.Empty() {
		unknown["requestKind"] = true
	}
	if v.seen.unsure || v.seen.kind.Empty() {
		unknown["kind"] = true
	}
	if r.isNamespace() && (r.AnyName || r.madeUpName()) {
		unknown["namespace"] = true
	}
	switch {
	case r.Options != nil:
		known["options"] = r.Options
	case r.Operation != admissionregistrationv1.Connect:
		unknown["options"] = true
	}
	v.asked = known
	if len(unknown) > 0 {
		for k := range unknown {
			delete(known, k)
		}
		v.asked = &partial{known: known, only: unknown, path: plugincel.RequestVarName, vars: v}
	}
	return v.asked, true
}

func (v *variables) review() *admissionv1.AdmissionRequest {
	r := v.request
	var user authenticationv1.UserInfo
	if r.User != nil {
		user = *r.User
	}
	return &admissionv1.AdmissionRequest{
		Kind:               metav1.GroupVersionKind(v.seen.kind),
		Resource:           metav1.GroupVersionResource(r.Resource), // the request's own, even where the kind is another
		SubResource:        r.Subresource,
		RequestKind:        (*metav1.GroupVersionKind)(&r.Kind),
		RequestResource:    (*metav1.GroupVersionResource)(&r.Resource),
		RequestSubResource: r.Subresource,
		Name:               r.Name,
		Namespace:          r.namespaceName(),
		Operation:          admissionv1.Operation(r.Operation),
		UserInfo:           user,
		DryRun:             &r.DryRun,
	}
}
