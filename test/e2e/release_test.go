// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	release   = "demarc"
	namespace = "demarc-system"
	replicas  = 2
	firstTag  = "e2e"
	nextTag   = "e2e-next"

	customers = "demarc"
	managed   = "demarc-managed"
)

// failing makes the customers' registration fail closed; denying makes demarc refuse.
const (
	failing = "registration.customers.failurePolicy=Fail"
	denying = "configuration.mode=Deny"
)

// helm runs Helm as the customer's local admin.
func helm(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, tools.helm, append(args, "--namespace", namespace)...)
	run.Env = []string{"KUBECONFIG=" + machine.Kubeconfig, "HOME=" + dir}
	output, err := run.CombinedOutput()
	return string(output), errors.Join(err, ctx.Err())
}

func mustHelm(t *testing.T, args ...string) string {
	t.Helper()
	output, err := helm(t.Context(), args...)
	if err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

// chart is Helm's command that installs the chart, or upgrades to it, with exactly these values beside those that all tests
// have in common.
func chart(values ...string) []string {
	args := []string{"upgrade", "--install", release, "../../charts/demarc", "--create-namespace", "--wait", "--timeout=90s",
		"--values=manifests/values.yaml"}
	for _, v := range values {
		args = append(args, "--set="+v)
	}
	return args
}

func upgrade(ctx context.Context, values ...string) (string, error) {
	return helm(ctx, chart(values...)...)
}

func mustUpgrade(t *testing.T, values ...string) time.Duration {
	t.Helper()
	began := time.Now()
	if output, err := upgrade(t.Context(), values...); err != nil {
		t.Fatalf("helm upgrade %s: %v\n%s", strings.Join(values, " "), err, output)
	}
	return time.Since(began)
}

func uninstall(t *testing.T) {
	t.Helper()
	mustHelm(t, "uninstall", release, "--ignore-not-found", "--wait", "--timeout=2m")
	waitFor(t, time.Minute, "demarc's pods end", func() string {
		if left := demarcPods(t.Context()); len(left) > 0 {
			return fmt.Sprintf("%d are left", len(left))
		}
		return ""
	})
}

// installed brings the release to these values, whatever a test before left or edited, and waits until every pod finds all
// well. Failing closed is only ever switched on over pods that answer.
func installed(t *testing.T, values ...string) {
	t.Helper()
	steps := [][]string{values}
	if slices.Contains(values, failing) && !isFailing(t) {
		steps = [][]string{slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == failing }), values}
	}
	for _, step := range steps {
		mustHelm(t, append(chart(step...), "--force-conflicts")...)
		settled(t)
	}
}

func isFailing(t *testing.T) bool {
	t.Helper()
	c, err := admin.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), customers, metav1.GetOptions{})
	return err == nil && len(c.Webhooks) > 0 && *c.Webhooks[0].FailurePolicy == "Fail"
}

// settled waits until as many pods as wanted are there, no other is, all are ready, and each finds both registrations as
// they should be and the canary alive.
func settled(t *testing.T) time.Duration {
	t.Helper()
	nudge(t)
	return waitFor(t, 2*time.Minute, "demarc finds all well", func() string {
		pods := demarcPods(t.Context())
		if len(pods) != replicas {
			return fmt.Sprintf("there are %d pods", len(pods))
		}
		for i := range pods {
			if !isReady(&pods[i]) {
				return pods[i].Name + " is not ready"
			}
			m, err := scrape(t.Context(), pods[i].Status.PodIP)
			if err != nil {
				return err.Error()
			}
			for _, key := range []string{`demarc_registration_intact{registration="demarc"}`, `demarc_registration_intact{registration="demarc-managed"}`,
				`demarc_coverage{namespace="kube-system"}`} {
				if m[key] != 1 {
					return fmt.Sprintf("%s: %s is %v", pods[i].Name, key, m[key])
				}
			}
		}
		return ""
	})
}

// nudge makes the kubelet look at the ConfigMaps of demarc's pods at once. By itself it does so about every minute; only
// the tests that measure that time wait for it.
func nudge(t *testing.T) {
	t.Helper()
	for _, pod := range demarcPods(t.Context()) {
		patch := fmt.Sprintf(`{"metadata":{"annotations":{"e2e.example/nudge":"%d"}}}`, time.Now().UnixNano())
		_, err := admin.CoreV1().Pods(namespace).Patch(t.Context(), pod.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
	}
}

// scaleTo changes the number of replicas and waits until that many are ready.
func scaleTo(t *testing.T, n int) time.Duration {
	t.Helper()
	localAdmin.must(t, "-n", namespace, "scale", "deployment", "demarc", fmt.Sprintf("--replicas=%d", n))
	return waitFor(t, 2*time.Minute, fmt.Sprintf("%d replicas", n), func() string {
		pods := demarcPods(t.Context())
		ready := 0
		for i := range pods {
			if isReady(&pods[i]) {
				ready++
			}
		}
		if len(pods) != n || ready != n {
			return fmt.Sprintf("%d of %d are ready", ready, len(pods))
		}
		return ""
	})
}

// registration is a live registration as JSON, without what only books are kept with.
func registration(t *testing.T, name string) string {
	t.Helper()
	c, err := admin.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.ManagedFields, c.ResourceVersion = nil, ""
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
