// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/cluster"
)

// Every match of every rule must exist on a real server: a rule that is registered for nothing never fires, and an
// end-to-end test that only looks for "forbidden" would not notice.
func TestEveryMatchExists(t *testing.T) {
	client, err := discovery.NewDiscoveryClientForConfig(shared.Config)
	if err != nil {
		t.Fatal(err)
	}
	_, served, err := client.ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range registration.Unreachable(rules.All(), served) {
		t.Error(problem)
	}
}

// audit refuses nothing, so that every request goes through.
func audit() *v1alpha1.Configuration {
	cfg := v1alpha1.Default()
	cfg.Mode = policy.Audit
	return cfg
}

// Every line of both registrations must be called: in a customer's namespace by the first, in a managed one by the
// second.
func TestEveryLineIsCalled(t *testing.T) {
	i := install(t, audit())
	for _, c := range registration.Build(rules.All(), provider.AKS(), registration.Options{}) {
		path, namespace := registration.CustomersPath, "shop"
		if c.Name == registration.Managed {
			path, namespace = registration.ManagedPath, "kube-system"
		}
		for _, r := range c.Webhooks[0].Rules {
			for _, resource := range r.Resources {
				for _, op := range r.Operations {
					t.Run(strings.Join([]string{c.Name, r.APIGroups[0], resource, string(op)}, " "), func(t *testing.T) {
						i.drain()
						plural, sub, _ := strings.Cut(resource, "/")
						known, ok := object.ByName(schema.GroupResource{Group: r.APIGroups[0], Resource: plural})
						if !ok {
							t.Fatalf("no such resource in the catalogue: %s", resource)
						}
						if known.Presence == object.Alpha {
							return // this server does not serve it
						}
						provoke(t, known, sub, policy.Operation(op), namespaceFor(known, namespace))
						calledOnce(t, i.drain(), path, known, sub, string(op))
					})
				}
			}
		}
	}
}

func namespaceFor(r object.Resource, namespace string) string {
	if !r.Namespaced {
		return ""
	}
	return namespace
}

func calledOnce(t *testing.T, all []seen, path string, r object.Resource, sub, op string) {
	t.Helper()
	var paths []string
	for _, s := range all {
		if s.request.Resource.Resource == r.Plural && s.request.SubResource == sub && s.request.Operation == op {
			paths = append(paths, s.path)
		}
	}
	// A Namespace is in the territory of its own labels: the probes are a customer's, so the first registration gets it.
	if r == object.Namespaces {
		path = registration.CustomersPath
	}
	if !slices.Equal(paths, []string{path}) {
		t.Errorf("got calls to %q, want one to %s; seen: %s", paths, path, spell(all))
	}
}

func spell(all []seen) string {
	var list []string
	for _, s := range all {
		list = append(list, fmt.Sprintf("%s %s/%s %s", s.path, s.request.Resource.Resource, s.request.SubResource, s.request.Operation))
	}
	return strings.Join(list, ", ")
}

// provoke makes a request of that sort as the tenant. What it leans on is made as the provider, whom nobody judges.
func provoke(t *testing.T, r object.Resource, sub string, op policy.Operation, namespace string) {
	t.Helper()
	o := probe(r, namespace)
	tenant := objects(t, r, namespace, cluster.Tenant, "system:authenticated")
	dry := []string{metav1.DryRunAll}
	if op == policy.Create && sub == "" {
		if known, ok := soleCreations[r.Plural]; ok {
			defer known(t, namespace)()
		}
		if _, err := tenant.Create(t.Context(), o, metav1.CreateOptions{DryRun: dry}); err != nil {
			t.Fatal(err)
		}
		return
	}
	provider := objects(t, r, namespace, cluster.Provider, "system:masters")
	undo, err := create(t.Context(), provider, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := undo(); err != nil {
			t.Error(err)
		}
	}()
	switch op {
	case policy.Create:
		_, err = tenant.Create(t.Context(), part(o, sub), metav1.CreateOptions{DryRun: dry}, sub)
	case policy.Connect:
		err = connect(t.Context(), shared.As(cluster.Tenant, "system:authenticated"), r, namespace, o.GetName(), sub, options(sub))
	case policy.Update:
		_, err = tenant.Patch(t.Context(), o.GetName(), patchType(sub), patch(sub), metav1.PatchOptions{DryRun: dry}, nonEmpty(sub)...)
	case policy.Delete:
		err = tenant.Delete(t.Context(), o.GetName(), metav1.DeleteOptions{DryRun: dry})
	default:
		t.Fatalf("no probe for %s of %s/%s", op, r.Plural, sub)
	}
	if sub == "finalize" {
		err = finalize(t, tenant, o) // it can't be patched
	}
	if err != nil {
		t.Fatal(err)
	}
}

// soleCreations make what a resource that can only be created leans on: a Binding binds a pod that is there.
var soleCreations = map[string]func(t *testing.T, namespace string) (undo func()){
	"bindings": func(t *testing.T, namespace string) func() {
		undo, err := create(t.Context(), objects(t, object.Pods, namespace, cluster.Provider, "system:masters"), probe(object.Pods, namespace))
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := undo(); err != nil {
				t.Error(err)
			}
		}
	},
}

