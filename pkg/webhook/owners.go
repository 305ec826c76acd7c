// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/object"
)

// ownerWatch keeps the objects that resources in Azure may lie in: scale sets and resource groups, as Azure Service
// Operator and Crossplane spell them. Their custom resource definitions come and go with those projects, so what is
// served is asked again and again, and what is not served is not watched.
type ownerWatch struct {
	discovery discovery.DiscoveryInterfaceWithContext
	client    dynamic.Interface
	log       logr.Logger

	mu    sync.RWMutex
	links map[schema.GroupKind]*linkWatch
	asked bool // the API server has said what it serves
}

// linkWatch is the watch of one kind.
type linkWatch struct {
	resource schema.GroupVersionResource
	store    cache.Store
	synced   cache.InformerSynced
	stop     context.CancelFunc
}

const (
	// servedEvery is how often the API server is asked what it serves, and servedRetry how soon after it did not say.
	servedEvery = 3 * time.Minute
	servedRetry = 20 * time.Second
)

func newOwnerWatch(d discovery.DiscoveryInterfaceWithContext, c dynamic.Interface, log logr.Logger) *ownerWatch {
	return &ownerWatch{discovery: d, client: c, log: log, links: map[schema.GroupKind]*linkWatch{}}
}

// keep follows what is served until the context ends.
func (w *ownerWatch) keep(ctx context.Context) {
	for {
		wait := servedEvery
		if err := w.refresh(ctx); err != nil {
			w.log.Error(err, "ask which kinds of Azure resources are served; those that are watched stay so")
			wait = servedRetry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// refresh begins to watch what is newly served, and ends what no longer is.
func (w *ownerWatch) refresh(ctx context.Context) error {
	served, err := w.served(ctx)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for kind, l := range w.links {
		if !slices.Contains(served[kind], l.resource) {
			w.log.Info("no longer watched: it is not served", "kind", kind.String(), "version", l.resource.Version)
			l.stop()
			delete(w.links, kind)
		}
	}
	for kind, versions := range served {
		if w.links[kind] != nil {
			continue
		}
		l, err := w.watch(ctx, versions[0])
		if err != nil {
			return err
		}
		w.links[kind] = l
		w.log.Info("watched", "kind", kind.String(), "version", versions[0].Version)
	}
	w.asked = true
	return nil
}

// served returns the links that the API server serves, each in every version, the preferred one first. A group that
// isn't there costs nothing but its absence from the list of groups.
func (w *ownerWatch) served(ctx context.Context) (map[schema.GroupKind][]schema.GroupVersionResource, error) {
	groups, err := w.discovery.ServerGroupsWithContext(ctx)
	if err != nil {
		return nil, err
	}
	links := map[string][]object.Resource{}
	for _, r := range azureobject.Links() {
		links[r.Group] = append(links[r.Group], r)
	}
	found := map[schema.GroupKind][]schema.GroupVersionResource{}
	for _, g := range groups.Groups {
		if links[g.Name] == nil {
			continue
		}
		for _, v := range g.Versions {
			list, err := w.discovery.ServerResourcesForGroupVersionWithContext(ctx, v.GroupVersion)
			if err != nil && !apierrors.IsNotFound(err) {
				return nil, err
			}
			for _, r := range links[g.Name] {
				if serves(list, r.Plural) {
					found[r.GroupKind()] = append(found[r.GroupKind()], schema.GroupVersionResource{Group: r.Group, Version: v.Version, Resource: r.Plural})
				}
			}
		}
	}
	return found, nil
}

func serves(list *metav1.APIResourceList, plural string) bool {
	return list != nil && slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool {
		return r.Name == plural && slices.Contains(r.Verbs, "watch")
	})
}

func (w *ownerWatch) watch(ctx context.Context, gvr schema.GroupVersionResource) (*linkWatch, error) {
	informer := dynamicinformer.NewFilteredDynamicInformer(w.client, gvr, metav1.NamespaceAll, 0, cache.Indexers{}, nil).Informer()
	if err := informer.SetTransform(slimLink); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	go informer.RunWithContext(ctx)
	return &linkWatch{resource: gvr, store: informer.GetStore(), synced: informer.HasSynced, stop: stop}, nil
}

// slimLink keeps of an object what tells where it lies.
func slimLink(o any) (any, error) {
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return o, nil
	}
	slim := &unstructured.Unstructured{Object: azureobject.Slim(maps.Clone(u.Object))}
	// What the watch itself goes by.
	slim.SetGroupVersionKind(u.GroupVersionKind())
	slim.SetNamespace(u.GetNamespace())
	slim.SetName(u.GetName())
	slim.SetUID(u.GetUID())
	slim.SetResourceVersion(u.GetResourceVersion())
	return slim, nil
}

// find returns an object that another names; nil if it is not known.
func (w *ownerWatch) find(r azureobject.Reference) *object.Object {
	w.mu.RLock()
	l := w.links[r.Kind]
	w.mu.RUnlock()
	if l == nil {
		return nil
	}
	key := r.Name
	if r.Namespace != "" {
		key = r.Namespace + "/" + r.Name
	}
	found, known, err := l.store.GetByKey(key)
	u, ok := found.(*unstructured.Unstructured)
	if err != nil || !known || !ok {
		return nil
	}
	raw, err := json.Marshal(u.Object)
	if err != nil {
		return nil
	}
	o, err := object.Decode(raw, u.GroupVersionKind())
	if err != nil {
		return nil
	}
	return o
}

// settled says whether every kind that is served has been seen.
func (w *ownerWatch) settled() bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, l := range w.links {
		if !l.synced() {
			return false
		}
	}
	return w.asked
}
