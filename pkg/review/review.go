// SPDX-License-Identifier: Apache-2.0

// Package review reads AdmissionReviews: bytes from the API server, from a file, or from whoever found the port. The
// envelope is read in one pass; objects stay raw until somebody asks.
package review

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The only version of the envelope that is read; v1beta1 responses would skip the API server's checks of uid and kind.
const (
	APIVersion = "admission.k8s.io/v1"
	Kind       = "AdmissionReview"
)

// Request is the request of an AdmissionReview. Its raw parts point into the bytes that it was decoded from.
type Request struct {
	UID             string
	Kind            schema.GroupVersionKind
	Resource        schema.GroupVersionResource
	SubResource     string
	RequestKind     schema.GroupVersionKind
	RequestResource schema.GroupVersionResource
	Name            string
	Namespace       string
	Operation       string
	User            authenticationv1.UserInfo
	Object          []byte
	OldObject       []byte
	DryRun          bool
}

// Decode reads an AdmissionReview from JSON. It is strict where the sender must be the API server: a doubled or
// differently cased member of the envelope, a missing uid or operation, and bytes after the end are errors. The error
// tells nothing of the content but names of members.
func Decode(body []byte) (*Request, error) {
	// Doubled names are checked for the envelope by hand below; within objects the last one wins, as in the API server.
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true))
	d := decoder{Decoder: dec, body: body}
	if err := d.review(); err != nil {
		return nil, fmt.Errorf("read AdmissionReview: %w", err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read AdmissionReview: more follows after the end")
	}
	if err := d.complete(); err != nil {
		return nil, fmt.Errorf("read AdmissionReview: %w", err)
	}
	return &d.request, nil
}

type decoder struct {
	*jsontext.Decoder
	body             []byte
	apiVersion, kind string
	requests         int
	request          Request
}

func (d *decoder) review() error {
	return d.object(func(name string) error {
		switch name {
		case "apiVersion":
			return d.text(&d.apiVersion)
		case "kind":
			return d.text(&d.kind)
		case "request":
			if d.PeekKind() == 'n' {
				return d.SkipValue()
			}
			d.requests++
			return d.object(d.member)
		}
		return d.SkipValue()
	})
}

func (d *decoder) member(name string) error {
	r := &d.request
	switch name {
	case "uid":
		return d.text(&r.UID)
	case "kind":
		return d.gvk(&r.Kind)
	case "requestKind":
		return d.gvk(&r.RequestKind)
	case "resource":
		return d.gvr(&r.Resource)
	case "requestResource":
		return d.gvr(&r.RequestResource)
	case "subResource":
		return d.text(&r.SubResource)
	case "name":
		return d.text(&r.Name)
	case "namespace":
		return d.text(&r.Namespace)
	case "operation":
		return d.text(&r.Operation)
	case "userInfo":
		return json.UnmarshalDecode(d.Decoder, &r.User)
	case "object":
		return d.raw(&r.Object)
	case "oldObject":
		return d.raw(&r.OldObject)
	case "dryRun":
		return json.UnmarshalDecode(d.Decoder, &r.DryRun)
	}
	return d.SkipValue()
}

// object reads the members of a JSON object, each name once.
func (d *decoder) object(member func(name string) error) error {
	open, err := d.ReadToken()
	if err != nil {
		return err
	}
	if open.Kind() != '{' {
		return fmt.Errorf("%q must be an object", d.StackPointer())
	}
	var seen [32]string
	n := 0
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		for _, s := range seen[:min(n, len(seen))] {
			if s == name {
				return fmt.Errorf("member %.64q stands there twice", name)
			}
		}
		if n == len(seen) {
			return errors.New("too many members")
		}
		seen[n] = name
		n++
		if err := member(name); err != nil {
			return err
		}
	}
	_, err = d.ReadToken()
	return err
}

func (d *decoder) text(into *string) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	if k := token.Kind(); k != '"' {
		return fmt.Errorf("%q must be a string", d.StackPointer())
	}
	*into = token.String()
	return nil
}

// raw takes the bytes of a value without copying; null is none.
func (d *decoder) raw(into *[]byte) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	switch value.Kind() {
	case 'n':
		return nil
	case '{':
		// The value itself is only lent until the next read; the body is ours.
		end := int(d.InputOffset())
		*into = d.body[end-len(value) : end : end]
		return nil
	}
	return fmt.Errorf("%q must be an object or null", d.StackPointer())
}

func (d *decoder) gvk(into *schema.GroupVersionKind) error {
	return d.triple("kind", &into.Group, &into.Version, &into.Kind)
}

func (d *decoder) gvr(into *schema.GroupVersionResource) error {
	return d.triple("resource", &into.Group, &into.Version, &into.Resource)
}

func (d *decoder) triple(last string, group, version, third *string) error {
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	return d.object(func(name string) error {
		switch name {
		case "group":
			return d.text(group)
		case "version":
			return d.text(version)
		case last:
			return d.text(third)
		}
		return d.SkipValue()
	})
}

// complete reports everything that a request from the API server would have.
func (d *decoder) complete() error {
	var errs []error
	need := func(ok bool, problem string) {
		if !ok {
			errs = append(errs, errors.New(problem))
		}
	}
	need(d.apiVersion == APIVersion, "apiVersion: must be "+APIVersion)
	need(d.kind == Kind, "kind: must be "+Kind)
	if d.requests == 0 {
		return errors.Join(append(errs, errors.New("request: must be set"))...)
	}
	r := &d.request
	need(r.UID != "", "request.uid: must be set")
	need(r.Kind.Kind != "" && r.Kind.Version != "", "request.kind: must name version and kind")
	need(r.Resource.Resource != "" && r.Resource.Version != "", "request.resource: must name version and resource")
	switch r.Operation {
	case "CREATE", "UPDATE":
		need(r.Object != nil, "request.object: must be set on "+r.Operation)
	case "DELETE", "CONNECT":
	default:
		need(false, "request.operation: must be CREATE, UPDATE, DELETE or CONNECT")
	}
	need(r.Operation != "UPDATE" || r.OldObject != nil, "request.oldObject: must be set on UPDATE")
	return errors.Join(errs...)
}
