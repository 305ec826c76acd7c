// SPDX-License-Identifier: Apache-2.0

// Package judge asks the engine about documents in files: manifests as what they would make, AdmissionReviews as the
// requests that they are.
package judge

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/review"
)

// Options say what documents leave open.
type Options struct {
	Namespace     string // of documents that name none
	ServerVersion string // empty if it is not known
	Now           time.Time
}

// Judge asks the engine, and gives it what is known of the cluster around a document.
type Judge struct {
	Options
	engine     *engine.Engine
	cluster    *policy.ClusterFacts
	objects    map[identity]*object.Object
	namespaces map[string]*corev1.Namespace
	// Pending tells of requests that set the exempting mark, which nobody here can be asked about.
	Pending []string
}

// identity names an object in the cluster.
type identity struct {
	schema.GroupKind
	namespace, name string
}

// New returns a judge that knows nothing of the cluster yet.
func New(e *engine.Engine, o Options) *Judge {
	j := &Judge{Options: o, engine: e, objects: map[identity]*object.Object{}, namespaces: map[string]*corev1.Namespace{}}
	if o.ServerVersion != "" {
		j.cluster = &policy.ClusterFacts{ServerVersion: o.ServerVersion}
	}
	return j
}

// Learn remembers what is in the cluster. What is known first counts. Documents that can't be decoded are problems for
// the report.
func (j *Judge) Learn(r *report.Report, documents []manifest.Document) {
	for _, d := range documents {
		o, err := object.Decode(d.Raw, d.GVK)
		if err != nil {
			j.problems(r, d, err)
			continue
		}
		id := identity{o.GVK.GroupKind(), o.Meta.Namespace, o.Meta.Name}
		if _, known := j.objects[id]; !known {
			j.objects[id] = o
		}
		j.learnNamespace(o)
	}
}

// LearnNamespaces remembers the Namespaces among documents that are to be judged: they say what shall be, so they count
// after those that are there. One that can't be decoded is a problem when it is judged.
func (j *Judge) LearnNamespaces(documents []manifest.Document) {
	for _, d := range documents {
		if d.GVK.GroupKind() != object.Namespaces.GroupKind() {
			continue
		}
		if o, err := object.Decode(d.Raw, d.GVK); err == nil {
			j.learnNamespace(o)
		}
	}
}

func (j *Judge) learnNamespace(o *object.Object) {
	if _, known := j.namespaces[o.Meta.Name]; known || o.GVK.GroupKind() != object.Namespaces.GroupKind() {
		return
	}
	j.namespaces[o.Meta.Name] = &corev1.Namespace{ObjectMeta: *o.Meta}
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
	in.Cluster = j.cluster
	if in.NamespaceName != "" {
		in.Namespace = j.namespaces[in.NamespaceName]
	}
	if in.Subresource != "" {
		in.Parent = j.objects[identity{in.Resource.GroupKind(), in.NamespaceName, in.Name}]
	}
	return in, nil
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
	if r.Namespaced && o.Meta.Namespace == "" {
		o.Meta.Namespace = j.Namespace
	}
	in := policy.Input{Operation: policy.AtRest, Resource: r, Object: o, Name: o.Meta.Name, RequestKind: o.GVK}
	if r.Namespaced {
		in.NamespaceName = o.Meta.Namespace
	}
	return in
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
