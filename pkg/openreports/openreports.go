// SPDX-License-Identifier: Apache-2.0

// Package openreports puts the report of an audit into the form of OpenReports (openreports.io/v1alpha1), or of the
// PolicyReports that went before (wgpolicyk8s.io/v1alpha2): objects that a cluster keeps and other programs read. They are
// bounded in number and size.
//
// The fields are those of the custom resource definitions of OpenReports v0.2.1. The older API lacks the report's own
// source, and some of its definitions know no severities but high, medium and low, so it is given no other.
package openreports

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/report"
)

// API is one of the two APIs that reports are written in.
type API struct {
	Group, Version             string
	Kind, Plural               string // of a namespace's reports
	ClusterKind, ClusterPlural string // of those of the cluster
	sourced                    bool   // a report names its source, besides its results
	info                       bool   // info is among the severities
}

// The APIs.
var (
	OpenReports = API{Group: "openreports.io", Version: "v1alpha1", Kind: "Report", Plural: "reports",
		ClusterKind: "ClusterReport", ClusterPlural: "clusterreports", sourced: true, info: true}
	PolicyReports = API{Group: "wgpolicyk8s.io", Version: "v1alpha2", Kind: "PolicyReport", Plural: "policyreports",
		ClusterKind: "ClusterPolicyReport", ClusterPlural: "clusterpolicyreports"}
)

// APIs lists them, the one to be preferred first.
func APIs() []API { return []API{OpenReports, PolicyReports} }

// GroupVersion spells group and version as apiVersion does.
func (a API) GroupVersion() string { return a.Group + "/" + a.Version }

// The marks by which demarc's objects are told from others, and what they say beside their fields.
const (
	Source         = "demarc"
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "demarc"
	// CutAnnotation says how many results are not listed, for want of room.
	CutAnnotation = "demarc.dev/cut"
	// AuditedAnnotation is on the summary: when the audit began.
	AuditedAnnotation = "demarc.dev/audited-at"
	// ClusterAnnotation names the cluster, where a report is of several.
	ClusterAnnotation = "demarc.dev/cluster"
	// ObjectsAnnotation and VersionAnnotation are on the summary: how much was looked at, and of which version the server is.
	ObjectsAnnotation = "demarc.dev/objects"
	VersionAnnotation = "demarc.dev/server-version"
)

// The names of the objects. A further part of a report has its number behind the name.
const (
	SummaryName   = "demarc"         // the cluster's summary
	ClusterName   = "demarc-cluster" // findings on cluster-scoped objects
	NamespaceName = "demarc"         // findings in one namespace
	// MaxParts is how many objects the findings of one namespace may fill.
	MaxParts = 5
)

// Names lists every name that an object of one namespace, or with cluster of the cluster, can have.
func Names(cluster bool) []string {
	if cluster {
		return append([]string{SummaryName}, parts(ClusterName, MaxParts)...)
	}
	return parts(NamespaceName, MaxParts)
}

// Options say in which form and within which bounds. The zero value of a field means its default.
type Options struct {
	// API is OpenReports by default.
	API API
	// MaxResults and MaxBytes bound one object: 1,000 and 1 MiB by default. etcd takes at most 1.5 MiB.
	MaxResults, MaxBytes int
	// MaxTotal bounds the results of all objects together, 20,000 by default. The largest reports give way first.
	MaxTotal int
	// Known are the findings of earlier audits. One that is not among them was first found by this audit.
	Known *Known
	// Owners are put on every object: they go when their owner goes.
	Owners []metav1.OwnerReference
}

func (o *Options) setDefaults() {
	if o.API.Group == "" {
		o.API = OpenReports
	}
	o.MaxResults, o.MaxBytes, o.MaxTotal = cmp.Or(o.MaxResults, 1000), cmp.Or(o.MaxBytes, 1<<20), cmp.Or(o.MaxTotal, 20_000)
}

