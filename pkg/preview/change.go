// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/review"
)

// head is what is read of an object to tell what it is.
type head struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Items []jsontext.Value `json:"items"`
}

// headOf reads the head of an object; false for what is none, a Status included: that is no state of an object.
func headOf(raw jsontext.Value) (h head, ok bool) {
	if raw.Kind() != '{' || json.Unmarshal(raw, &h, decodeOptions) != nil {
		return h, false
	}
	return h, h.Kind != "Status"
}

// each returns the requests as admission saw them: a deletecollection is one for each object.
func (c *change) each() []*change {
	c.key = stateKey{c.Ref.APIGroup, c.Ref.Resource, "", c.Ref.Namespace, c.Ref.Name}
	if c.resource == object.Namespaces {
		c.key.namespace = "" // some requests on a Namespace carry its own name as one
	}
	c.answer, c.answered = headOf(c.ResponseObject)
	switch {
	case c.answered && c.Verb == "deletecollection" && c.answer.Items != nil:
		return c.members()
	case c.answered:
		if c.key.name == "" {
			c.key.name = c.answer.Metadata.Name // of generateName
		}
		if !c.whole() {
			c.key.kind = c.answer.Kind
		}
	case c.scale():
		c.key.kind = "Scale"
	}
	return []*change{c}
}

// whole says whether the answer is of the resource's own kind, not of a subresource's.
func (c *change) whole() bool { return c.Ref.Subresource == "" || c.answer.Kind == c.resource.Kind }

func (c *change) scale() bool { return c.Ref.Subresource == "scale" }

// members are the objects of a list that was deleted.
func (c *change) members() []*change {
	var all []*change
	for _, raw := range c.answer.Items {
		h, ok := headOf(raw)
		if !ok {
			continue
		}
		e, ref := *c.event, *c.Ref
		ref.Name, e.Verb, e.ResponseObject = h.Metadata.Name, "delete", raw
		if ref.Namespace == "" {
			ref.Namespace = h.Metadata.Namespace
		}
		e.Ref = &ref
		all = append(all, &change{event: &e, resource: c.resource, operation: c.operation, answer: h, answered: true,
			key: stateKey{ref.APIGroup, ref.Resource, "", ref.Namespace, ref.Name}})
	}
	return all
}

// dryRun: the address says so, and for a deletion the options may.
func (c *change) dryRun() bool {
	if u, err := url.ParseRequestURI(c.RequestURI); err == nil && len(u.Query()["dryRun"]) > 0 {
		return true
	}
	if c.operation != policy.Delete || c.RequestObject.Kind() != '{' {
		return false
	}
	var o struct {
		DryRun []string `json:"dryRun"`
	}
	return json.Unmarshal(c.RequestObject, &o, decodeOptions) == nil && len(o.DryRun) > 0
}

// request puts the event into the form in which the API server would have asked.
func (c *change) request(known *states) (r *review.Request, untold string) {
	r = &review.Request{UID: c.AuditID, Resource: schema.GroupVersionResource{Group: c.Ref.APIGroup, Version: c.Ref.APIVersion, Resource: c.Ref.Resource},
		SubResource: c.Ref.Subresource, Name: c.Ref.Name, Namespace: c.Ref.Namespace, Operation: string(c.operation), User: *c.user()}
	r.Kind = schema.GroupVersionKind{Group: c.Ref.APIGroup, Version: c.Ref.APIVersion, Kind: c.resource.Kind}
	switch c.operation {
	case policy.Connect:
		r.Object, r.Kind = c.options()
	case policy.Delete:
		switch {
		case c.answered && c.whole():
			r.OldObject = c.ResponseObject
		case c.Ref.Name == "":
			return nil, untoldMany
		default:
			r.OldObject = known.get(c.key)
		}
	default:
		if r.Object = c.made(); r.Object == nil {
			return nil, c.untold()
		}
		if c.operation == policy.Update {
			r.OldObject = known.get(c.key)
		}
	}
	r.RequestKind = r.Kind
	return r, ""
}

