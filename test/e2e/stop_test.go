// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestStop stops replicas in every way there is, while customers write and every write needs an answer.
func TestStop(t *testing.T) {
	c := begin(t, 6, "Stopped under load: 100 writes a second, failurePolicy Fail")
	installed(t, failing)
	const rate = 100
	for _, way := range []struct {
		what   string
		demand int // how many writes may fail; -1 for as many as it takes
		times  int
		fresh  bool // new pods first: the kubelet waits long before it starts one again that has often ended
		stop   func(*testing.T)
	}{
		{"rolling restart", 0, 2, false, restart},
		{"node drain (eviction of every pod, one after the other)", 0, 1, false, drain},
		{"SIGTERM to one replica's process", 0, 2, false, func(t *testing.T) { signal(t, syscall.SIGTERM) }},
		{"`kill -9` of one replica's process", -1, 4, true, func(t *testing.T) { signal(t, syscall.SIGKILL) }},
	} {
		if way.fresh {
			restart(t)
		}
		before := countCalls(t)
		writes := startLoad(t, rate)
		time.Sleep(2 * time.Second)
		for range way.times {
			way.stop(t)
		}
		time.Sleep(2 * time.Second)
		result := writes.stop(t, rate)
		made := countCalls(t).minus(before)
		what := fmt.Sprintf("%d × %s", way.times, way.what)
		if way.demand < 0 {
			c.note(t, what, "%s; %s", result, made)
			continue
		}
		c.check(t, len(result.failures) <= way.demand, what+": no write fails", "%s; %s", result, made)
	}
}

// restart replaces every pod, and waits until the old ones are gone.
func restart(t *testing.T) {
	t.Helper()
	localAdmin.must(t, "-n", namespace, "rollout", "restart", "deployment", "demarc")
	localAdmin.must(t, "-n", namespace, "rollout", "status", "deployment", "demarc", "--timeout=2m")
	allReady(t)
}

func allReady(t *testing.T) {
	t.Helper()
	waitFor(t, 3*time.Minute, "as many pods as wanted are ready, and no other is there", func() string {
		pods := demarcPods(t.Context())
		if len(pods) != replicas {
			return fmt.Sprintf("there are %d", len(pods))
		}
		for i := range pods {
			if !isReady(&pods[i]) {
				return pods[i].Name + " is not ready"
			}
		}
		return ""
	})
}

// drain evicts every pod as `kubectl drain` does: again and again, for as long as the budget says no.
func drain(t *testing.T) {
	t.Helper()
	for _, pod := range demarcPods(t.Context()) {
		waitFor(t, 2*time.Minute, "eviction of "+pod.Name, func() string {
			err := admin.PolicyV1().Evictions(namespace).Evict(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: namespace}})
			if err != nil && !apierrors.IsNotFound(err) {
				return err.Error()
			}
			return ""
		})
	}
	allReady(t)
}

// signal sends a signal to the process of one replica, and waits until it is ready again.
func signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	// The kubelet waits longer each time before it starts the same container again: the kills are spread.
	pod := slices.MinFunc(demarcPods(t.Context()), func(a, b corev1.Pod) int { return restarts(&a) - restarts(&b) })
	before := restarts(&pod)
	if err := syscall.Kill(pidOf(t, pod.Name), s); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 3*time.Minute, pod.Name+" is ready again", func() string {
		now, err := admin.CoreV1().Pods(namespace).Get(t.Context(), pod.Name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if restarts(now) == before {
			return "it was not restarted"
		}
		if !isReady(now) {
			return "it is not ready"
		}
		return ""
	})
}