// Object is one object of either API. It holds what demarc writes, and no more.
type Object struct {
	APIVersion string                  `json:"apiVersion"`
	Kind       string                  `json:"kind"`
	Metadata   Metadata                `json:"metadata"`
	Source     string                  `json:"source,omitempty"`
	Scope      *corev1.ObjectReference `json:"scope,omitempty"`
	Summary    Summary                 `json:"summary"`
	Results    []Result                `json:"results,omitempty"`
}

// Metadata is the part of an object's metadata that demarc writes.
type Metadata struct {
	Name        string                  `json:"name"`
	Namespace   string                  `json:"namespace,omitempty"`
	Labels      map[string]string       `json:"labels,omitempty"`
	Annotations map[string]string       `json:"annotations,omitempty"`
	Owners      []metav1.OwnerReference `json:"ownerReferences,omitempty"`
}

// Summary counts results, those included that are not listed.
type Summary struct {
	Pass  int `json:"pass"`
	Fail  int `json:"fail"`
	Warn  int `json:"warn"`
	Error int `json:"error"`
	Skip  int `json:"skip"`
}

func (s *Summary) add(result string, n int) {
	switch result {
	case pass:
		s.Pass += n
	case fail:
		s.Fail += n
	case warn:
		s.Warn += n
	case failed:
		s.Error += n
	case skip:
		s.Skip += n
	}
}

// Objects turns a report into objects: those of the namespaces by name, those of cluster-scoped objects, and the summary.
// Where the report is of several clusters each has its own, one cluster after the other.
func Objects(r *report.Report, o Options) []Object {
	o.setDefaults()
	var list []Object
	for i := range r.Clusters {
		c := newCluster(r, &r.Clusters[i], o)
		list = append(list, c.objects(len(r.Clusters) > 1)...)
	}
	return list
}

// cluster is one cluster's part of a report.
type cluster struct {
	Options
	*report.Cluster
	report *report.Report
	// results by namespace; those of cluster-scoped objects are under "".
	results map[string][]Result
}

func newCluster(r *report.Report, c *report.Cluster, o Options) *cluster {
	all := &cluster{Options: o, Cluster: c, report: r, results: map[string][]Result{}}
	for i := range r.Results {
		if !all.holds(&r.Results[i]) {
			continue
		}
		if list := all.resultsOf(&r.Results[i]); len(list) > 0 {
			namespace := r.Results[i].Live.Namespace
			all.results[namespace] = append(all.results[namespace], list...)
		}
	}
	for _, list := range all.results {
		slices.SortStableFunc(list, byGravity)
	}
	return all
}

// holds says whether a result is about an object of this cluster.
func (c *cluster) holds(r *report.Result) bool {
	return r.Live != nil && (len(c.report.Clusters) == 1 || r.Live.Cluster == c.Name)
}

func (c *cluster) objects(several bool) []Object {
	room := share(c.results, c.MaxTotal)
	count := map[string]int64{}
	var list []Object
	for _, namespace := range slices.Sorted(maps.Keys(c.results)) {
		list = append(list, c.split(namespace, room, count)...)
	}
	list = append(list, c.summary())
	if several {
		for i := range list {
			list[i].annotate(ClusterAnnotation, c.Name)
		}
	}
	return list
}

// object makes an object without results.
func (c *cluster) object(namespace, name string) Object {
	o := Object{APIVersion: c.API.GroupVersion(), Kind: c.API.ClusterKind, Metadata: Metadata{Name: name, Namespace: namespace,
		Labels: map[string]string{ManagedByLabel: ManagedBy}, Owners: c.Owners}}
	if c.API.sourced {
		o.Source = Source
	}
	if namespace != "" {
		o.Kind, o.Scope = c.API.Kind, &corev1.ObjectReference{APIVersion: "v1", Kind: "Namespace", Name: namespace}
	}
	return o
}

func (o *Object) annotate(key, value string) {
	if o.Metadata.Annotations == nil {
		o.Metadata.Annotations = map[string]string{}
	}
	o.Metadata.Annotations[key] = value
}