// made returns the object that the request makes. What the API server answered is nearest to what admission saw; what the
// client sent is the same but for defaults and other people's admission, unless it is a patch. The answer to an eviction
// or a binding is none.
func (c *change) made() []byte {
	if c.answered && (c.Ref.Subresource == "" || c.Verb == "patch") {
		return c.ResponseObject
	}
	if c.Verb != "patch" {
		if sent, ok := headOf(c.RequestObject); ok && (!c.answered || sent.Kind != "" && sent.Kind != c.answer.Kind) {
			return c.RequestObject
		}
	}
	if c.answered {
		return c.ResponseObject
	}
	return nil
}

// untold says why an event has no object.
func (c *change) untold() string {
	switch {
	case c.RequestObject.Kind() == '"' || c.ResponseObject.Kind() == '"' || c.Annotations["audit.k8s.io/truncated"] == "true":
		return untoldSize
	case len(c.RequestObject) > 0 && c.Verb == "patch":
		return untoldPatch
	case len(c.RequestObject) > 0:
		return untoldBroken
	}
	return untoldObject
}

// options are what a connection is asked with, as admission sees it: the event has them in the address only.
func (c *change) options() (raw []byte, kind schema.GroupVersionKind) {
	u, err := url.ParseRequestURI(c.RequestURI)
	if err != nil {
		u = &url.URL{}
	}
	query, fields := u.Query(), map[string]any{}
	kinds := map[string]string{"exec": "PodExecOptions", "attach": "PodAttachOptions", "portforward": "PodPortForwardOptions",
		"proxy": c.resource.Kind + "ProxyOptions"}
	kind = schema.GroupVersionKind{Version: "v1", Kind: kinds[c.Ref.Subresource]}
	fields["kind"], fields["apiVersion"] = kind.Kind, kind.Version
	switch c.Ref.Subresource {
	case "exec", "attach":
		if command := query["command"]; len(command) > 0 {
			fields["command"] = command
		}
		if container := query.Get("container"); container != "" {
			fields["container"] = container
		}
		for _, stream := range []string{"stdin", "stdout", "stderr", "tty"} {
			if on := query.Get(stream); on == "true" || on == "1" {
				fields[stream] = true
			}
		}
	case "portforward":
		var ports []int
		for port := range strings.SplitSeq(strings.Join(query["ports"], ","), ",") {
			if n, err := strconv.Atoi(port); err == nil {
				ports = append(ports, n)
			}
		}
		fields["ports"] = ports
	case "proxy":
		_, path, _ := strings.Cut(u.Path, "/"+c.Ref.Name+"/proxy")
		fields["path"] = path
	}
	raw, err = json.Marshal(fields)
	if err != nil {
		return nil, kind
	}
	return raw, kind
}

// remember keeps the object as it is after the request.
func (p *Preview) remember(c *change) {
	if c.Response == nil || c.Response.Code >= 300 || c.dryRun() || c.operation == policy.Connect {
		return
	}
	switch {
	case c.operation == policy.Delete:
		p.states.forget(c.key)
	case c.answered && c.answer.Kind != "" && c.key.name != "" && (c.whole() || c.scale()):
		p.states.put(c.key, c.ResponseObject)
	case !c.answered && c.Ref.Subresource == "":
		p.states.forget(c.key)
	}
}

// presume makes up a namespace whose labels are not known: the provider's if it has a name of the provider's. Nothing
// that follows from it is certain.
func (p *Preview) presume(name string) *corev1.Namespace {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, ok := p.Profile.NamespaceNamed(name); ok {
		ns.Labels = map[string]string{}
		for _, l := range slices.Concat(p.Profile.Marks.ManagedNamespace, p.Profile.Marks.HidesNamespace) {
			ns.Labels[l.Key] = l.Value
		}
	}
	return ns
}