// part is what is created at a subresource of an object.
func part(of *unstructured.Unstructured, sub string) *unstructured.Unstructured {
	head := map[string]string{
		"eviction": `"apiVersion":"policy/v1","kind":"Eviction"`,
		"binding":  `"apiVersion":"v1","kind":"Binding","target":{"kind":"Node","name":"probe"}`,
		"token":    `"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"audiences":["a"]}`,
	}[sub]
	meta, _ := json.Marshal(map[string]string{"name": of.GetName(), "namespace": of.GetNamespace()})
	return parse([]byte(fmt.Sprintf(`{%s,"metadata":%s}`, head, meta)))
}

// options are those of a connection.
func options(sub string) []byte {
	return map[string][]byte{
		"exec":        []byte(`{"command":["true"],"stdout":true}`),
		"attach":      []byte(`{"stdout":true}`),
		"portforward": []byte(`{"ports":[80]}`),
		"proxy":       []byte(`{"path":"/metrics"}`),
	}[sub]
}

func finalize(t *testing.T, client dynamic.ResourceInterface, o *unstructured.Unstructured) error {
	live, err := client.Get(t.Context(), o.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	_, err = client.Update(t.Context(), live, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}}, "finalize")
	return err
}

func objects(t *testing.T, r object.Resource, namespace, user string, groups ...string) dynamic.ResourceInterface {
	t.Helper()
	client, err := dynamic.NewForConfig(shared.As(user, groups...))
	if err != nil {
		t.Fatal(err)
	}
	return client.Resource(gvr(r)).Namespace(namespace)
}

func nonEmpty(sub string) []string {
	if sub == "" {
		return nil
	}
	return []string{sub}
}

func patchType(sub string) types.PatchType {
	if sub == "ephemeralcontainers" || sub == "resize" {
		return types.StrategicMergePatchType
	}
	return types.MergePatchType
}

func patch(sub string) []byte {
	switch sub {
	case "scale":
		return []byte(`{"spec":{"replicas":3}}`)
	case "resize":
		return []byte(`{"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"2m"}}}]}}`)
	case "ephemeralcontainers":
		return []byte(`{"spec":{"ephemeralContainers":[{"name":"debug","image":"a"}]}}`)
	}
	return []byte(`{"metadata":{"annotations":{"probe":"yes"}}}`)
}

// signingRequest asks for a certificate of a signer that nobody runs.
var signingRequest = `{"request":"` + requestFor("probe") + `","signerName":"example.com/probe","usages":["client auth"]}`

// requestFor is a certificate request for a user, as a CertificateSigningRequest carries it.
func requestFor(user string) string {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: user}}, key)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// probe is a small valid object of a resource.
func probe(r object.Resource, namespace string) *unstructured.Unstructured {
	const pod = `{"containers":[{"name":"a","image":"a","resources":{"requests":{"cpu":"1m"}}}]}`
	const template = `{"metadata":{"labels":{"app":"probe"}},"spec":` + pod + `}`
	const oncePod = `{"containers":[{"name":"a","image":"a"}],"restartPolicy":"Never"}`
	body := map[string]string{
		"Pod":                       `"spec":` + pod,
		"PodTemplate":               `"template":` + template,
		"ReplicationController":     `"spec":{"selector":{"app":"probe"},"template":` + template + `}`,
		"Deployment":                `"spec":{"selector":{"matchLabels":{"app":"probe"}},"template":` + template + `}`,
		"DaemonSet":                 `"spec":{"selector":{"matchLabels":{"app":"probe"}},"template":` + template + `}`,
		"StatefulSet":               `"spec":{"serviceName":"probe","selector":{"matchLabels":{"app":"probe"}},"template":` + template + `}`,
		"ReplicaSet":                `"spec":{"selector":{"matchLabels":{"app":"probe"}},"template":` + template + `}`,
		"Job":                       `"spec":{"template":{"spec":` + oncePod + `}}`,
		"CronJob":                   `"spec":{"schedule":"@daily","jobTemplate":{"spec":{"template":{"spec":` + oncePod + `}}}}`,
		"Service":                   `"spec":{"ports":[{"port":80}]}`,
		"HorizontalPodAutoscaler":   `"spec":{"maxReplicas":2,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"probe"}}`,
		"PodDisruptionBudget":       `"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"probe"}}}`,
		"Binding":                   `"target":{"kind":"Node","name":"probe"}`,
		"EndpointSlice":             `"addressType":"IPv4","endpoints":[]`,
		"IngressClass":              `"spec":{"controller":"example.com/probe"}`,
		"CertificateSigningRequest": `"spec":` + signingRequest,
		"RoleBinding":               `"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"probe"}`,
		"ClusterRoleBinding":        `"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"probe"}`,
		"StorageClass":              `"provisioner":"example.com/probe"`,
		"CustomResourceDefinition":  `"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"probes","singular":"probe","kind":"Probe","listKind":"ProbeList"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}`,
		"APIService":                `"spec":{"group":"example.org","version":"v1","groupPriorityMinimum":100,"versionPriority":100,"service":{"name":"probe","namespace":"shop"},"insecureSkipTLSVerify":true}`,
	}[r.Kind]
	name := map[string]string{"CustomResourceDefinition": "probes.example.com", "APIService": "v1.example.org"}[r.Kind]
	if name == "" {
		name = "probe"
	}
	meta, _ := json.Marshal(map[string]string{"name": name, "namespace": namespace})
	if body != "" {
		body = "," + body
	}
	return parse([]byte(fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":%s%s}`, gvr(r).GroupVersion(), r.Kind, meta, body)))
}
