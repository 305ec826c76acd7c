// SPDX-License-Identifier: Apache-2.0

//go:build integration

package chart

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/demarc-dev/demarc/pkg/guard"
	"github.com/demarc-dev/demarc/test/certs"
	"github.com/demarc-dev/demarc/test/cluster"
)

// stage is a real API server without nodes, and a Helm that installs on it. What pods would do is done by the test.
type stage struct {
	*testing.T
	cluster    *cluster.Cluster
	client     *kubernetes.Clientset
	kubeconfig string
	major      string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	return newStageWith(t, cluster.Options{})
}

func newStageWith(t *testing.T, o cluster.Options) *stage {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	kubeconfig, err := c.Kubeconfig(cluster.LocalAdmin)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	// The Pod Security Standard is enforced by the API server itself.
	_, err = client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace,
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{t, c, client, kubeconfig, ""}
}

// helm runs Helm on the cluster. want is what it must complain of; nothing if it must succeed.
func (s *stage) helm(want string, args ...string) {
	s.Helper()
	out, err := run(s, s.major, "", []string{"KUBECONFIG=" + s.kubeconfig}, append(args, "--namespace", namespace)...)
	switch {
	case want == "" && err != nil:
		s.Fatalf("%v\n%s", err, out)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		s.Fatalf("helm %v: got %v, want %q", args, err, want)
	}
}

func (s *stage) upgrade(want string, flags ...string) {
	s.Helper()
	s.helm(want, append([]string{"upgrade", release, directory}, flags...)...)
}

const (
	failClosed = "registration.customers.failurePolicy=Fail"
	ignore     = "registration.customers.failurePolicy=Ignore"
	keepValues = "--reset-then-reuse-values"
	// nobody answers here, so nobody is asked.
	askNobody = `registration.extraMatchConditions=[{"name":"ask-nobody","expression":"false"}]`
)

func (s *stage) registration(name string) *admissionregistrationv1.ValidatingWebhookConfiguration {
	s.Helper()
	c, err := s.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(s.Context(), name, metav1.GetOptions{})
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// ready is what the kubelet and demarc would do: pods answer, the CA bundle is published, the Secret is filled.
func (s *stage) ready() {
	s.Helper()
	d, err := s.client.AppsV1().Deployments(namespace).Get(s.Context(), "demarc", metav1.GetOptions{})
	if err != nil {
		s.Fatal(err)
	}
	d.Status.Replicas, d.Status.ReadyReplicas = *d.Spec.Replicas, *d.Spec.Replicas
	if _, err := s.client.AppsV1().Deployments(namespace).UpdateStatus(s.Context(), d, metav1.UpdateOptions{}); err != nil {
		s.Fatal(err)
	}
	for _, name := range []string{"demarc", "demarc-managed"} {
		for i := range s.registration(name).Webhooks {
			patch := fmt.Sprintf(`[{"op":"add","path":"/webhooks/%d/clientConfig/caBundle","value":%q}]`, i, bundle())
			if _, err := s.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Patch(s.Context(), name, types.JSONPatchType,
				[]byte(patch), metav1.PatchOptions{FieldManager: guard.FieldManager}); err != nil {
				s.Fatal(err)
			}
		}
	}
	secret, err := s.client.CoreV1().Secrets(namespace).Get(s.Context(), "demarc-tls", metav1.GetOptions{})
	if err != nil {
		s.Fatal(err)
	}
	secret.Data = map[string][]byte{"ca.key": []byte("key")}
	if _, err := s.client.CoreV1().Secrets(namespace).Update(s.Context(), secret, metav1.UpdateOptions{FieldManager: guard.FieldManager}); err != nil {
		s.Fatal(err)
	}
}

// bundle is a certificate, as PEM, in base64: the API server takes no other.
var bundle = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "demarc-chart-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ca, err := certs.Write(dir, "demarc.demarc-system.svc")
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(ca)
})

// kept checks that what demarc wrote is there still, and the failure policy of the customers' registration.
func (s *stage) kept(policy admissionregistrationv1.FailurePolicyType) {
	s.Helper()
	for _, name := range []string{"demarc", "demarc-managed"} {
		c := s.registration(name)
		for i := range c.Webhooks {
			if len(c.Webhooks[i].ClientConfig.CABundle) == 0 {
				s.Errorf("%s: the CA bundle is gone", c.Webhooks[i].Name)
			}
			want := policy
			if name == "demarc-managed" {
				want = admissionregistrationv1.Ignore
			}
			if got := *c.Webhooks[i].FailurePolicy; got != want {
				s.Errorf("%s: got failurePolicy %s, want %s", c.Webhooks[i].Name, got, want)
			}
		}
		for _, m := range c.ManagedFields {
			if m.Manager != guard.FieldManager && strings.Contains(m.FieldsV1.GetRawString(), "caBundle") {
				s.Errorf("%s: %s owns the CA bundle", name, m.Manager)
			}
		}
	}
	secret, err := s.client.CoreV1().Secrets(namespace).Get(s.Context(), "demarc-tls", metav1.GetOptions{})
	if err != nil {
		s.Fatal(err)
	}
	if string(secret.Data["ca.key"]) != "key" {
		s.Error("what demarc keeps in its Secret is gone")
	}
}

