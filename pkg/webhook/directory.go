// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Watcher is the Directory of a running webhook: metadata of namespaces and of what the provider marked, what the Nodes
// tell of their pools, and the objects that resources in Azure lie in, kept by watches. Nothing else is held, so its
// memory does not grow with the cluster's pods.
type Watcher struct {
	client    metadata.Interface
	discovery discovery.DiscoveryInterfaceWithContext
	profile   *provider.Profile
	marks     []provider.Label
	log       logr.Logger

	namespaces sync.Map // name -> *corev1.Namespace
	parents    sync.Map // parentKey -> *object.Object
	nodes      *nodeWatch
	owners     *ownerWatch
	learning   sync.Mutex // held by whoever changes the facts about the cluster
	cluster    atomic.Pointer[policy.ClusterFacts]
	synced     atomic.Bool
}

type parentKey struct{ group, plural, namespace, name string }

// versionEvery is how often the API server's version is asked for: it changes with an upgrade of the control plane.
const versionEvery = 10 * time.Minute

// NewWatcher returns a watcher that has seen nothing yet.
func NewWatcher(cfg *rest.Config, profile *provider.Profile, log logr.Logger) (*Watcher, error) {
	client, err := metadata.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make metadata client: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make discovery client: %w", err)
	}
	// The lists by group and version, one by one, are small; the aggregated one holds every kind of every group.
	disco.UseLegacyDiscovery = true
	objects, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make dynamic client: %w", err)
	}
	core, err := corev1client.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	w := &Watcher{client: client, discovery: disco, profile: profile, log: log, owners: newOwnerWatch(disco, objects, log),
		marks: slices.Concat(profile.Marks.Managed, profile.Marks.Legacy)}
	w.nodes = newNodeWatch(core.Nodes(), &profile.Facts, func(n *policy.NodeFacts) {
		w.know(func(c *policy.ClusterFacts) { c.Nodes = n })
	}, log)
	return w, nil
}

// NeedLeaderElection is false: every replica answers requests.
func (w *Watcher) NeedLeaderElection() bool { return false }

// Start watches until the context ends.
func (w *Watcher) Start(ctx context.Context) error {
	var synced []cache.InformerSynced
	add := func(selector string, r object.Resource, handler cache.ResourceEventHandler) error {
		done, err := w.watch(ctx, selector, r, slim, handler)
		synced = append(synced, done)
		return err
	}
	if err := add("", object.Namespaces, w.namespaceHandler()); err != nil {
		return err
	}
	for _, r := range object.Scalable() {
		for _, mark := range w.marks {
			if err := add(mark.Key+"="+mark.Value, r, w.parentHandler(r)); err != nil {
				return err
			}
		}
	}
	go w.keepVersion(ctx)
	go w.owners.keep(ctx)
	if err := w.watchNodes(ctx); err != nil {
		return err
	}
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		return nil // the context ended first
	}
	w.synced.Store(true)
	<-ctx.Done()
	return nil
}

// Synced says whether the namespaces and parents that were there at the start are known. Requests are not held up for
// the rest: until it is known, the rules that need it are skipped.
func (w *Watcher) Synced() bool { return w.synced.Load() }

// Settled says whether everything else is known too: the version, what the Nodes tell, and the owners.
func (w *Watcher) Settled() bool {
	c := w.Cluster()
	return w.Synced() && c != nil && c.ServerVersion != "" && w.nodes.settled() && w.owners.settled()
}

// watchNodes does not keep the webhook from being ready: where Nodes may not be watched, the rest still guards.
func (w *Watcher) watchNodes(ctx context.Context) error {
	done, err := w.watch(ctx, "", object.Nodes, w.nodes.slim, w.nodes.handler())
	if err != nil {
		return err
	}
	go w.nodes.work(ctx)
	go func() {
		if cache.WaitForCacheSync(ctx.Done(), done) {
			w.nodes.complete()
		}
	}()
	return nil
}

func (w *Watcher) watch(ctx context.Context, selector string, r object.Resource, transform cache.TransformFunc,
	h cache.ResourceEventHandler) (cache.InformerSynced, error) {
	gvr := schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Plural}
	informer := metadatainformer.NewFilteredMetadataInformer(w.client, gvr, metav1.NamespaceAll, 0, cache.Indexers{},
		func(o *metav1.ListOptions) { o.LabelSelector = selector }).Informer()
	// The informer's own copy is not read: what is kept is what the handlers store.
	if err := informer.SetTransform(transform); err != nil {
		return nil, err
	}
	registration, err := informer.AddEventHandler(h)
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", r.Plural, err)
	}
	go informer.RunWithContext(ctx)
	return registration.HasSynced, nil
}

