// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/test/cluster"
)

// subresourceRoutes go by a part of an object that rules about the object do not match.
func subresourceRoutes() []route {
	const system = "kube-system"
	onPod := func(sub, body string) func(*testing.T) {
		return func(t *testing.T) {
			given(t, object.Pods, system)
			patched(t, object.Pods, system, "probe", body, sub)
		}
	}
	created := func(sub string) func(*testing.T) {
		return func(t *testing.T) {
			pod := given(t, object.Pods, system)
			_, err := tenant(t, object.Pods, system).Create(t.Context(), part(pod, sub), metav1.CreateOptions{DryRun: dryRun}, sub)
			must(t, err)
		}
	}
	return []route{
		{"ephemeral-container", "managed-workload-access", onPod("ephemeralcontainers", string(patch("ephemeralcontainers")))},
		{"resize", "managed-component", onPod("resize", string(patch("resize")))},
		{"eviction", "managed-workload-access", created("eviction")},
		{"pod-binding", "managed-workload-access", created("binding")},
		{"scale", "managed-component", func(t *testing.T) {
			given(t, object.Deployments, system)
			patched(t, object.Deployments, system, "probe", `{"spec":{"replicas":0}}`, "scale")
		}},
		{"binding", "managed-workload-access", func(t *testing.T) {
			given(t, object.Pods, system)
			r := object.Bindings
			_, err := tenant(t, r, system).Create(t.Context(), probe(r, system), metav1.CreateOptions{DryRun: dryRun})
			must(t, err)
		}},
		{"node-status", "node-system-metadata", func(t *testing.T) {
			given(t, object.Nodes, "", agentPool)
			patched(t, object.Nodes, "", "probe", `{"metadata":{"labels":{"kubernetes.azure.com/agentpool":"other"}}}`, "status")
		}},
		{"service-status", "wireserver-endpoint", func(t *testing.T) {
			given(t, object.Services, "shop", func(o *unstructured.Unstructured) {
				o.SetLabels(nil)
				must(t, unstructured.SetNestedField(o.Object, "LoadBalancer", "spec", "type"))
			})
			patched(t, object.Services, "shop", "probe", `{"status":{"loadBalancer":{"ingress":[{"ip":"168.63.129.16"}]}}}`, "status")
		}},
		{"namespace-finalize", "namespace-system-metadata", func(t *testing.T) {
			client := tenant(t, object.Namespaces, "")
			live, err := client.Get(t.Context(), system, metav1.GetOptions{})
			must(t, err)
			unstructured.RemoveNestedField(live.Object, "metadata", "labels", "kubernetes.azure.com/managedby")
			_, err = client.Update(t.Context(), live, metav1.UpdateOptions{DryRun: dryRun}, "finalize")
			must(t, err)
		}},
		{"signing-request-approval", "system-identity", func(t *testing.T) {
			live := given(t, object.CertificateSigningRequests, "", forAKSService)
			must(t, unstructured.SetNestedSlice(live.Object, []any{map[string]any{
				"type": "Approved", "status": "True", "reason": "probe"}}, "status", "conditions"))
			_, err := tenant(t, object.CertificateSigningRequests, "").Update(t.Context(), live, metav1.UpdateOptions{DryRun: dryRun}, "approval")
			must(t, err)
		}},
		{"service-account-token", "system-identity", func(t *testing.T) {
			account := given(t, object.ServiceAccounts, system, named("cloud-node-manager"))
			_, err := tenant(t, object.ServiceAccounts, system).Create(t.Context(), part(account, "token"), metav1.CreateOptions{DryRun: dryRun}, "token")
			must(t, err)
		}},
	}
}

// connectRoutes open connections.
func connectRoutes() []route {
	to := func(r object.Resource, namespace, sub string, opts []byte) func(*testing.T) {
		return func(t *testing.T) {
			given(t, r, namespace, func(o *unstructured.Unstructured) { o.SetLabels(nil) })
			must(t, connect(t.Context(), shared.As(cluster.Tenant, "system:authenticated"), r, namespace, "probe", sub, opts))
		}
	}
	var routes []route
	for _, sub := range []string{"exec", "attach", "portforward"} {
		routes = append(routes, route{"pod-" + sub, "managed-workload-access", to(object.Pods, "kube-system", sub, options(sub))})
	}
	return append(routes,
		route{"pod-proxy", "managed-workload-access", to(object.Pods, "kube-system", "proxy", options("proxy"))},
		route{"service-proxy", "managed-workload-access", to(object.Services, "kube-system", "proxy", options("proxy"))},
		route{"node-proxy", "node-access", to(object.Nodes, "", "proxy", []byte(`{"path":"/run/kube-system/coredns/coredns"}`))})
}

