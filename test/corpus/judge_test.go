// SPDX-License-Identifier: Apache-2.0

package corpus_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/review"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// user asks for everything in the corpus: a person of the customer's.
var user = authenticationv1.UserInfo{Username: fixtures.DefaultUser, Groups: []string{"system:authenticated"}}

// facts are those of an ordinary cluster: a system pool that is kept free, and a pool for workloads.
var facts = &policy.ClusterFacts{
	ServerVersion: "v1.34.4",
	Nodes: &policy.NodeFacts{
		ResourceGroups: []policy.ResourceGroup{{Subscription: "3d7c1f5e-0b52-4a5c-9a1e-7f0a4c5d9b21", Name: "MC_shop_shop_westeurope"}},
		Pools: []policy.NodePool{
			{Name: "system", System: true, Dedicated: true, ScaleSets: []string{"aks-system-31415926-vmss"}},
			{Name: "work", ScaleSets: []string{"aks-work-27182818-vmss"}},
		},
	},
}

// judge asks the engine about documents.
type judge struct {
	*engine.Engine
	namespaces map[string]*corev1.Namespace
}

func newJudge(t testing.TB) *judge {
	t.Helper()
	e, err := engine.New(rules.All(), provider.AKS(), v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{Engine: e, namespaces: map[string]*corev1.Namespace{}}
	standard, err := fixtures.Context()
	if err != nil {
		t.Fatal(err)
	}
	own, err := readDocuments(here(), contextFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range standard {
		o, err := object.Decode(raw, schema.GroupVersionKind{})
		if err != nil {
			t.Fatal(err)
		}
		j.learn(o)
	}
	for _, d := range own {
		j.learn(d.Object)
	}
	return j
}

// within is the judge in a cluster where the project's own namespaces are those that it makes: a customer's Calico
// lives in a namespace that on other clusters is AKS's.
func (j *judge) within(p project) *judge {
	own := &judge{Engine: j.Engine, namespaces: map[string]*corev1.Namespace{}}
	for _, d := range p.documents {
		own.learn(d.Object)
	}
	for name, ns := range j.namespaces {
		if own.namespaces[name] == nil {
			own.namespaces[name] = ns
		}
	}
	return own
}

// learn remembers a namespace; the first of a name counts.
func (j *judge) learn(o *object.Object) {
	if _, known := j.namespaces[o.Meta.Name]; o.GVK.Kind == "Namespace" && !known {
		j.namespaces[o.Meta.Name] = &corev1.Namespace{ObjectMeta: *o.Meta}
	}
}

// finding is a verdict on a document that is not dropped.
type finding struct {
	rule policy.ID
	mode policy.Mode
	line string
}

// findings judges a document at rest and as a request, and says of each verdict on which of the two it rests alone.
func (j *judge) findings(d document) ([]finding, error) {
	request, err := j.request(d)
	if err != nil {
		return nil, err
	}
	asked, err := j.ask(d, request)
	if err != nil || d.deleted {
		return asked, err
	}
	resting, err := j.ask(d, j.atRest(d, request.Resource))
	if err != nil {
		return nil, err
	}
	return merge(asked, resting, string(request.Operation)), nil
}

func merge(asked, resting []finding, operation string) []finding {
	both := map[string]bool{}
	for _, f := range resting {
		both[f.line] = false
	}
	var all []finding
	for _, f := range asked {
		if _, ok := both[f.line]; ok {
			both[f.line] = true
		} else {
			f.line += " (only on " + operation + ")"
		}
		all = append(all, f)
	}
	for _, f := range resting {
		if !both[f.line] {
			f.line += " (only at rest)"
			all = append(all, f)
		}
	}
	return all
}

func (j *judge) ask(d document, in policy.Input) ([]finding, error) {
	in.Cluster = facts
	if in.NamespaceName != "" {
		if in.Namespace = j.namespaces[in.NamespaceName]; in.Namespace == nil {
			return nil, fmt.Errorf("namespace %q is not in %s", in.NamespaceName, contextFile)
		}
	}
	decision := j.Evaluate(in, time.Unix(0, 0))
	for _, f := range decision.Faults {
		return nil, fmt.Errorf("fault in %q: %w\n%s", f.Rule, f.Err, f.Stack)
	}
	if decision.Identity != nil {
		return nil, fmt.Errorf("the request is %s's, so no rule ran", decision.Identity.User)
	}
	var found []finding
	for _, v := range decision.Verdicts {
		if v.Mode == policy.Off || v.Exemption != "" {
			continue
		}
		head, rest, _ := strings.Cut(report.Line(v), string(v.Rule.ID)+" ")
		found = append(found, finding{v.Rule.ID, v.Mode, head + string(v.Rule.ID) + " " + d.String() + " " + rest})
	}
	return found, nil
}

// atRest is what `demarc check` makes of a manifest.
func (j *judge) atRest(d document, r object.Resource) policy.Input {
	in := policy.Input{Operation: policy.AtRest, Resource: r, Object: d.Object, Name: d.Meta.Name, RequestKind: d.GVK}
	if r != object.Namespaces {
		in.NamespaceName = d.Meta.Namespace
	}
	return in
}

// request is what the webhook makes of the request that the API server would send.
func (j *judge) request(d document) (policy.Input, error) {
	kind := metav1.GroupVersionKind{Group: d.GVK.Group, Version: d.GVK.Version, Kind: d.GVK.Kind}
	plural, _ := meta.UnsafeGuessKindToResource(d.GVK)
	if r, known := object.ByKind(d.GVK.GroupKind()); known {
		plural.Resource = r.Plural
	}
	resource := metav1.GroupVersionResource{Group: d.GVK.Group, Version: d.GVK.Version, Resource: plural.Resource}
	r := &admissionv1.AdmissionRequest{
		UID: types.UID("00000000-0000-0000-0000-000000000001"), Kind: kind, RequestKind: &kind, Resource: resource,
		RequestResource: &resource, Name: d.Meta.Name, Namespace: d.Meta.Namespace, UserInfo: user,
		Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: d.raw}, OldObject: runtime.RawExtension{Raw: d.old},
	}
	switch {
	case d.deleted:
		r.Operation, r.Object, r.OldObject = admissionv1.Delete, runtime.RawExtension{}, runtime.RawExtension{Raw: d.raw}
	case d.old != nil:
		r.Operation = admissionv1.Update
	}
	raw, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: review.APIVersion, Kind: review.Kind}, Request: r})
	if err != nil {
		return policy.Input{}, err
	}
	request, err := review.Decode(raw)
	if err != nil {
		return policy.Input{}, err
	}
	return request.Input()
}
