// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/surroundings"
)

// nodes is how one Node is read as a whole.
type nodes interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (*corev1.Node, error)
}

// nodeWatch keeps what the Nodes tell. Their labels come by a watch of metadata; taints and providerID are no metadata,
// so one Node of each pool is read as a whole, and again from time to time. Of each other Node it keeps the name: a
// heartbeat changes nothing that it looks at, and costs a comparison.
type nodeWatch struct {
	client  nodes
	facts   *provider.NodeFacts
	keys    []string // the labels that facts are read from
	publish func(*policy.NodeFacts)
	log     logr.Logger
	queue   workqueue.TypedRateLimitingInterface[*nodeClass]

	mu        sync.Mutex
	nodes     map[string]*nodeClass
	classes   map[string]*nodeClass
	listed    bool // the watch has shown every Node that was there when it began
	published bool
}

// nodeClass is the Nodes whose labels tell the same: those of a pool.
type nodeClass struct {
	labels map[string]string
	count  int
	sample string // the Node of it that is read; empty if another must be found
	told   bool
	// What the sample tells besides its labels.
	taints     []corev1.Taint
	providerID string
}

const (
	// retryFirst and retryLast bound the waits after a Node could not be read.
	retryFirst = time.Second
	retryLast  = 5 * time.Minute
	// rereadEvery is how often a Node of each pool is read again: a pool's taints change without its labels.
	rereadEvery = 10 * time.Minute
	readTimeout = 10 * time.Second
)

func newNodeWatch(client nodes, facts *provider.NodeFacts, publish func(*policy.NodeFacts), log logr.Logger) *nodeWatch {
	w := &nodeWatch{client: client, facts: facts, publish: publish, log: log,
		nodes: map[string]*nodeClass{}, classes: map[string]*nodeClass{},
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[*nodeClass](retryFirst, retryLast))}
	for _, l := range slices.Concat(facts.ResourceGroup, facts.Pool, facts.System) {
		if !slices.Contains(w.keys, l.Key) {
			w.keys = append(w.keys, l.Key)
		}
	}
	return w
}

// slim keeps of a Node what is looked at.
func (w *nodeWatch) slim(o any) (any, error) {
	m, ok := o.(*metav1.PartialObjectMetadata)
	if !ok {
		return o, nil
	}
	m.ObjectMeta = metav1.ObjectMeta{Name: m.Name, UID: m.UID, ResourceVersion: m.ResourceVersion, Labels: w.told(m.Labels)}
	return m, nil
}

// told returns the labels that facts are read from.
func (w *nodeWatch) told(labels map[string]string) map[string]string {
	kept := map[string]string{}
	for _, k := range w.keys {
		if v, ok := labels[k]; ok {
			kept[k] = strings.Clone(v)
		}
	}
	return kept
}

func (w *nodeWatch) handler() cache.ResourceEventHandler {
	return handler(func(m *metav1.PartialObjectMetadata) { w.observe(m.Name, m.Labels) },
		func(m *metav1.PartialObjectMetadata) { w.forget(m.Name) })
}

// observe takes in a Node as it now is.
func (w *nodeWatch) observe(name string, labels map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.nodes[name]; c != nil {
		if w.belongs(c, labels) {
			return
		}
		w.leave(c, name)
	}
	w.join(name, labels)
}

func (w *nodeWatch) forget(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.nodes[name]; c != nil {
		w.leave(c, name)
	}
}

func (w *nodeWatch) belongs(c *nodeClass, labels map[string]string) bool {
	for _, k := range w.keys {
		if c.labels[k] != labels[k] {
			return false
		}
	}
	return true
}

func (w *nodeWatch) join(name string, labels map[string]string) {
	key := w.key(labels)
	c := w.classes[key]
	if c == nil {
		c = &nodeClass{labels: w.told(labels)}
		w.classes[key] = c
		w.queue.Add(c)
	}
	w.nodes[name] = c
	c.count++
	if c.sample == "" {
		c.sample = name
	}
}

func (w *nodeWatch) leave(c *nodeClass, name string) {
	delete(w.nodes, name)
	c.count--
	if c.sample == name {
		c.sample = ""
	}
	if c.count == 0 {
		delete(w.classes, w.key(c.labels))
		w.tell()
	}
}

// key spells the labels as one word. No label's value holds a line break.
func (w *nodeWatch) key(labels map[string]string) string {
	var b strings.Builder
	for _, k := range w.keys {
		b.WriteString(labels[k] + "\n")
	}
	return b.String()
}

// complete says that the watch has shown every Node.
func (w *nodeWatch) complete() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listed = true
	w.tell()
}

// tell publishes what is known. The first time it waits until it is everything: half of the resource groups would let
// the other half pass for the customer's own. Later a pool that is new is left out until one of its Nodes was read.
func (w *nodeWatch) tell() {
	if !w.listed {
		return
	}
	all := surroundings.NewNodes(w.facts)
	for _, c := range w.classes {
		switch {
		case c.told:
			all.Add(c.labels, c.taints, c.providerID)
		case !w.published:
			return
		}
	}
	w.published = true
	w.publish(all.Facts())
}

// settled says whether something was published.
func (w *nodeWatch) settled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.published
}

// work reads Nodes, one after the other, until the context ends.
func (w *nodeWatch) work(ctx context.Context) {
	stop := context.AfterFunc(ctx, w.queue.ShutDown)
	defer stop()
	for {
		c, ended := w.queue.Get()
		if ended {
			return
		}
		w.read(ctx, c)
		w.queue.Done(c)
	}
}

// read asks for a Node of the class.
func (w *nodeWatch) read(ctx context.Context, c *nodeClass) {
	name := w.sampleOf(c)
	if name == "" {
		w.queue.Forget(c) // its last Node has gone
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	node, err := w.client.Get(ctx, name, metav1.GetOptions{})
	if err == nil && w.learn(c, node) {
		w.queue.Forget(c)
		w.queue.AddAfter(c, rereadEvery)
		return
	}
	if err != nil && !apierrors.IsNotFound(err) {
		w.log.Error(err, "read a Node; until it can be read, rules that need what Nodes tell may be skipped", "node", name)
	}
	w.drop(c, name)
	w.queue.AddRateLimited(c)
}

// sampleOf returns the Node to read; empty if the class has none.
func (w *nodeWatch) sampleOf(c *nodeClass) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.count > 0 && c.sample == "" {
		c.sample = w.anyBut(c, "")
	}
	return c.sample
}

// drop lets another Node be the sample, if there is one.
func (w *nodeWatch) drop(c *nodeClass, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.sample == name {
		c.sample = w.anyBut(c, name)
	}
}

func (w *nodeWatch) anyBut(c *nodeClass, but string) string {
	for name, its := range w.nodes {
		if its == c && name != but {
			return name
		}
	}
	return ""
}

// learn takes in the Node that was read. It is false if that one has left the class meanwhile.
func (w *nodeWatch) learn(c *nodeClass, node *corev1.Node) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.belongs(c, node.Labels) {
		return false
	}
	c.taints, c.providerID, c.told = node.Spec.Taints, node.Spec.ProviderID, true
	w.tell()
	return true
}
