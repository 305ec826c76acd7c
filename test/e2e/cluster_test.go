// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/test/cluster"
)

// person is somebody who asks the API server for something.
type person struct {
	user   string
	groups []string
}

var (
	ada        = person{cluster.Tenant, []string{"tenants"}}
	platform   = person{cluster.PlatformAdmin, []string{"platform-admins"}}
	localAdmin = person{}
	provider   = person{cluster.Provider, []string{"system:masters"}}
)

func (p person) client(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	c, err := client(machine.As(p.user, p.groups...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kubectl runs a command as somebody, and returns everything that it prints.
func (p person) kubectl(ctx context.Context, args ...string) (string, error) {
	return p.kubectlWith(ctx, "", args...)
}

// kubectlWith does the same with an input.
func (p person) kubectlWith(ctx context.Context, input string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if p.user != "" {
		args = append(args, "--as="+p.user)
	}
	for _, g := range p.groups {
		args = append(args, "--as-group="+g)
	}
	run := exec.CommandContext(ctx, tools.kubectl, args...)
	run.Stdin = strings.NewReader(input)
	run.Env = []string{"KUBECONFIG=" + machine.Kubeconfig, "HOME=" + dir}
	output, err := run.CombinedOutput()
	return string(output), errors.Join(err, ctx.Err())
}

// must runs a command of kubectl that has to succeed.
func (p person) must(t *testing.T, args ...string) string {
	t.Helper()
	output, err := p.kubectl(t.Context(), args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

// seed makes the cluster look like one of AKS: namespaces, people, components.
func seed(ctx context.Context) error {
	for _, file := range []string{"../cluster/aks/10-namespaces.yaml", "../cluster/aks/20-rbac.yaml", "manifests/components.yaml"} {
		if out, err := provider.kubectl(ctx, "apply", "--server-side", "-f", file); err != nil {
			return fmt.Errorf("%s: %w: %s", file, err, out)
		}
	}
	out, err := provider.kubectl(ctx, "-n", "kube-system", "rollout", "status", "deployment", "coredns", "--timeout=60s")
	if err != nil {
		return fmt.Errorf("wait for coredns: %w: %s", err, out)
	}
	return nil
}

// waitFor asks again and again, and returns how long it took. ok says what is missing yet; empty for nothing.
func waitFor(t *testing.T, limit time.Duration, what string, ok func() string) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		missing := ok()
		if missing == "" {
			return time.Since(began)
		}
		if time.Since(began) > limit {
			t.Fatalf("%s: not within %s: %s", what, limit, missing)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("%s: %v", what, t.Context().Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// seconds spells a time for the results.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil
		}
	}
	return false
}

// showCluster logs what helps to find out why a test failed.
func showCluster(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	pods, _ := localAdmin.kubectl(ctx, "get", "pods", "-A", "-o", "wide")
	t.Logf("pods:\n%s", pods)
	webhooks, _ := localAdmin.kubectl(ctx, "get", "validatingwebhookconfigurations")
	t.Logf("registrations:\n%s", webhooks)
	for _, pod := range demarcPods(ctx) {
		log := podLog(ctx, pod.Name)
		lines := strings.Split(strings.TrimSpace(log), "\n")
		t.Logf("last words of %s (%s, restarts %d):\n%s", pod.Name, pod.Status.Phase, restarts(&pod),
			strings.Join(lines[max(0, len(lines)-60):], "\n"))
	}
	if raw, err := os.ReadFile(machine.LogFile("kube-apiserver")); err == nil {
		var said [][]byte
		for line := range bytes.Lines(raw) {
			if bytes.Contains(line, []byte("demarc")) {
				said = append(said, line)
			}
		}
		t.Logf("the API server of demarc:\n%s", bytes.Join(said[max(0, len(said)-30):], nil))
	}
}

func restarts(p *corev1.Pod) int {
	n := 0
	for _, s := range p.Status.ContainerStatuses {
		n += int(s.RestartCount)
	}
	return n
}

// demarcPods lists the webhook's pods, those that are about to end too.
func demarcPods(ctx context.Context) []corev1.Pod {
	list, err := admin.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=demarc,app.kubernetes.io/component=webhook"})
	if err != nil {
		return nil
	}
	return list.Items
}

func podLog(ctx context.Context, pod string) string {
	raw, err := admin.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(ctx)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
