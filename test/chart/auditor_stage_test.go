// SPDX-License-Identifier: Apache-2.0

//go:build integration

package chart

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/auditor"
	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/openreports"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/test/cluster"
)

// auditorAccount is the one that the chart makes, and nobody else here gives it any right.
const auditorAccount = "system:serviceaccount:" + namespace + ":demarc-auditor"

// definitions are OpenReports' own, or the same in the form of the API that went before.
func definitions(t *testing.T, api openreports.API) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	c := exec.Command("go", "mod", "download", "-json", "github.com/openreports/reports-api")
	c.Dir, c.Env, c.Stderr = filepath.Join(root, "test/openreports"), append(os.Environ(), "GOWORK=off"), os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(module.Dir, "config/crd/*.yaml"))
	if err != nil || len(files) != 2 {
		t.Fatalf("got definitions %v, %v", files, err)
	}
	var list []*apiextensionsv1.CustomResourceDefinition
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(raw, d); err != nil {
			t.Fatal(err)
		}
		if api.Group != d.Spec.Group {
			older(d, api)
		}
		list = append(list, d)
	}
	return list
}

// older makes the definition what that of wgpolicyk8s.io/v1alpha2 was at first: without the report's source, which came
// later, and with three severities.
func older(d *apiextensionsv1.CustomResourceDefinition, api openreports.API) {
	kind, plural := api.Kind, api.Plural
	if d.Spec.Scope == apiextensionsv1.ClusterScoped {
		kind, plural = api.ClusterKind, api.ClusterPlural
	}
	d.Name, d.Spec.Group = plural+"."+api.Group, api.Group
	d.Spec.Names = apiextensionsv1.CustomResourceDefinitionNames{Kind: kind, ListKind: kind + "List", Plural: plural, Singular: strings.ToLower(kind)}
	v := &d.Spec.Versions[0]
	v.Name = api.Version
	delete(v.Schema.OpenAPIV3Schema.Properties, "source")
	delete(v.Schema.OpenAPIV3Schema.Properties, "configuration")
	result := v.Schema.OpenAPIV3Schema.Properties["results"].Items.Schema
	severity := result.Properties["severity"]
	severity.Enum = []apiextensionsv1.JSON{{Raw: []byte(`"high"`)}, {Raw: []byte(`"low"`)}, {Raw: []byte(`"medium"`)}}
	result.Properties["severity"] = severity
}

// audits is a cluster with the chart installed, and auditors on it that run as its service account. What they find is
// what the test says.
type audits struct {
	*stage
	objects *dynamic.DynamicClient
	log     string

	mu     sync.Mutex
	report *report.Report
	count  atomic.Int32
	began  map[string]*atomic.Int32 // by replica
}