// slim drops what nobody reads.
func slim(o any) (any, error) {
	m, ok := o.(*metav1.PartialObjectMetadata)
	if !ok {
		return o, nil
	}
	m.ManagedFields, m.OwnerReferences, m.Finalizers = nil, nil, nil
	delete(m.Annotations, corev1.LastAppliedConfigAnnotation)
	return m, nil
}

func (w *Watcher) namespaceHandler() cache.ResourceEventHandler {
	return handler(func(m *metav1.PartialObjectMetadata) {
		w.namespaces.Store(m.Name, &corev1.Namespace{ObjectMeta: m.ObjectMeta})
	}, func(m *metav1.PartialObjectMetadata) { w.namespaces.Delete(m.Name) })
}

func (w *Watcher) parentHandler(r object.Resource) cache.ResourceEventHandler {
	key := func(m *metav1.PartialObjectMetadata) parentKey {
		return parentKey{r.Group, r.Plural, m.Namespace, m.Name}
	}
	return handler(func(m *metav1.PartialObjectMetadata) {
		w.parents.Store(key(m), &object.Object{GVK: r.GVK(), Meta: &m.ObjectMeta})
	}, func(m *metav1.PartialObjectMetadata) { w.parents.Delete(key(m)) })
}

func handler(store, drop func(*metav1.PartialObjectMetadata)) cache.ResourceEventHandler {
	with := func(o any, do func(*metav1.PartialObjectMetadata)) {
		if gone, ok := o.(cache.DeletedFinalStateUnknown); ok {
			o = gone.Obj
		}
		if m, ok := o.(*metav1.PartialObjectMetadata); ok {
			do(m)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { with(o, store) },
		UpdateFunc: func(_, o any) { with(o, store) },
		DeleteFunc: func(o any) { with(o, drop) },
	}
}

func (w *Watcher) keepVersion(ctx context.Context) {
	for {
		if v, err := w.discovery.ServerVersionWithContext(ctx); err != nil {
			w.log.Error(err, "ask for the server's version")
		} else {
			w.know(func(c *policy.ClusterFacts) { c.ServerVersion = v.GitVersion })
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(versionEvery):
		}
	}
}

// know puts changed facts about the cluster in the place of the old ones, which requests in hand still read.
func (w *Watcher) know(change func(*policy.ClusterFacts)) {
	w.learning.Lock()
	defer w.learning.Unlock()
	var facts policy.ClusterFacts
	if old := w.cluster.Load(); old != nil {
		facts = *old
	}
	change(&facts)
	w.cluster.Store(&facts)
}

// Namespace implements Directory.
func (w *Watcher) Namespace(name string) *corev1.Namespace {
	if ns, ok := w.namespaces.Load(name); ok {
		return ns.(*corev1.Namespace)
	}
	return nil
}

// Parent implements Directory.
func (w *Watcher) Parent(r object.Resource, namespace, name string) *object.Object {
	if o, ok := w.parents.Load(parentKey{r.Group, r.Plural, namespace, name}); ok {
		return o.(*object.Object)
	}
	return nil
}

// Judged returns the namespaces in which a request must reach demarc: those of the provider, and one of the customers'
// that every cluster has. At most 50, in order. The one given, demarc's own, is left out of its registration, and so are
// the provider's where their registration is not installed.
func (w *Watcher) Judged(except string, managed bool) []string {
	list := []string{metav1.NamespaceDefault}
	if !managed {
		return list
	}
	w.namespaces.Range(func(_, value any) bool {
		ns := value.(*corev1.Namespace)
		if _, managed := w.profile.ManagesNamespace(ns.Labels); managed && ns.Name != except && ns.DeletionTimestamp == nil {
			list = append(list, ns.Name)
		}
		return true
	})
	slices.Sort(list[1:])
	return list[:min(len(list), 50)]
}

// Owners implements Directory.
func (w *Watcher) Owners(o *object.Object) []*object.Object {
	return azureobject.Chain(o, w.owners.find)
}

// Cluster implements Directory.
func (w *Watcher) Cluster() *policy.ClusterFacts { return w.cluster.Load() }
