// SPDX-License-Identifier: Apache-2.0

// Package sample makes reports to look at and to test with: the fixtures and the corpus as if they stood in clusters, as
// the engine judges them.
package sample

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// Now is when the samples are made.
var Now = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// versionRule stands for the rules about a cluster as it stands.
var versionRule = policy.Rule{
	ID: "kubernetes-version", Title: "version of Kubernetes out of support", Since: "v0.1.0", Default: policy.Warn,
	Clauses: []provider.ClauseID{"kubernetes-versions"},
	Doc: policy.Doc{
		Why: "AKS supports the three latest minor versions. On an older one Microsoft asks you to upgrade before anything else.",
		Fix: "Upgrade the control plane, then each node pool: `az aks upgrade --control-plane-only --kubernetes-version <version>`.",
	},
	Survey: func(s policy.State) []policy.Sighting {
		if s.Cluster.ServerVersion >= "v1.33" {
			return nil
		}
		return []policy.Sighting{{Finding: policy.Finding{
			Message: "must be 1.33 or newer: support of " + s.Cluster.ServerVersion + " ended on 30 June 2026",
			Fix:     "run az aks upgrade -g <group> -n <cluster> --kubernetes-version 1.33.6"}}}
	},
}

func configuration() *v1alpha1.Configuration {
	cfg := v1alpha1.Default()
	past := metav1.NewTime(Now.AddDate(0, -2, 0))
	cfg.Exemptions = []v1alpha1.Exemption{
		{Name: "observability-agents", Reason: "they read the nodes' files", Rules: []policy.ID{"node-host-files", "privileged-daemonset"},
			Match: v1alpha1.Match{Namespaces: []string{"monitoring", "logging", "datadog", "falco", "payments"}}},
		{Name: "migration-until-september", Reason: "moving out of kube-system", Rules: []policy.ID{"privileged-daemonset"}, Expires: &past,
			Match: v1alpha1.Match{Namespaces: []string{"kube-system"}}},
	}
	return cfg
}

func newEngine() (*engine.Engine, error) {
	return engine.New(append(rules.All(), versionRule), provider.AKS(), configuration())
}

// Cluster is the report of one cluster: the fixtures that hold an object at rest, and the corpus if its folder is given.
func Cluster(name, version, corpus string) (*report.Report, error) {
	e, err := newEngine()
	if err != nil {
		return nil, err
	}
	inputs, err := inputs(corpus)
	if err != nil {
		return nil, err
	}
	r := &report.Report{Profile: provider.AKS()}
	kinds := map[string]int{}
	for i, in := range inputs {
		kinds[in.Resource.GroupResource().String()] += 1 + i%7
		d := e.Evaluate(in, Now)
		if len(d.Verdicts)+len(d.Faults)+len(d.Skipped) > 0 {
			r.Results = append(r.Results, liveResult(name, in, d, i))
		}
	}
	for _, s := range e.Survey(policy.State{Now: Now, Cluster: policy.ClusterFacts{ServerVersion: version}}, nil) {
		result := report.NewResult("", report.Place{}, "the cluster itself", s.Decision)
		result.Live = &report.Live{Cluster: name}
		r.Results = append(r.Results, result)
	}
	r.Clusters = []report.Cluster{{Name: name, Version: version, Started: Now.Add(-3 * time.Minute), Seconds: 12.3}}
	for k, n := range kinds {
		r.Clusters[0].Kinds = append(r.Clusters[0].Kinds, report.Kind{Resource: k, Objects: n})
	}
	slices.SortFunc(r.Clusters[0].Kinds, func(a, b report.Kind) int { return cmp.Compare(a.Resource, b.Resource) })
	r.Clusters[0].Unread = []report.Unread{
		{What: "resourcegroups.resources.azure.com", Why: "forbidden: User \"auditor\" cannot list resource \"resourcegroups\" at the cluster scope",
			Rules: []policy.ID{"node-resource-group"}},
		{What: "the API server's metrics", Why: "forbidden: User \"auditor\" cannot get path \"/metrics\"", Rules: []policy.ID{"alpha-features-observed"}},
	}
	return r, nil
}