// objectRoutes change objects in ways that are easily forgotten.
func objectRoutes() []route {
	const system = "kube-system"
	return []route{
		{"delete-collection", "managed-component", func(t *testing.T) {
			given(t, object.ConfigMaps, system)
			must(t, tenant(t, object.ConfigMaps, system).DeleteCollection(t.Context(), metav1.DeleteOptions{DryRun: dryRun},
				metav1.ListOptions{LabelSelector: "kubernetes.azure.com/managedby=aks"}))
		}},
		{"generate-name", "managed-namespace-workload", func(t *testing.T) {
			o := probe(object.Pods, system)
			o.SetName("")
			o.SetGenerateName("probe-")
			_, err := tenant(t, object.Pods, system).Create(t.Context(), o, metav1.CreateOptions{DryRun: dryRun})
			must(t, err)
		}},
		{"owner-reference", "managed-component", func(t *testing.T) {
			given(t, object.ConfigMaps, system)
			patched(t, object.ConfigMaps, system, "probe",
				`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"bait","uid":"1"}]}}`)
		}},
		{"workload-template", "managed-namespace-workload", func(t *testing.T) {
			_, err := tenant(t, object.Deployments, system).Create(t.Context(), probe(object.Deployments, system),
				metav1.CreateOptions{DryRun: dryRun})
			must(t, err)
		}},
		{"impersonation", "system-identity", func(t *testing.T) {
			o := probe(object.ClusterRoles, "")
			must(t, unstructured.SetNestedSlice(o.Object, []any{map[string]any{"apiGroups": []any{""}, "resources": []any{"users"},
				"verbs": []any{"impersonate"}, "resourceNames": []any{"aksService"}}}, "rules"))
			_, err := tenant(t, object.ClusterRoles, "").Create(t.Context(), o, metav1.CreateOptions{DryRun: dryRun})
			must(t, err)
		}},
		{"server-side-apply-create", "privileged-daemonset", func(t *testing.T) { applied(t, privileged(system)) }},
		{"server-side-apply-update", "privileged-daemonset", func(t *testing.T) {
			o := probe(object.DaemonSets, system)
			given(t, object.DaemonSets, system, unmarked)
			changed := privileged(system)
			changed.SetName(o.GetName())
			applied(t, changed)
		}},
		{"strategic-merge-patch", "privileged-daemonset", func(t *testing.T) {
			given(t, object.DaemonSets, system, unmarked)
			_, err := tenant(t, object.DaemonSets, system).Patch(t.Context(), "probe", types.StrategicMergePatchType,
				[]byte(`{"spec":{"template":{"spec":{"hostPID":true}}}}`), metav1.PatchOptions{DryRun: dryRun})
			must(t, err)
		}},
		{"json-patch", "privileged-daemonset", func(t *testing.T) {
			given(t, object.DaemonSets, system, unmarked)
			_, err := tenant(t, object.DaemonSets, system).Patch(t.Context(), "probe", types.JSONPatchType,
				[]byte(`[{"op":"add","path":"/spec/template/spec/hostPID","value":true}]`), metav1.PatchOptions{DryRun: dryRun})
			must(t, err)
		}},
		{"other-version", "managed-component", func(t *testing.T) {
			given(t, object.HorizontalPodAutoscalers, system)
			older := object.HorizontalPodAutoscalers
			older.Version = "v1"
			patched(t, older, system, "probe", `{"spec":{"maxReplicas":9}}`)
		}},
		{"custom-resource", "node-resource-group", func(t *testing.T) {
			o := parse([]byte(`{"apiVersion":"resources.azure.com/v1","kind":"ResourceGroup","metadata":{"name":"probe","namespace":"shop"},
				"spec":{"azureName":"MC_shop-rg_shop-aks_westeurope","location":"westeurope"}}`))
			r, _ := object.ByKind(o.GroupVersionKind().GroupKind())
			_, err := tenant(t, r, "shop").Create(t.Context(), o, metav1.CreateOptions{DryRun: dryRun})
			must(t, err)
		}},
	}
}

