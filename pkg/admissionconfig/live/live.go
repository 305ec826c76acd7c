// SPDX-License-Identifier: Apache-2.0

// Package live reads a cluster's admission configurations, and what it takes to judge them, once and read-only.
package live

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/surroundings/live"
)

// Unread is something that could not be read, and what isn't known for it.
type Unread struct {
	What string `json:"what"`
	Why  string `json:"why"`
	// Loss ends the sentence that begins with What: "so ...".
	Loss string `json:"loss"`
}

// State is what was read of a cluster.
type State struct {
	// Version of the API server, such as v1.34.2; empty if it could not be read.
	Version string
	Server  *admissionconfig.Server
	Served  Served
	Set     admissionconfig.Set
	World   *admissionconfig.World
	Unread  []Unread
}

// Served is what a server serves, by group and version; nil if that isn't known.
type Served []*metav1.APIResourceList

// Namespaced says whether a resource is in namespaces, and whether that is known.
func (s Served) Namespaced(gr schema.GroupResource) (namespaced, known bool) {
	for _, l := range s {
		if gv, err := schema.ParseGroupVersion(l.GroupVersion); err != nil || gv.Group != gr.Group {
			continue
		}
		for _, r := range l.APIResources {
			if r.Name == gr.Resource {
				return r.Namespaced, true
			}
		}
	}
	return false, false
}

// Group says whether any version of a group is served.
func (s Served) Group(name string) bool {
	return slices.ContainsFunc(s, func(l *metav1.APIResourceList) bool { return strings.HasPrefix(l.GroupVersion, name+"/") })
}

// versions returns those in which a resource can be listed, in the server's order.
func (s Served) versions(gr schema.GroupResource) []string {
	var list []string
	for _, l := range s {
		gv, err := schema.ParseGroupVersion(l.GroupVersion)
		if err == nil && gv.Group == gr.Group && slices.ContainsFunc(l.APIResources, func(r metav1.APIResource) bool { return r.Name == gr.Resource }) {
			list = append(list, gv.Version)
		}
	}
	return list
}

// Reader asks a cluster. It is not for concurrent use.
type Reader struct {
	cluster   *live.Cluster
	discovery *discovery.DiscoveryClient
	objects   dynamic.Interface
	metadata  metadata.Interface
}

// New returns a reader that has not asked anything yet.
func New(cfg *rest.Config) (*Reader, error) {
	cluster, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	cfg = rest.CopyConfig(cfg)
	cfg.Timeout, cfg.QPS, cfg.Burst = live.Timeout, 50, 100
	cfg.WarningHandler = rest.NoWarnings{}
	r := &Reader{cluster: cluster}
	if r.discovery, err = discovery.NewDiscoveryClientForConfig(cfg); err != nil {
		return nil, fmt.Errorf("make discovery client: %w", err)
	}
	if r.objects, err = dynamic.NewForConfig(cfg); err != nil {
		return nil, fmt.Errorf("make dynamic client: %w", err)
	}
	if r.metadata, err = metadata.NewForConfig(cfg); err != nil {
		return nil, fmt.Errorf("make metadata client: %w", err)
	}
	return r, nil
}

// Read reads all of it. What may not be read, or fails, is named in the state. The error is for a cluster that can't be
// asked at all, and for an end of the context.
func (r *Reader) Read(ctx context.Context, now time.Time) (*State, error) {
	version, err := r.cluster.Version(ctx)
	if err != nil && !live.Denied(err) {
		return nil, err
	}
	s := &State{Version: version}
	if err != nil {
		s.miss("the API server's version", err, "what only some releases do is in doubt")
	}
	r.Server(ctx, s)
	complete := r.configurations(ctx, s)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.World = r.World(ctx, s, now)
	if complete {
		s.World.Present = Present(&s.Set)
	}
	return s, ctx.Err()
}

// Around reads what surrounds configurations that are known already: all but they themselves.
func (r *Reader) Around(ctx context.Context, set admissionconfig.Set, now time.Time) (*State, error) {
	version, err := r.cluster.Version(ctx)
	if err != nil && !live.Denied(err) {
		return nil, err
	}
	s := &State{Version: version, Set: set}
	r.Server(ctx, s)
	s.World = r.World(ctx, s, now)
	return s, ctx.Err()
}

