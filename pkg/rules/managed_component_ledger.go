// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// The engine subtracts the ledger. The rule reads it for what the engine can't say: which keys of a documented ConfigMap
// nothing reads, and what would have made a refused change a documented one.

// ofComponent says whether a ledger entry speaks of this rule and this object.
func ofComponent(c *provider.Customisation, in policy.Input) bool {
	return slices.Contains(c.Rules, "managed-component") && slices.Contains(c.Where.Kinds, in.Resource.Kind) &&
		(len(c.Where.Namespaces) == 0 || slices.Contains(c.Where.Namespaces, in.NamespaceName)) &&
		(len(c.Where.Names) == 0 || provider.MatchAny(c.Where.Names, in.Name))
}

// boundedData returns the entry that makes this ConfigMap the customer's and bounds the keys of its data.
func boundedData(in policy.Input) *provider.Customisation {
	for i := range in.Provider.Ledger {
		if c := &in.Provider.Ledger[i]; len(c.DataKeySuffixes) > 0 && ofComponent(c, in) {
			return c
		}
	}
	return nil
}

// unreadKeys finds data that the component never reads, which people take for applied. Keys that an update leaves as
// they were are the audit's business.
func unreadKeys(in policy.Input, entry *provider.Customisation) []policy.Finding {
	after, ok := object.As[*corev1.ConfigMap](in.Object)
	if !ok {
		return nil
	}
	var before map[string]string
	if old, ok := object.As[*corev1.ConfigMap](in.Old); ok {
		before = old.Data
	}
	var keys []string
	for key, value := range after.Data {
		was, existed := before[key]
		if (!existed || was != value) && !isReadKey(entry, key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var findings []policy.Finding
	for _, key := range keys {
		findings = append(findings, policy.Finding{
			Path:    field.NewPath("data").Key(key),
			Message: fmt.Sprintf("must end in %s: nothing reads it otherwise", strings.Join(entry.DataKeySuffixes, " or ")),
			Fix:     "rename the key",
			Doubt:   in.ManagedNamespace().Doubt(),
			AtMost:  policy.Warn,
		})
	}
	return findings
}

func isReadKey(entry *provider.Customisation, key string) bool {
	return slices.ContainsFunc(entry.DataKeySuffixes, func(s string) bool { return strings.HasSuffix(key, s) })
}

// fixOfChange says how the provider has the customer change this field.
func fixOfChange(in policy.Input, path string) string {
	if in.Subresource == "resize" {
		return "set it on the workload that made the pod, where AKS documents that: AKS puts back the rest"
	}
	if a := unlockingAnnotation(in, path); a != nil {
		return fmt.Sprintf("set the annotation %s=%s in the same change", a.Key, a.Value)
	}
	settings := ""
	switch {
	case path == "spec.replicas":
		settings = in.Name + "-autoscaler"
	case in.Resource == object.ConfigMaps:
		settings = in.Name + "-custom"
	}
	if slices.ContainsFunc(in.Provider.Ledger, func(c provider.Customisation) bool {
		return slices.Contains(c.Where.Kinds, object.ConfigMaps.Kind) && slices.Contains(c.Where.Names, settings)
	}) {
		return fmt.Sprintf("set it in the ConfigMap %s, which is yours to edit", settings)
	}
	return "leave it, or set it through az aks: AKS puts changes back"
}

// unlockingAnnotation returns the annotation under which the provider documents a change of this field as the customer's.
func unlockingAnnotation(in policy.Input, path string) *provider.Pair {
	for i := range in.Provider.Ledger {
		c := &in.Provider.Ledger[i]
		if c.If == nil || c.If.Annotation == nil || !ofComponent(c, in) {
			continue
		}
		if slices.ContainsFunc(c.Fields, func(f string) bool { return hintsAt(f, path) }) {
			return c.If.Annotation
		}
	}
	return nil
}

// hintsAt says roughly whether path lies below the entry's field: it chooses a hint, not a verdict.
func hintsAt(entry, path string) bool {
	head, tail, _ := strings.Cut(entry, "[*]")
	return strings.HasPrefix(path, head) && strings.Contains(path[len(head):], tail)
}
