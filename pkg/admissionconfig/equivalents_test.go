// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestEquivalents(t *testing.T) {
	served := Served([]*metav1.APIResourceList{
		{GroupVersion: "v1", APIResources: []metav1.APIResource{{Name: "events", Kind: "Event"}}},
		{GroupVersion: "events.k8s.io/v1", APIResources: []metav1.APIResource{{Name: "events", Kind: "Event"}}},
		{GroupVersion: "x.example/v1", APIResources: []metav1.APIResource{{Name: "xs", Kind: "X"}, {Name: "events", Kind: "Event"},
			{Name: "xs/scale", Group: "autoscaling", Version: "v1", Kind: "Scale"}}},
		{GroupVersion: "x.example/v2", APIResources: []metav1.APIResource{{Name: "xs", Kind: "X"}}},
		{GroupVersion: "not/a/version", APIResources: []metav1.APIResource{{Name: "xs", Kind: "X"}}},
	})
	for name, c := range map[string]struct {
		ask         Equivalents
		resource    schema.GroupVersionResource
		subresource string
		want        int
		known       bool
	}{
		"events in two groups":           {served, schema.GroupVersionResource{Version: "v1", Resource: "events"}, "", 2, true},
		"somebody else's events":         {served, schema.GroupVersionResource{Group: "x.example", Version: "v1", Resource: "events"}, "", 1, true},
		"two versions":                   {served, schema.GroupVersionResource{Group: "x.example", Version: "v1", Resource: "xs"}, "", 2, true},
		"a subresource of one":           {served, schema.GroupVersionResource{Group: "x.example", Version: "v1", Resource: "xs"}, "scale", 1, true},
		"what isn't served":              {served, schema.GroupVersionResource{Group: "x.example", Version: "v1", Resource: "ys"}, "", 0, false},
		"offline, events":                {Builtin, schema.GroupVersionResource{Group: "events.k8s.io", Version: "v1", Resource: "events"}, "", 2, true},
		"offline, pods":                  {Builtin, schema.GroupVersionResource{Version: "v1", Resource: "pods"}, "", 0, true},
		"offline, a custom resource":     {Builtin, schema.GroupVersionResource{Group: "x.example", Version: "v1", Resource: "xs"}, "", 0, false},
		"offline, a beta of Kubernetes'": {Builtin, schema.GroupVersionResource{Group: "storage.k8s.io", Version: "v1beta1", Resource: "csinodes"}, "", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			if list, known := c.ask(c.resource, c.subresource); len(list) != c.want || known != c.known {
				t.Errorf("got %v, %t", list, known)
			}
		})
	}
}

func TestAdd(t *testing.T) {
	for name, c := range map[string]struct {
		raw   string
		taken bool
		fails bool
	}{
		"a webhook configuration":     {`{"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration","metadata":{"name":"a"}}`, true, false},
		"an alpha policy":             {`{"apiVersion":"admissionregistration.k8s.io/v1alpha1","kind":"MutatingAdmissionPolicyBinding","metadata":{"name":"a"}}`, true, false},
		"a version that's gone":       {`{"apiVersion":"admissionregistration.k8s.io/v1beta1","kind":"MutatingWebhookConfiguration","metadata":{"name":"a"}}`, false, false},
		"something else":              {`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`, false, false},
		"somebody else's group":       {`{"apiVersion":"x.example/v1","kind":"MutatingWebhookConfiguration","metadata":{"name":"a"}}`, false, false},
		"no name":                     {`{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicy"}`, true, true},
		"webhooks that aren't a list": {`{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":"a"},"webhooks":{}}`, true, true},
		"no JSON":                     {`{`, false, true},
		"a kind that case would hide": {`{"apiVersion":"admissionregistration.k8s.io/v1","Kind":"ValidatingAdmissionPolicy","metadata":{"name":"a"}}`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			var s Set
			if taken, err := s.Add([]byte(c.raw)); taken != c.taken || (err != nil) != c.fails {
				t.Errorf("got %t, %v", taken, err)
			}
		})
	}
}
