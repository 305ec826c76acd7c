// SPDX-License-Identifier: Apache-2.0

// Package live asks a cluster, once and read-only, for what rules need of an object's surroundings.
package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/surroundings"
)

const (
	// Page is how many objects one request lists, so that neither side holds all of a large cluster at once.
	Page = 500
	// Timeout bounds each request.
	Timeout = 20 * time.Second
)

// Cluster is a live cluster. It changes nothing there, and remembers nothing but which kinds are served.
type Cluster struct {
	discovery *discovery.DiscoveryClient
	core      corev1client.CoreV1Interface
	metadata  metadata.Interface
	objects   dynamic.Interface
	served    map[schema.GroupVersion]*metav1.APIResourceList
	groups    *metav1.APIGroupList
}

// New returns a cluster that has not been asked anything yet. It is not for concurrent use.
func New(cfg *rest.Config) (*Cluster, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.Timeout, cfg.QPS, cfg.Burst = Timeout, 50, 100
	// The API server's warnings are for whoever changes something.
	cfg.WarningHandler = rest.NoWarnings{}
	d, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make discovery client: %w", err)
	}
	d.UseLegacyDiscovery = true // a few groups are asked for, not all
	m, err := metadata.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make metadata client: %w", err)
	}
	o, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make dynamic client: %w", err)
	}
	// Nodes are large, and read as protobuf they cost the least.
	cfg.ContentType, cfg.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	c, err := corev1client.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	return &Cluster{discovery: d, core: c, metadata: m, objects: o, served: map[schema.GroupVersion]*metav1.APIResourceList{}}, nil
}

// Denied says whether the cluster answered that the user may not read this. Whatever else went wrong, nothing is known
// of what is there.
func Denied(err error) bool { return apierrors.IsForbidden(err) || apierrors.IsMethodNotSupported(err) }

// Version returns the API server's version, such as v1.34.2.
func (c *Cluster) Version(ctx context.Context) (string, error) {
	// Not by the client's own method: its error leaves out what the API server says.
	answer := c.discovery.RESTClient().Get().AbsPath("/version").Do(ctx)
	if err := answer.Error(); err != nil {
		return "", fmt.Errorf("ask for the API server's version: %w", err)
	}
	raw, err := answer.Raw()
	if err != nil {
		return "", fmt.Errorf("ask for the API server's version: %w", err)
	}
	var info version.Info
	if err := json.Unmarshal(raw, &info); err != nil {
		return "", fmt.Errorf("ask for the API server's version: %w", err)
	}
	return info.GitVersion, nil
}

// Namespaces returns every namespace, metadata only.
func (c *Cluster) Namespaces(ctx context.Context) ([]*corev1.Namespace, error) {
	var all []*corev1.Namespace
	namespaces := c.metadata.Resource(schema.GroupVersionResource{Version: object.Namespaces.Version, Resource: object.Namespaces.Plural})
	err := pages(func(o metav1.ListOptions) (string, error) {
		list, err := namespaces.List(ctx, o)
		if err != nil {
			return "", err
		}
		for i := range list.Items {
			list.Items[i].ManagedFields = nil
			all = append(all, &corev1.Namespace{ObjectMeta: list.Items[i].ObjectMeta})
		}
		return list.Continue, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	return all, nil
}

// Nodes returns what the Nodes tell. No more than a page of them is held at a time.
func (c *Cluster) Nodes(ctx context.Context, facts *provider.NodeFacts) (*policy.NodeFacts, error) {
	nodes := surroundings.NewNodes(facts)
	err := pages(func(o metav1.ListOptions) (string, error) {
		list, err := c.core.Nodes().List(ctx, o)
		if err != nil {
			return "", err
		}
		for i := range list.Items {
			n := &list.Items[i]
			nodes.Add(n.Labels, n.Spec.Taints, n.Spec.ProviderID)
		}
		return list.Continue, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	return nodes.Facts(), nil
}

// pages lists page by page. A list that the cluster no longer remembers goes on where it was: what is read here needs no
// one moment in which all of it was true.
func pages(list func(metav1.ListOptions) (next string, err error)) error {
	o := metav1.ListOptions{Limit: Page}
	for {
		next, err := list(o)
		if status := apierrors.APIStatus(nil); apierrors.IsResourceExpired(err) && errors.As(err, &status) {
			next, err = status.Status().Continue, nil
			if next == "" || next == o.Continue {
				return errors.New("the list changes faster than it can be read")
			}
		}
		if err != nil || next == "" {
			return err
		}
		o.Continue = next
	}
}

// Metadata returns the metadata of one object; nil if there is none of that name, or no such kind.
func (c *Cluster) Metadata(ctx context.Context, r object.Resource, namespace, name string) (*object.Object, error) {
	gvr, err := c.resolve(ctx, r)
	if err != nil || gvr.Empty() {
		return nil, err
	}
	m, err := c.metadata.Resource(gvr).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", r.GroupResource(), err)
	}
	m.ManagedFields = nil
	return &object.Object{GVK: r.GroupKind().WithVersion(gvr.Version), Meta: &m.ObjectMeta}, nil
}

// Object returns one object as a whole; nil if there is none of that name, or no such kind.
func (c *Cluster) Object(ctx context.Context, r object.Resource, namespace, name string) (*object.Object, error) {
	gvr, err := c.resolve(ctx, r)
	if err != nil || gvr.Empty() {
		return nil, err
	}
	u, err := c.objects.Resource(gvr).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", r.GroupResource(), err)
	}
	raw, err := u.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", r.GroupResource(), err)
	}
	return object.Decode(raw, u.GroupVersionKind())
}
