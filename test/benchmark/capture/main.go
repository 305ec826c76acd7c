// SPDX-License-Identifier: Apache-2.0

// Command capture writes the AdmissionReviews that the benchmarks replay, as a real API server sends them:
//
//	go run ./test/benchmark/capture
//
// They hold a random uid and the time of the day, so they are kept in the repository and not made anew.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/webhook/server"
	"github.com/demarc-dev/demarc/test/certs"
	"github.com/demarc-dev/demarc/test/cluster"
)

const dir = "test/benchmark/testdata"

func main() {
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c, err := cluster.Start(ctx, cluster.Options{})
	if err != nil {
		return err
	}
	defer c.Stop()
	if err := c.Seed(ctx); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return err
	}
	certDir, err := os.MkdirTemp("", "demarc-capture-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(certDir)
	caught, err := record(ctx, client, certDir)
	if err != nil {
		return err
	}
	user, err := kubernetes.NewForConfig(c.As(cluster.Tenant, "tenants"))
	if err != nil {
		return err
	}
	t := taker{client: user, caught: caught}
	return t.takeAll(ctx)
}

// record registers a webhook that allows everything and hands on what it was sent.
func record(ctx context.Context, client kubernetes.Interface, certDir string) (<-chan []byte, error) {
	ca, err := certs.Write(certDir, "127.0.0.1")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv, err := server.New(server.Options{Listener: listener, CertDir: certDir, DrainDelay: time.Millisecond,
		Metrics: prometheus.NewRegistry()})
	if err != nil {
		return nil, err
	}
	caught := make(chan []byte, 1)
	srv.Handle("/validate", server.HandlerFunc(func(_ context.Context, body, _ []byte) ([]byte, error) {
		select {
		case caught <- append([]byte{}, body...):
		default:
		}
		// The failure policy lets the request pass: what was to be seen of it is seen.
		return nil, &server.Error{Code: http.StatusInternalServerError, Reason: "captured"}
	}))
	go func() { _ = srv.Start(ctx) }()
	for srv.ReadyChecker()(nil) != nil {
		time.Sleep(10 * time.Millisecond)
	}
	return caught, register(ctx, client, "https://127.0.0.1:"+strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)+"/validate", ca)
}

func register(ctx context.Context, client kubernetes.Interface, url string, ca []byte) error {
	rule := func(group, resource string) admissionregistrationv1.RuleWithOperations {
		return admissionregistrationv1.RuleWithOperations{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{group}, APIVersions: []string{"v1"}, Resources: []string{resource}}}
	}
	_, err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(ctx,
		&admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "capture"},
			Webhooks: []admissionregistrationv1.ValidatingWebhook{{
				Name: "capture.demarc.dev", ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: ca},
				Rules:         []admissionregistrationv1.RuleWithOperations{rule("apps", "daemonsets"), rule("", "configmaps"), rule("", "pods")},
				FailurePolicy: new(admissionregistrationv1.Ignore), SideEffects: new(admissionregistrationv1.SideEffectClassNone),
				TimeoutSeconds: new(int32(3)), AdmissionReviewVersions: []string{"v1"},
			}}}, metav1.CreateOptions{})
	return err
}

// taker makes requests and keeps the reviews that they cause.
type taker struct {
	client kubernetes.Interface
	caught <-chan []byte
}

func (t taker) takeAll(ctx context.Context) error {
	set, config, pod := &appsv1.DaemonSet{}, &corev1.ConfigMap{}, &corev1.Pod{}
	if err := read("daemonset.yaml", set); err != nil {
		return err
	}
	if err := read("configmap.yaml", config); err != nil {
		return err
	}
	if err := read("pod.yaml", pod); err != nil {
		return err
	}
	sets := t.client.AppsV1().DaemonSets(set.Namespace)
	create := func(dryRun ...string) func() error {
		return func() error {
			_, err := sets.Create(ctx, set, metav1.CreateOptions{DryRun: dryRun})
			return err
		}
	}
	if err := t.take("daemonset-review.json", create("All")); err != nil {
		return err
	}
	if err := t.take("", create()); err != nil {
		return err
	}
	updated := set.DeepCopy()
	updated.Spec.Template.Spec.Containers[0].Image = "registry.contoso.example/observability/shipper:3.3.0"
	return firstError(
		func() error {
			return t.take("daemonset-update-review.json", func() error {
				_, err := sets.Update(ctx, updated, metav1.UpdateOptions{DryRun: []string{"All"}})
				return err
			})
		},
		func() error {
			return t.take("configmap-review.json", func() error {
				_, err := t.client.CoreV1().ConfigMaps(config.Namespace).Create(ctx, config, metav1.CreateOptions{DryRun: []string{"All"}})
				return err
			})
		},
		func() error {
			return t.take("pod-review.json", func() error {
				_, err := t.client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{"All"}})
				return err
			})
		},
		func() error {
			denied := privileged(set)
			return t.take("daemonset-denied-review.json", func() error {
				_, err := t.client.AppsV1().DaemonSets(denied.Namespace).Create(ctx, denied, metav1.CreateOptions{DryRun: []string{"All"}})
				return err
			})
		},
	)
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// privileged is the same DaemonSet in the provider's namespace, with a hold on its nodes.
func privileged(set *appsv1.DaemonSet) *appsv1.DaemonSet {
	set = set.DeepCopy()
	set.Namespace = "kube-system"
	pod := &set.Spec.Template.Spec
	pod.Containers[1].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: "logs", VolumeSource: corev1.VolumeSource{
		HostPath: &corev1.HostPathVolumeSource{Path: "/var/log"}}})
	pod.Containers[1].VolumeMounts = []corev1.VolumeMount{{Name: "logs", MountPath: "/var/log"}}
	return set
}

// take asks until the review arrives, because the API server learns of the registration by a watch.
func (t taker) take(file string, ask func() error) error {
	for range 100 {
		select {
		case <-t.caught:
		default:
		}
		if err := ask(); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		select {
		case review := <-t.caught:
			if file == "" {
				return nil
			}
			fmt.Printf("%s: %d bytes\n", file, len(review))
			return os.WriteFile(filepath.Join(dir, file), append(review, '\n'), 0o644)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s: the API server did not ask", file)
}

func read(file string, into any) error {
	raw, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	return yaml.UnmarshalStrict(raw, into)
}
