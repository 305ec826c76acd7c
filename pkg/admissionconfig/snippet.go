// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// patch is what to change about one webhook, and about its configuration's metadata.
type patch struct {
	webhook  string
	fields   map[string]any
	metadata map[string]any
}

// snippet spells patches of one configuration as YAML, in their order. Equal patches make equal text.
func snippet(ref Ref, patches []*patch) string {
	meta := map[string]any{"name": ref.Name}
	var webhooks []any
	for _, p := range slices.DeleteFunc(slices.Clone(patches), func(p *patch) bool { return p == nil }) {
		for k, v := range p.metadata {
			meta[k] = v
		}
		if len(p.fields) == 0 {
			continue
		}
		w := map[string]any{"name": p.webhook}
		for k, v := range p.fields {
			w[k] = v
		}
		webhooks = append(webhooks, w)
	}
	if len(webhooks) == 0 && len(meta) == 1 {
		return ""
	}
	o := map[string]any{"apiVersion": "admissionregistration.k8s.io/v1", "kind": string(ref.Kind), "metadata": meta}
	if len(webhooks) > 0 {
		o["webhooks"] = webhooks
	}
	raw, err := yaml.Marshal(o)
	if err != nil {
		return "" // maps of strings and selectors have a text
	}
	return string(raw)
}

// set is a patch of one field of a webhook.
func (h *Hook) set(name string, value any) *patch {
	return &patch{webhook: h.Name, fields: map[string]any{name: value}}
}

// selectorTree spells a selector as YAML does, without fields that are empty.
func selectorTree(s *metav1.LabelSelector) any {
	tree, err := runtime.DefaultUnstructuredConverter.ToUnstructured(s)
	if err != nil {
		return s
	}
	return tree
}
