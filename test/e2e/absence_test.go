// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/test/node"
)

// TestNoReplica takes every replica away, and looks whether the cluster works and heals.
func TestNoReplica(t *testing.T) {
	for _, way := range []struct {
		name   string
		number int
		values []string
	}{
		{"Ignore", 4, nil},
		{"Fail", 5, []string{failing}},
	} {
		t.Run(way.name, func(t *testing.T) {
			c := begin(t, way.number, "With no replica running, failurePolicy "+way.name+" for customers")
			installed(t, way.values...)
			scaleTo(t, 0)
			output, err := write(t)
			if way.name == "Ignore" {
				c.check(t, err == nil, "A customer's write passes", "%s", said(output))
			} else {
				// What was asked for: shown, so that nobody is surprised.
				c.check(t, err != nil, "A customer's write is refused: that is what Fail asks for", "%s", said(output))
			}
			c.check(t, restartKubelet(t) == nil, "A kubelet that was killed comes back, and its node is ready", "ready")
			took := replaceCoreDNS(t)
			c.check(t, took < time.Minute, "A pod of kube-system that was deleted is made anew and runs", "%s", seconds(took))
			c.check(t, joinNode(t) == nil, "A new node joins", "joined")
			output, err = localAdmin.kubectl(t.Context(), "-n", namespace, "run", "probe", "--image=localhost/demarc-pause:e2e", "--dry-run=server")
			c.check(t, err == nil, "In demarc's own namespace everything is admitted", "%s", said(output))

			back := scaleTo(t, replicas)
			c.check(t, true, "Its own pods come back by themselves once they are asked for", "%s", seconds(back))
			healed := waitFor(t, time.Minute, "a customer's write passes and is judged", func() string {
				output, err := write(t)
				if err != nil {
					return output
				}
				return lacks(output, "demarc: alpha-feature-gates")
			})
			c.check(t, true, "Customers' writes pass and are judged again, without any deed", "%s after that", seconds(healed))
		})
	}
}

// write makes, by a dry run, something in a customer's namespace that demarc warns about.
func write(t *testing.T) (output string, err error) {
	t.Helper()
	return platform.kubectl(t.Context(), "apply", "-f", manifests+"second-scheduler.yaml", "--dry-run=server")
}

// restartKubelet kills the kubelet and starts it again, and waits for its next word.
func restartKubelet(t *testing.T) error {
	t.Helper()
	if err := machine.Kill("kubelet"); err != nil {
		return err
	}
	if err := machine.Resume("kubelet"); err != nil {
		return err
	}
	began := time.Now()
	waitFor(t, time.Minute, "the node is ready", func() string {
		n, err := admin.CoreV1().Nodes().Get(t.Context(), node.Name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue && c.LastHeartbeatTime.After(began.Add(-time.Second)) {
				return ""
			}
		}
		return "no heartbeat since"
	})
	return nil
}

// replaceCoreDNS deletes the pods of CoreDNS, and returns after how long as many run again.
func replaceCoreDNS(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	provider.must(t, "-n", "kube-system", "delete", "pods", "-l", "k8s-app=kube-dns", "--wait=true")
	waitFor(t, 2*time.Minute, "CoreDNS runs", func() string {
		pods, err := admin.CoreV1().Pods("kube-system").List(t.Context(), metav1.ListOptions{LabelSelector: "k8s-app=kube-dns"})
		if err != nil {
			return err.Error()
		}
		ready := 0
		for i := range pods.Items {
			if isReady(&pods.Items[i]) {
				ready++
			}
		}
		if ready < 2 {
			return fmt.Sprintf("%d of 2 are ready", ready)
		}
		return ""
	})
	return time.Since(began)
}

// joinNode makes a node as its own kubelet would, and takes it away again.
func joinNode(t *testing.T) error {
	t.Helper()
	const name = "aks-user1-23456789-vmss000001"
	kubelet := person{"system:node:" + name, []string{"system:nodes"}}
	_, err := kubelet.client(t).CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{"kubernetes.azure.com/mode": "user", "kubernetes.io/os": "linux"}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return provider.client(t).CoreV1().Nodes().Delete(context.Background(), name, metav1.DeleteOptions{})
}
