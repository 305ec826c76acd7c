// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// cloud is the API server's Nodes, and counts who is asked for.
type cloud struct {
	mu    sync.Mutex
	nodes map[string]*corev1.Node
	err   error
	asked []string
}

func (c *cloud) Get(_ context.Context, name string, _ metav1.GetOptions) (*corev1.Node, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, name)
	if c.err != nil {
		return nil, c.err
	}
	if n := c.nodes[name]; n != nil {
		return n, nil
	}
	return nil, apierrors.NewNotFound(object.Nodes.GroupResource(), name)
}

func (c *cloud) set(f func(*cloud)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

func (c *cloud) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.asked)
}

// watched is a nodeWatch over a cloud, and what it published last.
type watched struct {
	*nodeWatch
	cloud *cloud

	mu        sync.Mutex
	times     int
	published *policy.NodeFacts
}

// inBubble runs a test on a watch whose clock stands still unless everything waits.
func inBubble(t *testing.T, test func(t *testing.T, w *watched)) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{cloud: &cloud{nodes: map[string]*corev1.Node{}}}
		w.nodeWatch = newNodeWatch(w.cloud, &provider.AKS().Facts, func(f *policy.NodeFacts) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.published, w.times = f, w.times+1
		}, logr.Discard())
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { w.work(ctx) })
		defer wg.Wait()
		defer cancel()
		test(t, w)
	})
}

func (w *watched) facts() *policy.NodeFacts {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.published
}

// add makes a Node of a pool, and lets the watch show it.
func (w *watched) add(pool, n string, taints ...corev1.Taint) {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "aks-" + pool + "-" + n, Labels: map[string]string{
		"kubernetes.azure.com/cluster": "MC_x", "kubernetes.azure.com/agentpool": pool, "more": n}}}
	node.Spec.Taints = taints
	node.Spec.ProviderID = "azure:///subscriptions/s/resourceGroups/MC_x/providers/Microsoft.Compute/virtualMachineScaleSets/" + pool + "-vmss/virtualMachines/" + n
	w.cloud.set(func(c *cloud) { c.nodes[node.Name] = node })
	w.observe(node.Name, node.Labels)
}

func (w *watched) remove(pool, n string) {
	name := "aks-" + pool + "-" + n
	w.cloud.set(func(c *cloud) { delete(c.nodes, name) })
	w.forget(name)
}

func factsOf(pools ...policy.NodePool) *policy.NodeFacts {
	return &policy.NodeFacts{ResourceGroups: []policy.ResourceGroup{{Subscription: "s", Name: "MC_x"}}, Pools: pools}
}

func poolOf(name string) policy.NodePool {
	return policy.NodePool{Name: name, ScaleSets: []string{name + "-vmss"}}
}

func TestNodesOfPools(t *testing.T) {
	inBubble(t, func(t *testing.T, w *watched) {
		for i := range 500 {
			w.add("apps", fmt.Sprint(i))
		}
		w.add("batch", "0")
		if w.facts() != nil {
			t.Error("published before the watch has shown every Node")
		}
		w.complete()
		if diff := cmp.Diff(factsOf(poolOf("apps"), poolOf("batch")), w.facts()); diff != "" {
			t.Errorf("facts (-want +got):\n%s", diff)
		}
		if got := w.cloud.count(); got != 2 {
			t.Errorf("read %d Nodes, want one of each pool", got)
		}
		before := w.times
		for i := range 500 { // heartbeats
			w.observe("aks-apps-"+fmt.Sprint(i), w.cloud.nodes["aks-apps-0"].Labels)
		}
		if w.facts(); w.cloud.count() != 2 || w.times != before {
			t.Errorf("heartbeats cost %d reads and %d publications", w.cloud.count()-2, w.times-before)
		}
		if n := testing.AllocsPerRun(10, func() { w.observe("aks-apps-7", w.cloud.nodes["aks-apps-7"].Labels) }); n != 0 {
			t.Errorf("a heartbeat allocates %v times", n)
		}
	})
}

