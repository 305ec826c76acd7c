// SPDX-License-Identifier: Apache-2.0

// Package judge asks the engine about documents in files: manifests as what they would make, AdmissionReviews as the
// requests that they are.
package judge

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/review"
)

// Options say what documents leave open.
type Options struct {
	Namespace     string // of documents that name none
	ServerVersion string // empty if it is not known
	Now           time.Time
	// NodeFacts says how to read Nodes.
	NodeFacts *provider.NodeFacts
	// Cluster is asked for what no document holds.
	Cluster Cluster
}

// Cluster asks a live cluster for single objects. The zero value asks nobody.
type Cluster struct {
	// Parent returns the metadata of the object that a subresource belongs to, Owner an object that another lies in; nil
	// if there is none.
	Parent func(r object.Resource, namespace, name string) (*object.Object, error)
	Owner  func(azureobject.Reference) (*object.Object, error)
}

// Judge asks the engine, and gives it what is known of the cluster around a document.
type Judge struct {
	Options
	engine *engine.Engine
	known  known
	// Pending tells of requests that set the exempting mark, which nobody here can be asked about.
	Pending []string
}

// New returns a judge that knows nothing of the cluster yet.
func New(e *engine.Engine, o Options) *Judge {
	return &Judge{Options: o, engine: e, known: newKnown(o)}
}

// Judge adds what is to be said about a document to the report.
func (j *Judge) Judge(r *report.Report, d manifest.Document) {
	in, err := j.input(d)
	if err != nil {
		j.problems(r, d, err)
		return
	}
	decision := j.engine.Evaluate(in, j.Now)
	if decision.MarkPending() {
		j.Pending = append(j.Pending, fmt.Sprintf(
			"%s: this request sets the exempting mark; whether %s may is the cluster's to say, so it does not count here",
			Place(d.Place), in.User.Username))
	}
	r.Results = append(r.Results, report.NewResult(d.Place.String(), Place(d.Place), report.Subject(in), decision))
}

func (j *Judge) problems(r *report.Report, d manifest.Document, err error) {
	for _, line := range report.ErrorLines(err) {
		r.Problems = append(r.Problems, Problem(manifest.Note{Place: d.Place, Message: line}))
	}
}

func (j *Judge) input(d manifest.Document) (policy.Input, error) {
	in, err := j.request(d)
	if err != nil {
		return in, err
	}
	err = j.Complete(&in)
	return in, err
}

// Complete adds to an input what is known of the cluster around it.
func (j *Judge) Complete(in *policy.Input) (err error) {
	in.Cluster = j.known.cluster()
	if in.NamespaceName != "" {
		in.Namespace = j.known.namespaces[in.NamespaceName]
	}
	if in.Subresource != "" {
		if in.Parent, err = j.parent(*in); err != nil {
			return err
		}
	}
	if o := in.Subject(); o != nil && in.Resource.Presence == object.Installed {
		in.Owners, err = j.owners(o)
	}
	return err
}

func (j *Judge) request(d manifest.Document) (policy.Input, error) {
	if d.GVK.Group == "admission.k8s.io" && d.GVK.Kind == review.Kind {
		request, err := review.Decode(d.Raw)
		if err != nil {
			return policy.Input{}, err
		}
		return request.Input()
	}
	o, err := object.Decode(d.Raw, d.GVK)
	if err != nil {
		return policy.Input{}, err
	}
	return j.atRest(o), nil
}

// atRest is the input for a plain manifest. An unknown kind is namespaced if the manifest names a namespace: nothing
// else tells.
func (j *Judge) atRest(o *object.Object) policy.Input {
	r, known := object.ByKind(o.GVK.GroupKind())
	if !known {
		plural, _ := meta.UnsafeGuessKindToResource(o.GVK)
		r = object.Resource{Group: o.GVK.Group, Version: o.GVK.Version, Kind: o.GVK.Kind, Plural: plural.Resource,
			Namespaced: o.Meta.Namespace != ""}
	}
	j.place(r, o)
	in := policy.Input{Operation: policy.AtRest, Resource: r, Object: o, Name: o.Meta.Name, RequestKind: o.GVK}
	if r.Namespaced {
		in.NamespaceName = o.Meta.Namespace
	}
	return in
}

// place puts an object that names no namespace where it will be made.
func (j *Judge) place(r object.Resource, o *object.Object) {
	if r.Namespaced && o.Meta.Namespace == "" {
		o.Meta.Namespace = j.Namespace
	}
}

// Problem puts a note into the form of a report.
func Problem(n manifest.Note) report.Problem {
	message := n.Message
	if n.Number > 1 || n.Item != "" {
		message = fmt.Sprintf("document %d%s: %s", n.Number, n.Item, message)
	}
	return report.Problem{Place: Place(n.Place), Message: message}
}

// Place puts a place into the form of a report.
func Place(p manifest.Place) report.Place {
	return report.Place{File: p.File, Line: p.Line, Hint: p.Hint}
}