// TestLifecycle goes from the first installation to the last, with both Helms: no conflict with who owns the CA bundle, no
// way to a registration that fails closed over nothing, and nothing left behind.
func TestLifecycle(t *testing.T) {
	s := newStage(t)
	for _, major := range []string{"4", "3"} {
		s.major = major
		t.Log("Helm", major)
		s.helm("no pod is ready", "install", release, directory, "--set", failClosed)
		s.helm("", "install", release, directory, "--set-json", askNobody)
		s.podIsAdmitted()
		s.helm("cannot be imported", "install", "another", directory)
		s.upgrade("no pod is ready", keepValues, "--set", failClosed)
		s.ready()
		s.kept(admissionregistrationv1.Ignore)
		s.upgrade("", keepValues, "--set", "configuration.mode=Deny")
		s.upgrade("", "--reuse-values", "--set", failClosed)
		s.kept(admissionregistrationv1.Fail)
		s.upgrade("the certificates would change", keepValues, "--set", "certificates.source=secret")
		s.upgrade("", keepValues, "--set", "replicas=3")
		s.kept(admissionregistrationv1.Fail)
		s.helm("", "rollback", release, "2")
		s.kept(admissionregistrationv1.Ignore)
		s.emergency()
		s.helm("", "uninstall", release)
		s.nothingLeft()
	}
}

// emergency fails closed over nothing, on purpose. Helm 4 can't mend that: it applies its roles even if nothing about them has
// changed, and the webhook would be asked. The one-liner can, for no webhook is asked about webhook configurations.
func (s *stage) emergency() {
	s.Helper()
	s.upgrade("", keepValues, "--set", failClosed, "--set", "registration.extraMatchConditions=null")
	if s.major == "4" {
		s.upgrade("failed calling webhook", keepValues, "--set", ignore)
	}
	s.kubectl("delete", "validatingwebhookconfigurations", "demarc", "demarc-managed", "--ignore-not-found")
	s.upgrade("holds no CA bundle", keepValues)
	s.upgrade("", keepValues, "--set", ignore, "--set-json", askNobody)
	s.registration("demarc")
	s.registration("demarc-managed")
}

// podIsAdmitted asks the API server, which enforces the Pod Security Standard restricted, for a pod of each Deployment.
func (s *stage) podIsAdmitted() {
	s.Helper()
	for _, name := range []string{"demarc", "demarc-auditor"} {
		d, err := s.client.AppsV1().Deployments(namespace).Get(s.Context(), name, metav1.GetOptions{})
		if err != nil {
			s.Fatal(err)
		}
		pod := &corev1.Pod{ObjectMeta: d.Spec.Template.ObjectMeta, Spec: d.Spec.Template.Spec}
		pod.GenerateName = "demarc-"
		if _, err := s.client.CoreV1().Pods(namespace).Create(s.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
			s.Errorf("a pod of the Deployment %s: %v", name, err)
		}
	}
}

// nothingLeft looks through everything that the API server serves.
func (s *stage) nothingLeft() {
	s.Helper()
	lists, err := s.client.Discovery().ServerPreferredResources()
	if err != nil {
		s.Fatal(err)
	}
	objects, err := dynamic.NewForConfig(s.cluster.Config)
	if err != nil {
		s.Fatal(err)
	}
	for _, l := range lists {
		gv, err := schema.ParseGroupVersion(l.GroupVersion)
		if err != nil {
			s.Fatal(err)
		}
		for _, r := range l.APIResources {
			if !slices.Contains(r.Verbs, "list") || r.Name == "events" {
				continue
			}
			found, err := objects.Resource(gv.WithResource(r.Name)).List(s.Context(), metav1.ListOptions{})
			if err != nil {
				s.Fatalf("list %s: %v", r.Name, err)
			}
			for _, o := range found.Items {
				if strings.Contains(o.GetName(), "demarc") && o.GetName() != namespace || strings.Contains(o.GetName(), "helm.release") {
					s.Errorf("%s %s/%s is left behind", r.Name, o.GetNamespace(), o.GetName())
				}
			}
		}
	}
}