// Half of what is known would let the other half pass for the customer's own.
func TestFirstFactsAreWhole(t *testing.T) {
	inBubble(t, func(t *testing.T, w *watched) {
		w.add("apps", "0")
		w.cloud.set(func(c *cloud) { c.err = errors.New("connection refused") })
		w.complete()
		if w.facts() != nil || w.settled() {
			t.Error("published though no Node could be read")
		}
		w.cloud.set(func(c *cloud) { c.err = nil })
		time.Sleep(time.Minute)
		if diff := cmp.Diff(factsOf(poolOf("apps")), w.facts()); diff != "" || !w.settled() {
			t.Errorf("after a while (-want +got):\n%s", diff)
		}
		w.cloud.set(func(c *cloud) { c.err = errors.New("connection refused") })
		w.add("late", "0")
		if diff := cmp.Diff(factsOf(poolOf("apps")), w.facts()); diff != "" {
			t.Errorf("a pool that can't be read yet (-want +got):\n%s", diff)
		}
	})
}

func TestRetriesAreFew(t *testing.T) {
	inBubble(t, func(t *testing.T, w *watched) {
		w.cloud.set(func(c *cloud) { c.err = errors.New("forbidden") })
		w.add("apps", "0")
		time.Sleep(24 * time.Hour)
		if got := w.cloud.count(); got < 24 || got > 24*13 {
			t.Errorf("asked %d times in a day, want about every five minutes", got)
		}
	})
}

func TestPoolsComeAndGo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *watched) {
		w.complete()
		if w.facts() != nil {
			t.Error("facts without a Node")
		}
		w.add("apps", "0")
		w.add("apps", "1")
		if diff := cmp.Diff(factsOf(poolOf("apps")), w.facts()); diff != "" {
			t.Errorf("a new pool (-want +got):\n%s", diff)
		}
		w.remove("apps", "0") // the one that was read
		if diff := cmp.Diff(factsOf(poolOf("apps")), w.facts()); diff != "" {
			t.Errorf("another Node is left (-want +got):\n%s", diff)
		}
		w.remove("apps", "1")
		if w.facts() != nil {
			t.Error("facts of a pool whose last Node has gone")
		}
		read := w.cloud.count()
		w.add("apps", "2")
		if w.facts(); w.cloud.count() != read+1 {
			t.Errorf("read %d Nodes of a pool that came back, want one", w.cloud.count()-read)
		}
		if len(w.classes) != 1 || len(w.nodes) != 1 {
			t.Errorf("got %d classes and %d Nodes, want one each", len(w.classes), len(w.nodes))
		}
	})
}

// A Node that moves to another pool takes its facts along.
func TestRelabelled(t *testing.T) {
	inBubble(t, func(t *testing.T, w *watched) {
		w.add("apps", "0")
		w.complete()
		w.facts()
		node := w.cloud.nodes["aks-apps-0"].DeepCopy()
		node.Labels["kubernetes.azure.com/mode"] = "system"
		w.cloud.set(func(c *cloud) { c.nodes[node.Name] = node })
		w.observe(node.Name, node.Labels)
		want := poolOf("apps")
		want.System = true
		if diff := cmp.Diff(factsOf(want), w.facts()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// The taints of a pool can change with nothing in its labels to show it.
func TestTaintsAreReadAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *watched) {
		w.add("sys", "0")
		w.complete()
		w.facts()
		w.add("sys", "0", corev1.Taint{Key: "CriticalAddonsOnly", Value: "true", Effect: corev1.TaintEffectNoSchedule})
		time.Sleep(rereadEvery + time.Second)
		want := poolOf("sys")
		want.Dedicated = true
		if diff := cmp.Diff(factsOf(want), w.facts()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// The sample goes while it is asked for: another Node of the pool answers for it.
func TestSampleGone(t *testing.T) {
	inBubble(t, func(t *testing.T, w *watched) {
		w.add("apps", "0")
		w.add("apps", "1")
		w.cloud.set(func(c *cloud) { delete(c.nodes, "aks-apps-0") })
		w.complete()
		time.Sleep(time.Minute)
		if diff := cmp.Diff(factsOf(poolOf("apps")), w.facts()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Of each Node little is kept, whatever is written on it.
func TestSlimNode(t *testing.T) {
	w := newNodeWatch(nil, &provider.AKS().Facts, nil, logr.Discard())
	m := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "n", ResourceVersion: "7",
		Annotations: map[string]string{"a": strings.Repeat("x", 1<<16)}, Labels: map[string]string{"agentpool": "a", "own": "b"}}}
	if _, err := w.slim(m); err != nil {
		t.Fatal(err)
	}
	want := metav1.ObjectMeta{Name: "n", ResourceVersion: "7", Labels: map[string]string{"agentpool": "a"}}
	if diff := cmp.Diff(want, m.ObjectMeta); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
