// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/cli/judge"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// tellOwners finds the owners of a disk, by where they are from.
var tellOwners = policy.Rule{
	ID: "tell-owners", Title: "owners", Clauses: []provider.ClauseID{"managed-components"}, Since: "v0.1.0", Default: policy.Audit,
	Match: []policy.Match{policy.On(disks(), policy.Create, policy.Delete)},
	Doc:   policy.Doc{Why: "It shows owners.", Fix: "Leave it."},
	Check: func(in policy.Input) []policy.Finding {
		names := []string{}
		for _, o := range in.Owners {
			names = append(names, o.Meta.Labels["from"]+" "+o.Meta.Namespace+"/"+o.Meta.Name)
		}
		return []policy.Finding{{Path: field.NewPath("spec"), Message: fmt.Sprintf("%q", names)}}
	},
}

func disks() object.Resource {
	r, _ := object.ByKind(schema.GroupKind{Group: "compute.azure.com", Kind: "Disk"})
	return r
}

const disk = `{"apiVersion":"compute.azure.com/v1","kind":"Disk","metadata":{"name":"d"},"spec":{"owner":{"name":"rg"}}}`

func group(from, namespace string) string {
	return fmt.Sprintf(`{"apiVersion":"resources.azure.com/v1","kind":"ResourceGroup","metadata":{"name":"rg","namespace":%q,"labels":{"from":%q}}}`, namespace, from)
}

func documents(docs ...string) []manifest.Document {
	return manifest.Read([]string{manifest.Stdin}, strings.NewReader(strings.Join(docs, "\n---\n"))).Documents
}

func TestOwners(t *testing.T) {
	review := `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"DELETE","namespace":"shop","name":"d",
		"kind":{"group":"compute.azure.com","version":"v1","kind":"Disk"},"resource":{"group":"compute.azure.com","version":"v1","resource":"disks"},
		"userInfo":{"username":"ada"},"oldObject":` + strings.Replace(disk, `"name":"d"`, `"name":"d","namespace":"shop"`, 1) + `}}`
	live := func(azureobject.Reference) (*object.Object, error) {
		return object.Decode([]byte(group("cluster", "shop")), schema.GroupVersionKind{})
	}
	for name, c := range map[string]struct {
		context, documents []string
		owner              func(azureobject.Reference) (*object.Object, error)
		want               []string // messages, or problems
	}{
		"none":      {nil, []string{disk}, nil, []string{`[]`}},
		"elsewhere": {[]string{group("context", "other")}, []string{disk}, nil, []string{`[]`}},
		"context":   {[]string{group("context", "shop")}, []string{group("documents", "shop"), disk}, live, []string{`["context shop/rg"]`}},
		"cluster":   {nil, []string{group("documents", "shop"), disk, disk}, live, []string{`["cluster shop/rg"]`, `["cluster shop/rg"]`}},
		"documents": {nil, []string{disk, group("documents", "")}, nil, []string{`["documents shop/rg"]`}},
		"deletion":  {nil, []string{group("documents", "shop"), review}, nil, []string{`["documents shop/rg"]`}},
		"not there": {nil, []string{group("documents", "shop"), disk}, func(azureobject.Reference) (*object.Object, error) { return nil, nil }, []string{`["documents shop/rg"]`}},
		"nobody answers": {nil, []string{disk}, func(azureobject.Reference) (*object.Object, error) { return nil, errors.New("get rg: timeout") },
			[]string{"get rg: timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := engine.New([]policy.Rule{tellOwners}, provider.AKS(), v1alpha1.Default())
			if err != nil {
				t.Fatal(err)
			}
			asked := 0
			o := judge.Options{Namespace: "shop", Now: time.Unix(0, 0)}
			if c.owner != nil {
				o.Cluster.Owner = func(ref azureobject.Reference) (*object.Object, error) {
					asked++
					return c.owner(ref)
				}
			}
			j, r, docs := judge.New(e, o), &report.Report{Profile: provider.AKS()}, documents(c.documents...)
			j.Learn(r, documents(c.context...))
			j.LearnDocuments(docs)
			for _, d := range docs {
				j.Judge(r, d)
			}
			var got []string
			for _, result := range r.Results {
				for _, v := range result.Verdicts {
					got = append(got, v.Message)
				}
			}
			for _, p := range r.Problems {
				got = append(got, p.Message)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("(-want +got):\n%s", cmp.Diff(c.want, got))
			}
			if asked > 1 || asked > 0 && len(c.context) > 0 {
				t.Errorf("the cluster was asked %d times", asked)
			}
		})
	}
}

// A Node of the context that can't be read is a problem: silence would say that it tells nothing.
func TestMalformedNode(t *testing.T) {
	e, err := engine.New(nil, provider.AKS(), v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	j, r := judge.New(e, judge.Options{NodeFacts: &provider.AKS().Facts}), &report.Report{}
	j.Learn(r, documents(`{"apiVersion":"v1","kind":"Node","metadata":{"name":"n","labels":{"agentpool":"a"}},"spec":{"taints":7}}`))
	if len(r.Problems) != 1 || j.KnowsNodes() {
		t.Errorf("got problems %v, nodes known: %t", r.Problems, j.KnowsNodes())
	}
}