// Knows says whether a Service was there when it was looked for.
func (s *State) Knows(namespace, name string) bool {
	_, there := s.World.Services[types.NamespacedName{Namespace: namespace, Name: name}]
	return there
}

// Server asks what the API server serves.
func (r *Reader) Server(ctx context.Context, s *State) {
	s.Server = &admissionconfig.Server{}
	if minor, ok := featuregates.ParseMinor(s.Version); ok {
		s.Server.Minor = int(minor)
	}
	_, lists, failed, err := r.discovery.GroupsAndMaybeResourcesWithContext(ctx)
	if err == nil && lists == nil {
		var all []*metav1.APIResourceList
		_, all, err = r.discovery.ServerGroupsAndResourcesWithContext(ctx)
		s.Served = all
	}
	if err != nil {
		s.miss("what the API server serves", err, "other versions of a resource than those that rules name are in doubt")
	}
	for _, l := range lists {
		s.Served = append(s.Served, l)
	}
	for gv, err := range failed {
		s.miss("what "+gv.String()+" serves", err, "its resources are in doubt")
	}
	if s.Served != nil {
		s.Server.Equivalents = admissionconfig.Served(s.Served)
	}
}

// kinds are the resources of admission configurations; bindings must be known for a policy to mean anything.
var kinds = []struct {
	resource string
	always   bool
}{
	{"validatingwebhookconfigurations", true}, {"mutatingwebhookconfigurations", true},
	{"validatingadmissionpolicies", false}, {"validatingadmissionpolicybindings", false},
	{"mutatingadmissionpolicies", false}, {"mutatingadmissionpolicybindings", false},
}

// configurations lists all of them, and says whether every webhook configuration was read.
func (r *Reader) configurations(ctx context.Context, s *State) bool {
	complete := true
	for _, k := range kinds {
		gr := schema.GroupResource{Group: "admissionregistration.k8s.io", Resource: k.resource}
		version := "v1"
		if served := s.Served.versions(gr); len(served) > 0 {
			version = best(served)
		} else if !k.always && s.Served != nil {
			continue // not served
		}
		err := r.each(ctx, gr.WithVersion(version), "", metav1.ListOptions{}, func(o *unstructured.Unstructured) error {
			o.SetManagedFields(nil)
			raw, err := o.MarshalJSON()
			if err == nil {
				_, err = s.Set.Add(raw)
			}
			return err
		})
		if err != nil && !(apierrors.IsNotFound(err) && !k.always) {
			s.miss(k.resource, err, "they are missing here")
			complete = complete && !k.always
		}
	}
	return complete
}

func best(versions []string) string {
	if slices.Contains(versions, "v1") {
		return "v1"
	}
	return slices.Max(versions) // v1beta1 before v1alpha1
}

// Present names the webhook configurations of a set, in which all of the cluster's are.
func Present(set *admissionconfig.Set) []admissionconfig.Ref {
	refs := []admissionconfig.Ref{}
	for _, c := range set.Validating {
		refs = append(refs, ref(admissionconfig.ValidatingWebhook, &c.ObjectMeta))
	}
	for _, c := range set.Mutating {
		refs = append(refs, ref(admissionconfig.MutatingWebhook, &c.ObjectMeta))
	}
	return refs
}

func ref(k admissionconfig.Kind, m *metav1.ObjectMeta) admissionconfig.Ref {
	return admissionconfig.Ref{Kind: k, Name: m.Name, UID: m.UID, Labels: m.Labels, Annotations: m.Annotations}
}

func (s *State) miss(what string, err error, loss string) {
	s.Unread = append(s.Unread, Unread{What: what, Why: err.Error(), Loss: loss})
}

// each lists page by page.
func (r *Reader) each(ctx context.Context, gvr schema.GroupVersionResource, namespace string, o metav1.ListOptions, take func(*unstructured.Unstructured) error) error {
	o.Limit = live.Page
	for {
		list, err := r.objects.Resource(gvr).Namespace(namespace).List(ctx, o)
		if err != nil {
			return fmt.Errorf("list %s: %w", gvr.GroupResource(), err)
		}
		for i := range list.Items {
			if err := take(&list.Items[i]); err != nil {
				return fmt.Errorf("read %s %s: %w", gvr.GroupResource(), list.Items[i].GetName(), err)
			}
		}
		if o.Continue = list.GetContinue(); o.Continue == "" {
			return nil
		}
	}
}
