// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/pkg/managedfields"
)

// What gitops and the security team apply, in this order; both want the same dnsPolicy.
const (
	appliedByGitOps = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"tracked","labels":{"app":"tracked"},"finalizers":["contoso.example/keep"]},
		"spec":{"replicas":2,"selector":{"matchLabels":{"app":"tracked"}},"template":{"metadata":{"labels":{"app":"tracked"}},"spec":{"dnsPolicy":"ClusterFirst","containers":[
			{"name":"web","image":"web:1","args":["-v"],"ports":[{"containerPort":80},{"containerPort":80,"protocol":"UDP"}]}]}}}}`
	appliedBySecurity = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"tracked","finalizers":["contoso.example/audit"]},
		"spec":{"template":{"spec":{"dnsPolicy":"ClusterFirst","containers":[{"name":"web","securityContext":{"privileged":false}}]}}}}`
)

// TestManagedFields: what a real API server writes down of three managers is read as it was meant.
func TestManagedFields(t *testing.T) {
	client, err := kubernetes.NewForConfig(shared.Config)
	if err != nil {
		t.Fatal(err)
	}
	raw := manyHands(t, client)
	manager := func(name, operation, subresource string, c managedfields.Confidence) managedfields.Change {
		return managedfields.Change{Manager: name, Operation: operation, Subresource: subresource, Confidence: c}
	}
	gitops := func(c managedfields.Confidence) managedfields.Change { return manager("gitops", "Apply", "", c) }
	security := func(c managedfields.Confidence) managedfields.Change { return manager("security", "Apply", "", c) }
	ada := func(c managedfields.Confidence) managedfields.Change { return manager("ada", "Update", "", c) }
	pod := field.NewPath("spec", "template", "spec")
	containers, finalizers := pod.Child("containers"), field.NewPath("metadata", "finalizers")
	for _, c := range []struct {
		path *field.Path
		want managedfields.Change
	}{
		{field.NewPath("metadata", "labels").Key("app"), gitops(managedfields.Exact)},
		{field.NewPath("metadata", "labels").Key("contoso.example/team"), ada(managedfields.Exact)},
		{field.NewPath("metadata", "labels").Key("gone"), ada(managedfields.Near)},
		{finalizers.Index(0), gitops(managedfields.Exact)},
		{finalizers.Index(1), security(managedfields.Exact)},
		{pod.Child("hostPID"), ada(managedfields.Exact)},
		{containers.Index(0), ada(managedfields.Exact)}, // the update put it in front
		{containers.Index(0).Child("image"), ada(managedfields.Exact)},
		{containers.Index(1).Child("image"), gitops(managedfields.Exact)},
		{containers.Index(1).Child("args").Index(0), gitops(managedfields.Near)},
		{containers.Index(1).Child("ports").Index(1), gitops(managedfields.Exact)},
		{containers.Index(1).Child("securityContext", "privileged"), security(managedfields.Exact)},
		{containers.Index(1).Child("securityContext", "readOnlyRootFilesystem"), security(managedfields.Near)},
		{field.NewPath("spec", "selector", "matchLabels").Key("app"), gitops(managedfields.Near)},
		{field.NewPath("spec", "replicas"), manager("scaler", "Update", "scale", managedfields.Exact)},
		{field.NewPath("status", "replicas"), managedfields.Change{}},
	} {
		got, ok := managedfields.Last(raw, c.path)
		if c.want.Confidence == "" {
			if ok {
				t.Errorf("%s: got %+v, want nobody", c.path, got)
			}
			continue
		}
		if !ok {
			t.Errorf("%s: nobody can tell", c.path)
			continue
		}
		if diff := cmp.Diff(c.want, *got, cmpopts.IgnoreFields(managedfields.Change{}, "Time")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.path, diff)
		}
		// The API server writes down no time of what came by the scale subresource.
		if got.Time.IsZero() && got.Subresource != "scale" {
			t.Errorf("%s: no time", c.path)
		}
	}
	// Both applied it in the same second, so that either may count as the later.
	got, ok := managedfields.Last(raw, pod.Child("dnsPolicy"))
	if !ok || got.Confidence != managedfields.Shared || got.Manager != "gitops" && got.Manager != "security" {
		t.Errorf("dnsPolicy: got %+v, %t, want a shared one", got, ok)
	}
}

// manyHands makes a Deployment that two managers applied, one updated and one scaled, and returns it as it is stored.
func manyHands(t *testing.T, client *kubernetes.Clientset) []byte {
	t.Helper()
	ctx := t.Context()
	deployments := client.AppsV1().Deployments("default")
	t.Cleanup(func() {
		ctx := context.WithoutCancel(ctx)
		if err := deployments.Delete(ctx, "tracked", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		// Its finalizers are nobody's.
		const free = `{"metadata":{"finalizers":null}}`
		if _, err := deployments.Patch(ctx, "tracked", types.MergePatchType, []byte(free), metav1.PatchOptions{}); err != nil {
			t.Error(err)
		}
	})
	for _, a := range []struct{ manager, patch string }{{"gitops", appliedByGitOps}, {"security", appliedBySecurity}} {
		if _, err := deployments.Patch(ctx, "tracked", types.ApplyPatchType, []byte(a.patch), metav1.PatchOptions{FieldManager: a.manager}); err != nil {
			t.Fatal(err)
		}
	}
	d, err := deployments.Get(ctx, "tracked", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	edit(d)
	if _, err = deployments.Update(ctx, d, metav1.UpdateOptions{FieldManager: "ada"}); err != nil {
		t.Fatal(err)
	}
	const scale = `{"spec":{"replicas":5}}`
	if _, err := deployments.Patch(ctx, "tracked", types.MergePatchType, []byte(scale), metav1.PatchOptions{FieldManager: "scaler"}, "scale"); err != nil {
		t.Fatal(err)
	}
	raw, err := client.AppsV1().RESTClient().Get().Namespace("default").Resource("deployments").Name("tracked").
		SetHeader("Accept", "application/json").DoRaw(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func edit(d *appsv1.Deployment) {
	d.Labels["contoso.example/team"] = "payments"
	spec := &d.Spec.Template.Spec
	spec.HostPID = true
	spec.Containers = append([]corev1.Container{{Name: "debug", Image: "debug:1"}}, spec.Containers...)
}
