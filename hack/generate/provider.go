// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// providerFacts writes what the chart's policies say of the provider: the terms that its enforcer adds, the mark that keeps
// it away, how its own webhook configurations are told, and who acts for it.
func (c pages) providerFacts() error {
	type label struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	labels := func(marks []provider.Label) []label {
		var list []label
		for _, l := range marks {
			list = append(list, label{l.Key, l.Value})
		}
		return list
	}
	var names, users []string
	for _, k := range c.profile.Components {
		if k.Group == admissionregistrationv1.GroupName && (k.Kind == "ValidatingWebhookConfiguration" || k.Kind == "MutatingWebhookConfiguration") {
			names = append(names, k.Names...)
		}
	}
	for _, id := range c.profile.Identities {
		if id.Role == provider.ProviderRole || id.Role == provider.AddonRole {
			users = append(users, id.User)
		}
	}
	slices.Sort(names)
	return writeYAML("charts/demarc/files/provider.yaml", map[string]any{
		"terms":                admissionconfig.Terms(c.profile),
		"optOut":               labels([]provider.Label{c.profile.Marks.Exempts})[0],
		"namespaceMarks":       labels(c.profile.Marks.HidesNamespace),
		"webhookConfiguration": map[string]any{"names": names, "labels": labels(c.profile.Marks.OwnWebhooks)},
		"users":                users,
	})
}
