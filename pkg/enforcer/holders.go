// SPDX-License-Identifier: Apache-2.0

package enforcer

import (
	"encoding/json"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FieldManager is under which name the enforcer applies.
const FieldManager = "demarc-enforcer"

// holders says who holds the namespace selector of a webhook: whether the enforcer does, and who else, the latest last.
func holders(m *metav1.ObjectMeta, webhook string) (ours bool, others []string) {
	entries := slices.Clone(m.ManagedFields)
	slices.SortStableFunc(entries, func(a, b metav1.ManagedFieldsEntry) int {
		switch {
		case a.Time == nil || b.Time == nil || a.Time.Equal(b.Time):
			return 0
		case a.Time.Before(b.Time):
			return -1
		}
		return 1
	})
	for i := range entries {
		e := &entries[i]
		if !holdsSelector(e, webhook) {
			continue
		}
		if e.Manager == FieldManager {
			ours = true
		} else {
			others = append(others, e.Manager)
		}
	}
	return ours, others
}

// holdsSelector says whether an entry of managedFields names the namespace selector of a webhook. A selector is held as a
// whole, so nothing below it matters.
func holdsSelector(e *metav1.ManagedFieldsEntry, webhook string) bool {
	if e.FieldsV1 == nil || e.Subresource != "" {
		return false
	}
	name, err := json.Marshal(struct {
		Name string `json:"name"`
	}{webhook})
	if err != nil {
		return false
	}
	raw := json.RawMessage(e.FieldsV1.GetRawBytes())
	for _, step := range []string{"f:webhooks", "k:" + string(name), "f:namespaceSelector"} {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(raw, &fields); err != nil {
			return false
		}
		below, ok := fields[step]
		if !ok {
			return false
		}
		raw = below
	}
	return true
}

// managedBy says whether a manager has an entry.
func managedBy(m *metav1.ObjectMeta, manager string) bool {
	return slices.ContainsFunc(m.ManagedFields, func(e metav1.ManagedFieldsEntry) bool { return e.Manager == manager })
}
