// SPDX-License-Identifier: Apache-2.0

package provider

import "testing"

func TestLedgerOffenders(t *testing.T) {
	tests := []struct {
		name  string
		plant func(c *Customisation)
		want  string
	}{
		{"id", func(c *Customisation) { c.ID = "a--b" }, "ledger[0].id: Invalid value"},
		{"title", func(c *Customisation) { c.Title = "" }, "ledger[0].title: Required value"},
		{"no rule", func(c *Customisation) { c.Rules = nil }, "ledger[0].rules: Required value"},
		{"misspelt rule", func(c *Customisation) { c.Rules[0] = "managedComponent" }, "ledger[0].rules[0]: Invalid value"},
		{"no effect", func(c *Customisation) { c.Effect = "" }, "ledger[0].effect: Unsupported value"},
		{"unknown effect", func(c *Customisation) { c.Effect = "Deny" }, "ledger[0].effect: Unsupported value"},
		{"no kind", func(c *Customisation) { c.Where.Kinds = nil }, "ledger[0].where.kinds: Required value"},
		{"plural for a kind", func(c *Customisation) { c.Where.Kinds[0] = "deployments" }, "ledger[0].where.kinds[0]: Invalid value"},
		{"kind with a group", func(c *Customisation) { c.Where.Kinds[0] = "Deployment.apps" }, "ledger[0].where.kinds[0]: Invalid value"},
		{"cluster and namespaces", func(c *Customisation) { c.Where.Cluster = true }, "ledger[0].where.namespaces: Invalid value"},
		{"unknown namespace", func(c *Customisation) { c.Where.Namespaces[0] = "shop" }, "ledger[0].where.namespaces[0]: Invalid value"},
		{"empty namespace", func(c *Customisation) { c.Where.Namespaces[0] = "" }, "ledger[0].where.namespaces[0]: Required value"},
		{"any name spelt out", func(c *Customisation) { c.Where.Names[0] = "*" }, "ledger[0].where.names[0]: Invalid value"},
		{"label without key", func(c *Customisation) { c.Where.Labels[0].Key = "" }, "ledger[0].where.labels[0].key: Required value"},
		{"empty image", func(c *Customisation) { c.Where.Images[0] = "" }, "ledger[0].where.images[0]: Required value"},
		{"operation in small letters", func(c *Customisation) { c.Where.Operations[0] = "update" },
			"ledger[0].where.operations[0]: Unsupported value"},
		{"verb for an operation", func(c *Customisation) { c.Where.Operations[0] = "PATCH" }, "ledger[0].where.operations[0]: Unsupported value"},
		{"demands nothing", func(c *Customisation) { c.If = &Requirement{} }, "ledger[0].if: Required value"},
		{"annotation without key", func(c *Customisation) { c.If.Annotation.Key = "" }, "ledger[0].if.annotation.key: Required value"},
		{"empty suffix", func(c *Customisation) { c.DataKeySuffixes[0] = "" }, "ledger[0].dataKeySuffixes[0]: Required value"},
		{"field", func(c *Customisation) { c.Fields[0] = "/spec/replicas" }, "ledger[0].fields[0]: Invalid value"},
		{"source", func(c *Customisation) { c.Source.Document = "" }, "ledger[0].source.document: Required value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := sound()
			tt.plant(&p.Ledger[0])
			wantOne(t, p, tt.want)
		})
	}
	t.Run("twice", func(t *testing.T) {
		p := sound()
		p.Ledger = append(p.Ledger, p.Ledger[0])
		wantOne(t, p, "ledger[1].id: Duplicate value")
	})
}

func TestIsFieldPattern(t *testing.T) {
	tests := map[string]bool{
		"data":                             true,
		"spec.replicas":                    true,
		"data[labels]":                     true,
		"spec.containers[*].resources":     true,
		"spec.containers[0].ports[1]":      true,
		"metadata.annotations[a.b/c-d]":    true,
		"metadata.annotations[a.b/c].more": true,
		"":                                 false,
		".spec":                            false,
		"spec.":                            false,
		"spec..replicas":                   false,
		"Spec":                             false,
		"spec/replicas":                    false,
		"spec.containers[]":                false,
		"spec.containers[0":                false,
		"spec.containers[0]resources":      false,
		"spec.containers[[0]]":             false,
		"spec.*":                           false,
		"metadata.annotations.a.b/c":       false,
	}
	for s, want := range tests {
		if got := isFieldPattern(s); got != want {
			t.Errorf("isFieldPattern(%q): got %v, want %v", s, got, want)
		}
	}
}
