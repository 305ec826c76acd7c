// SPDX-License-Identifier: Apache-2.0

package provider

import "testing"

// facts are sound ones, made anew for each offender.
func facts() NodeFacts {
	return NodeFacts{
		Machines:      []MachineForm{{Form: "toy:///accounts/{subscription}/folders/{resourceGroup}/sets/{scaleSet}/{machine}", Source: page}},
		ResourceGroup: []Label{{Key: "toy.example.com/folder", Source: page}},
		Pool:          []Label{{Key: "toy.example.com/pool", Source: page}},
		System:        []Label{{Key: "toy.example.com/mode", Value: "system", Source: page}},
		Dedicated:     []NodeTaint{{Key: "keep-out", Effects: []string{"NoSchedule"}, Source: page}},
	}
}

func TestNodeFactsOffenders(t *testing.T) {
	tests := []struct {
		name  string
		plant func(f *NodeFacts)
		want  string
	}{
		{"form without a group", func(f *NodeFacts) { f.Machines[0].Form = "toy:///{machine}" }, "facts.machines[0].form: Invalid value"},
		{"unknown name", func(f *NodeFacts) { f.Machines[0].Form = "{resourceGroup}/{node}" }, "facts.machines[0].form: Unsupported value"},
		{"name within a segment", func(f *NodeFacts) { f.Machines[0].Form = "{resourceGroup}/vm-{machine}" },
			"facts.machines[0].form: Unsupported value"},
		{"name twice", func(f *NodeFacts) { f.Machines[0].Form = "{resourceGroup}/{resourceGroup}" },
			"facts.machines[0].form: Duplicate value"},
		{"form twice", func(f *NodeFacts) { f.Machines = append(f.Machines, f.Machines[0]) }, "facts.machines[1].form: Duplicate value"},
		{"form without source", func(f *NodeFacts) { f.Machines[0].Source.Document = "" }, "facts.machines[0].source.document: Required value"},
		{"label without key", func(f *NodeFacts) { f.ResourceGroup[0].Key = "" }, "facts.resourceGroup[0].key: Required value"},
		{"value of a pool", func(f *NodeFacts) { f.Pool[0].Value = "a" }, "facts.pool[0].value: Invalid value"},
		{"any mode is system", func(f *NodeFacts) { f.System[0].Value = "" }, "facts.system[0].value: Required value"},
		{"taint without key", func(f *NodeFacts) { f.Dedicated[0].Key = "" }, "facts.dedicated[0].key: Required value"},
		{"taint without effect", func(f *NodeFacts) { f.Dedicated[0].Effects = nil }, "facts.dedicated[0].effects: Required value"},
		{"taint that only asks", func(f *NodeFacts) { f.Dedicated[0].Effects[0] = "PreferNoSchedule" },
			"facts.dedicated[0].effects[0]: Unsupported value"},
		{"taint without source", func(f *NodeFacts) { f.Dedicated[0].Source.Document = "" },
			"facts.dedicated[0].source.document: Required value"},
	}
	p := sound()
	p.Facts = facts()
	if errs := validate(p); len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := sound()
			p.Facts = facts()
			tt.plant(&p.Facts)
			wantOne(t, p, tt.want)
		})
	}
}