func newAudits(t *testing.T, apis ...openreports.API) *audits {
	t.Helper()
	log := filepath.Join(t.TempDir(), "audit.log")
	a := &audits{stage: newStageWith(t, cluster.Options{AuditLog: log}), log: log, began: map[string]*atomic.Int32{}}
	a.major = "4"
	for _, api := range apis {
		a.define(api)
	}
	a.helm("", "install", release, directory, "--set-json", askNobody)
	var err error
	if a.objects, err = dynamic.NewForConfig(a.cluster.Config); err != nil {
		t.Fatal(err)
	}
	for name, labels := range map[string]map[string]string{"shop": nil, "payments": nil, "kube-system": {"kubernetes.azure.com/managedby": "aks"}} {
		raw, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name, "labels": labels}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.client.CoreV1().Namespaces().Patch(t.Context(), name, types.ApplyPatchType, raw, metav1.PatchOptions{FieldManager: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func (a *audits) define(api openreports.API) {
	a.Helper()
	if _, err := envtest.InstallCRDs(a.cluster.Config, envtest.CRDInstallOptions{CRDs: definitions(a.T, api)}); err != nil {
		a.Fatal(err)
	}
}

// start runs an auditor until the function that it returns is called.
func (a *audits) start(name string) (metrics *prometheus.Registry, stop func()) {
	a.Helper()
	began, registry := &atomic.Int32{}, prometheus.NewRegistry()
	a.began[name] = began
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- auditor.Run(ctx, catalogue.All(), provider.AKS(), auditor.Options{
			REST: a.cluster.As(auditorAccount), Namespace: namespace, Identity: name, Pause: 10 * time.Millisecond, Events: true,
			Owner: "demarc-auditor-reports", MetricsAddress: "0", ProbeAddress: "0", Registry: registry, Logger: logr.Discard(),
			Audit: func(context.Context, *engine.Engine) (*report.Report, error) {
				a.mu.Lock()
				defer a.mu.Unlock()
				// Each audit begins at another second than the one before, however soon it comes.
				n := a.count.Add(1)
				began.Add(1)
				r := *a.report
				r.Clusters = []report.Cluster{{Name: "in-cluster", Version: "v1.36.3", Started: time.Unix(1_800_000_000+int64(n), 0)}}
				return &r, nil
			},
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			a.Errorf("auditor %s: %v", name, err)
		}
	})
	a.Cleanup(stop)
	return registry, stop
}

// found says what audits find from now on.
func (a *audits) found(list ...report.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report = &report.Report{Results: list}
}

func finding(kind, ns, name string, rules ...policy.ID) report.Result {
	r := report.Result{Live: &report.Live{Cluster: "in-cluster", APIVersion: "apps/v1", Kind: kind, Namespace: ns, Name: name, UID: "uid-" + name}}
	for _, id := range rules {
		r.Verdicts = append(r.Verdicts, report.Verdict{Rule: id, Mode: policy.Warn, Path: "spec", Message: "must not be there", Fix: "take it out",
			Class: provider.Unsupported, Clauses: []provider.ClauseID{"x"}})
	}
	return r
}

// ask asks for an audit as a user would, and waits until it is carried out.
func (a *audits) ask(value string) {
	a.Helper()
	a.kubectl("-n", namespace, "annotate", "configmap", auditor.RequestName, auditor.RequestAnnotation+"="+value, "--overwrite")
	a.until("the audit "+value, func() bool {
		m, err := a.client.CoreV1().ConfigMaps(namespace).Get(a.Context(), auditor.RequestName, metav1.GetOptions{})
		return err == nil && m.Annotations[auditor.AnswerAnnotation] == value
	})
}

func (a *audits) until(what string, holds func() bool) {
	a.Helper()
	for deadline := time.Now().Add(40 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			a.Fatalf("waited in vain for %s", what)
		}
	}
}

// reports returns our reports by namespace/name.
func (a *audits) reports(api openreports.API) map[string]*unstructured.Unstructured {
	a.Helper()
	all := map[string]*unstructured.Unstructured{}
	for _, plural := range []string{api.Plural, api.ClusterPlural} {
		list, err := a.objects.Resource(schema.GroupVersionResource{Group: api.Group, Version: api.Version, Resource: plural}).
			List(a.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by=demarc"})
		if err != nil {
			a.Fatal(err)
		}
		for i := range list.Items {
			o := &list.Items[i]
			all[strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/")] = o
		}
	}
	return all
}

func names(reports map[string]*unstructured.Unstructured) string {
	var list []string
	for name := range reports {
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// events lists the Events that the auditor wrote.
func (a *audits) events() []string {
	a.Helper()
	list, err := a.client.EventsV1().Events("").List(a.Context(), metav1.ListOptions{})
	if err != nil {
		a.Fatal(err)
	}
	var words []string
	for _, e := range list.Items {
		if e.ReportingController == "demarc.dev/auditor" {
			words = append(words, e.Namespace+" "+e.Regarding.Kind+" "+e.Regarding.Name+" "+e.Reason+" "+strings.Split(e.Note, ":")[0])
		}
	}
	slices.Sort(words)
	return words
}