// trickRoutes hide from a webhook what is asked, or where.
func trickRoutes() []route {
	const system = "kube-system"
	return []route{
		{"protobuf", "privileged-daemonset", func(t *testing.T) {
			client := typed(t, func(c *rest.Config) { c.ContentType = "application/vnd.kubernetes.protobuf" })
			_, err := client.AppsV1().DaemonSets(system).Create(t.Context(), daemonSet(nil), metav1.CreateOptions{DryRun: dryRun})
			must(t, err)
		}},
		{"huge-object", "privileged-daemonset", func(t *testing.T) {
			// Escapes make it six times as long on its way to the webhook.
			junk := make([]byte, 200<<10)
			_, err := typed(t, nil).AppsV1().DaemonSets(system).Create(t.Context(), daemonSet(map[string]string{"junk": string(junk)}),
				metav1.CreateOptions{DryRun: dryRun})
			must(t, err)
		}},
		{"namespace-label", "provider-marks", func(t *testing.T) {
			given(t, object.Namespaces, "", unmarked)
			patched(t, object.Namespaces, "", "probe", `{"metadata":{"labels":{"control-plane":"true"}}}`)
		}},
		{"hidden-namespace", "privileged-daemonset", func(t *testing.T) {
			_, err := tenant(t, object.DaemonSets, system).Create(t.Context(), privileged(system), metav1.CreateOptions{DryRun: dryRun})
			must(t, err)
		}},
		{"object-label", "managed-component", func(t *testing.T) {
			given(t, object.ConfigMaps, system)
			patched(t, object.ConfigMaps, system, "probe", `{"metadata":{"labels":{"kubernetes.azure.com/managedby":null}}}`)
		}},
		{"mirror-annotation", "managed-namespace-workload", func(t *testing.T) {
			o := probe(object.Pods, system)
			o.SetAnnotations(map[string]string{"kubernetes.io/config.mirror": "1"})
			must(t, unstructured.SetNestedField(o.Object, "probe", "spec", "nodeName"))
			_, err := tenant(t, object.Pods, system).Create(t.Context(), o, metav1.CreateOptions{DryRun: dryRun})
			must(t, err)
		}},
		{"being-deleted", "managed-component", func(t *testing.T) {
			given(t, object.ConfigMaps, system, func(o *unstructured.Unstructured) { o.SetFinalizers([]string{"example.com/hold"}) })
			provider := objects(t, object.ConfigMaps, system, cluster.Provider, "system:masters")
			must(t, provider.Delete(t.Context(), "probe", metav1.DeleteOptions{}))
			patched(t, object.ConfigMaps, system, "probe", `{"data":{"a":"b"}}`)
			_, err := provider.Patch(t.Context(), "probe", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
			must(t, err)
			_, err = provider.Create(t.Context(), probe(object.ConfigMaps, system), metav1.CreateOptions{}) // what is undone must be there
			must(t, err)
		}},
		{"not-a-dry-run", "managed-component", func(t *testing.T) {
			given(t, object.ConfigMaps, system)
			_, err := tenant(t, object.ConfigMaps, system).Patch(t.Context(), "probe", types.MergePatchType, []byte(`{"data":{"a":"b"}}`),
				metav1.PatchOptions{})
			must(t, err)
		}},
		{"impersonated-customer", "managed-component", func(t *testing.T) {
			given(t, object.ConfigMaps, system)
			client := objects(t, object.ConfigMaps, system, cluster.LocalAdmin, "system:masters")
			_, err := client.Patch(t.Context(), "probe", types.MergePatchType, []byte(`{"data":{"a":"b"}}`), metav1.PatchOptions{DryRun: dryRun})
			must(t, err)
		}},
	}
}

func unmarked(o *unstructured.Unstructured) { o.SetLabels(nil) }

func named(name string) func(*unstructured.Unstructured) {
	return func(o *unstructured.Unstructured) { o.SetName(name) }
}

func agentPool(o *unstructured.Unstructured) {
	o.SetLabels(map[string]string{"kubernetes.azure.com/agentpool": "apps1"})
}

// forAKSService makes a signing request ask for the name of AKS's own control plane.
func forAKSService(o *unstructured.Unstructured) {
	o.SetLabels(nil)
	o.Object["spec"] = map[string]any{"request": requestFor("aksService"), "signerName": "kubernetes.io/kube-apiserver-client",
		"usages": []any{"client auth"}}
}

// privileged is a DaemonSet that nobody may put among AKS's own.
func privileged(namespace string) *unstructured.Unstructured {
	o := probe(object.DaemonSets, namespace)
	if err := unstructured.SetNestedField(o.Object, true, "spec", "template", "spec", "hostPID"); err != nil {
		panic(err)
	}
	return o
}

func applied(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	_, err := tenant(t, object.DaemonSets, o.GetNamespace()).Apply(t.Context(), o.GetName(), o,
		metav1.ApplyOptions{FieldManager: "tenant", Force: true, DryRun: dryRun})
	must(t, err)
}

func typed(t *testing.T, change func(*rest.Config)) kubernetes.Interface {
	t.Helper()
	cfg := rest.CopyConfig(shared.As(cluster.Tenant, "system:authenticated"))
	if change != nil {
		change(cfg)
	}
	client, err := kubernetes.NewForConfig(cfg)
	must(t, err)
	return client
}

func daemonSet(annotations map[string]string) *appsv1.DaemonSet {
	labels := map[string]string{"app": "probe"}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "probe", Namespace: "kube-system", Annotations: annotations},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{HostPID: true, Containers: []corev1.Container{{Name: "a", Image: "a"}}}},
		},
	}
}