// liveResult is a result about an object as if it stood in a cluster.
func liveResult(cluster string, in policy.Input, d engine.Decision, i int) report.Result {
	r := report.NewResult("", report.Place{}, report.Subject(in), d)
	r.Live = &report.Live{Cluster: cluster, APIVersion: in.Object.GVK.GroupVersion().String(), Kind: in.Object.GVK.Kind,
		Namespace: in.NamespaceName, Name: cmp.Or(in.Name, in.Object.Meta.GenerateName)}
	if r.Live.Kind == "Pod" && i%2 == 0 {
		r.Live.Owner, r.Live.Same = fmt.Sprintf("Deployment %s/%s", r.Live.Namespace, r.Live.Name), i%5
	}
	changes := []*report.Change{
		{Manager: "kubectl-client-side-apply", Operation: "Update", Confidence: report.Exact},
		{Manager: "argocd-controller", Operation: "Apply", Confidence: report.Exact},
		{Manager: "helm", Operation: "Update", Confidence: report.Near},
		{Manager: "kustomize-controller", Operation: "Apply", Confidence: report.Shared},
		nil,
	}
	for j := range r.Verdicts {
		c := changes[(i+j)%len(changes)]
		if c == nil || r.Verdicts[j].Path == "" {
			continue
		}
		at := *c
		at.Time = Now.Add(-time.Duration((i*611+j)%4300) * time.Hour / 24 * 11)
		r.Verdicts[j].Change = &at
	}
	return r
}

// inputs are objects at rest.
func inputs(corpus string) ([]policy.Input, error) {
	cases, err := fixtures.Load()
	if err != nil {
		return nil, err
	}
	var list []policy.Input
	for _, c := range cases {
		if c.Dir != fixtures.Fail || c.Request.Subresource != "" {
			continue
		}
		in, err := c.Input()
		if err != nil {
			return nil, err
		}
		if in.Object != nil {
			list = append(list, atRest(in))
		}
	}
	if corpus == "" {
		return list, nil
	}
	more, err := corpusInputs(corpus, list[0].Cluster)
	return append(list, more...), err
}

func atRest(in policy.Input) policy.Input {
	in.Operation, in.Old, in.User = policy.AtRest, nil, nil
	return in
}

func corpusInputs(folder string, facts *policy.ClusterFacts) ([]policy.Input, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.yaml"))
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f string) bool {
		return strings.HasSuffix(f, ".old.yaml") || strings.HasSuffix(f, ".deleted.yaml")
	})
	var list []policy.Input
	for _, d := range manifest.Read(files, strings.NewReader("")).Documents {
		o, err := object.Decode(d.Raw, d.GVK)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Place, err)
		}
		r, known := object.ByKind(o.GVK.GroupKind())
		if !known {
			r = object.Resource{Group: o.GVK.Group, Version: o.GVK.Version, Kind: o.GVK.Kind, Namespaced: o.Meta.Namespace != ""}
		}
		list = append(list, policy.Input{Resource: r, Object: o, Name: o.Meta.Name, NamespaceName: o.Meta.Namespace, Cluster: facts,
			RequestKind: o.GVK})
	}
	return list, nil
}

// Fleet is the report of several clusters, each with a part of what one has.
func Fleet(corpus string) (*report.Report, error) {
	whole := &report.Report{Profile: provider.AKS()}
	for i, c := range [][2]string{{"prod-westeurope", "v1.34.4"}, {"prod-northeurope", "v1.34.4"}, {"staging", "v1.31.9"}} {
		r, err := Cluster(c[0], c[1], corpus)
		if err != nil {
			return nil, err
		}
		for j, result := range r.Results {
			if j%3 >= i || result.Live.Name == "" {
				whole.Results = append(whole.Results, result)
			}
		}
		if i == 1 {
			r.Clusters[0].Unread = nil
		}
		whole.Clusters = append(whole.Clusters, r.Clusters...)
	}
	return whole, nil
}

// Large is a report of a cluster with at least n findings.
func Large(n int) (*report.Report, error) {
	r, err := Cluster("large", "v1.34.4", "")
	if err != nil {
		return nil, err
	}
	var all []report.Result
	for copied, found := 0, 0; found < n; copied++ {
		for _, result := range r.Results {
			if found >= n {
				break
			}
			live := *result.Live
			if live.Name != "" {
				live.Namespace, live.Name = fmt.Sprintf("team-%d", copied%23), fmt.Sprintf("%s-%d", live.Name, copied)
			}
			result.Live = &live
			found += len(result.Verdicts)
			all = append(all, result)
		}
	}
	r.Results = all
	return r, nil
}

// Files is a report of files: fixtures as they stand, one that could not be read, and no cluster.
func Files() (*report.Report, error) {
	e, err := newEngine()
	if err != nil {
		return nil, err
	}
	cases, err := fixtures.Load()
	if err != nil {
		return nil, err
	}
	r := &report.Report{Profile: provider.AKS()}
	for i, c := range cases {
		if i%4 != 0 {
			continue
		}
		in, err := c.Input()
		if err != nil {
			return nil, err
		}
		place := report.Place{File: c.Path(".yaml"), Line: 1 + i%40}
		r.Results = append(r.Results, report.NewResult(place.String(), place, report.Subject(in), e.Evaluate(in, Now)))
	}
	r.Problems = []report.Problem{{Place: report.Place{File: "values.yaml", Line: 3}, Message: "did not find expected key"}}
	return r, nil
}
