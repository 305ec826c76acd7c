// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
)

// podsAsked bounds how many pods behind one Service are asked for their labels. They are alike.
const podsAsked = 3

var (
	services       = corev1.SchemeGroupVersion.WithResource("services")
	endpointSlices = discoveryv1.SchemeGroupVersion.WithResource("endpointslices")
	pods           = corev1.SchemeGroupVersion.WithResource("pods")
)

// World reads what surrounds the configurations of a state: the namespaces, and one by one the Services that webhooks
// name. No other Service is asked for.
func (r *Reader) World(ctx context.Context, s *State, now time.Time) *admissionconfig.World {
	w := &admissionconfig.World{Now: now, Services: map[types.NamespacedName]admissionconfig.Service{}}
	namespaces, err := r.cluster.Namespaces(ctx)
	if err != nil {
		s.miss("namespaces", err, "only the provider's own are known, by their names")
	} else {
		w.Namespaces = make([]admissionconfig.Namespace, 0, len(namespaces))
		for _, ns := range namespaces {
			w.Namespaces = append(w.Namespaces, admissionconfig.Namespace{Name: ns.Name, Labels: ns.Labels})
		}
	}
	asked := map[types.NamespacedName]bool{}
	for _, h := range s.Set.Hooks() {
		if h.Client == nil || h.Client.Service == nil {
			continue
		}
		name := types.NamespacedName{Namespace: h.Client.Service.Namespace, Name: h.Client.Service.Name}
		if asked[name] || ctx.Err() != nil {
			continue
		}
		asked[name] = true
		if service, there := r.service(ctx, s, name); there {
			w.Services[name] = service
		}
	}
	return w
}

// service reads one Service. Of one that could not be read it is said that it is there, and no more.
func (r *Reader) service(ctx context.Context, s *State, name types.NamespacedName) (admissionconfig.Service, bool) {
	unknown := admissionconfig.Service{Ready: -1}
	o, err := r.objects.Resource(services).Namespace(name.Namespace).Get(ctx, name.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return admissionconfig.Service{}, false
	}
	var service corev1.Service
	if err == nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &service)
	}
	if err != nil {
		s.miss("the Service "+name.String(), err, "nobody knows whether its webhooks have a backend")
		return unknown, true
	}
	found := admissionconfig.Service{Ports: []int32{}}
	for _, p := range service.Spec.Ports {
		found.Ports = append(found.Ports, p.Port)
	}
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		found.Ready = -1
		return found, true
	}
	targets, err := r.endpoints(ctx, name, &found)
	if err != nil {
		s.miss("the endpoints of "+name.String(), err, "nobody knows whether its webhooks have a pod that is ready")
		found.Ready = -1
	}
	r.podLabels(ctx, s, name, targets, &found)
	return found, true
}

// endpoints counts those that are ready, and returns the pods behind some.
func (r *Reader) endpoints(ctx context.Context, name types.NamespacedName, found *admissionconfig.Service) ([]string, error) {
	var targets []string
	o := metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + name.Name}
	seen := map[string]bool{}
	err := r.each(ctx, endpointSlices, name.Namespace, o, func(u *unstructured.Unstructured) error {
		var slice discoveryv1.EndpointSlice
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &slice); err != nil {
			return fmt.Errorf("decode it: %w", err)
		}
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				found.Ready++
			}
			if t := e.TargetRef; t != nil && t.Kind == "Pod" && !seen[t.Name] && len(targets) < podsAsked {
				seen[t.Name] = true
				targets = append(targets, t.Name)
			}
		}
		return nil
	})
	return targets, err
}

// podLabels asks for the metadata of pods.
func (r *Reader) podLabels(ctx context.Context, s *State, service types.NamespacedName, names []string, found *admissionconfig.Service) {
	for _, name := range names {
		m, err := r.metadata.Resource(pods).Namespace(service.Namespace).Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			s.miss("the pods behind "+service.String(), err, "whether object selectors leave them out is in doubt")
			return
		case m.Labels == nil:
			found.Pods = append(found.Pods, map[string]string{})
		default:
			found.Pods = append(found.Pods, m.Labels)
		}
	}
}
