// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var page = Source{Document: "page.md", URL: "https://example.com/page", Confidence: "A"}

// sound is a profile with one entry in every list and nothing wrong. Each call makes a new one, to plant an offender in.
func sound() *Profile {
	label := []Label{{Key: "toy.example.com/managed", Value: "yes", Source: page}}
	return &Profile{
		Name: "toy", Title: "Toy Service",
		Clauses:    []Clause{{ID: "one-thing", Title: "one", Says: "It is so.", Consequence: Reverted, Source: page}},
		Namespaces: []ManagedNamespace{{Name: "toy-system", Owner: "core", Source: page}},
		Marks: Marks{
			ManagedNamespace: label, HidesNamespace: label, Managed: label, Legacy: label, Editable: label,
			ModeKeys: []string{"mode"}, Prefixes: []string{"toy.example.com/"}, Exempts: label[0],
			OwnWebhooks: label, Enforcer: Enforcer{Manager: "toy-enforcer", Source: page},
		},
		Components: []Component{{Namespace: "toy-system", Group: "apps", Kind: "Deployment", Names: []string{"dns", "log-*"}, Source: page}},
		NodeMetadata: NodeMetadata{
			Labels:      []MetadataKey{{Key: "toy.example.com/pool", Standing: Documented, PoolFlag: "--labels", Source: page}},
			Annotations: []MetadataKey{{Key: "toy.example.com/*", Standing: Observed, Source: page}},
			Taints:      []MetadataKey{{Key: "boot", Standing: Writable, Change: "Remove", Source: page}},
		},
		CustomerKeys: []CustomerKey{{Key: "toy.example.com/own", On: "Label", Kinds: []string{"Pod"}, Source: page}},
		Identities:   []Identity{{User: "node:*", Group: "nodes", Role: NodeRole, Source: page}},
		Ledger: []Customisation{{
			ID: "restart", Title: "restart", Rules: []string{"managed-component"}, Effect: Pass, Source: page,
			Where: Where{Namespaces: []string{"toy-system"}, Kinds: []string{"Deployment"}, Names: []string{"dns"},
				Labels: []Pair{{Key: "app", Value: "dns"}}, Images: []string{"example.com/dns:"}, Operations: []string{"UPDATE"}},
			Fields:          []string{"spec.template.metadata.annotations[example.com/restarted-at]", "spec.containers[*].resources"},
			If:              &Requirement{Annotation: &Pair{Key: "toy.example.com/own", Value: "on"}},
			DataKeySuffixes: []string{".server"},
		}},
	}
}

func TestSound(t *testing.T) {
	if errs := validate(sound()); len(errs) > 0 {
		t.Error(errs.ToAggregate())
	}
}

func TestOffenders(t *testing.T) {
	tests := []struct {
		name  string
		plant func(p *Profile)
		want  string
	}{
		{"no name", func(p *Profile) { p.Name = "" }, "name: Required value"},
		{"no title", func(p *Profile) { p.Title = " " }, "title: Required value"},

		{"no clauses", func(p *Profile) { p.Clauses = nil }, "clauses: Required value"},
		{"clause without id", func(p *Profile) { p.Clauses[0].ID = "" }, "clauses[0].id: Invalid value"},
		{"clause id in capitals", func(p *Profile) { p.Clauses[0].ID = "One" }, "clauses[0].id: Invalid value"},
		{"clause twice", func(p *Profile) { p.Clauses = append(p.Clauses, p.Clauses[0]) }, "clauses[1].id: Duplicate value"},
		{"clause without title", func(p *Profile) { p.Clauses[0].Title = "" }, "clauses[0].title: Required value"},
		{"clause that says nothing", func(p *Profile) { p.Clauses[0].Says = "" }, "clauses[0].says: Required value"},
		{"clause without consequence", func(p *Profile) { p.Clauses[0].Consequence = "" }, "clauses[0].consequence: Unsupported value"},
		{"clause without source", func(p *Profile) { p.Clauses[0].Source.Document = "" }, "clauses[0].source.document: Required value"},
		{"no confidence", func(p *Profile) { p.Clauses[0].Source.Confidence = "" }, "clauses[0].source.confidence: Unsupported value"},
		{"unknown confidence", func(p *Profile) { p.Clauses[0].Source.Confidence = "E" }, "clauses[0].source.confidence: Unsupported value"},
		{"plain http", func(p *Profile) { p.Clauses[0].Source.URL = "http://example.com" }, "clauses[0].source.url: Invalid value"},

		{"no namespaces", func(p *Profile) { p.Namespaces, p.Components, p.Ledger = nil, nil, nil }, "namespaces: Required value"},
		{"namespace without name", func(p *Profile) { p.Namespaces = append(p.Namespaces, ManagedNamespace{Owner: "x", Source: page}) },
			"namespaces[1].name: Required value"},
		{"namespace twice", func(p *Profile) { p.Namespaces = append(p.Namespaces, p.Namespaces[0]) }, "namespaces[1].name: Duplicate value"},
		{"namespace without owner", func(p *Profile) { p.Namespaces[0].Owner = "" }, "namespaces[0].owner: Required value"},
		{"namespace without source", func(p *Profile) { p.Namespaces[0].Source.Document = "" }, "namespaces[0].source.document: Required value"},

		{"no mark of namespaces", func(p *Profile) { p.Marks.ManagedNamespace = nil }, "marks.managedNamespace: Required value"},
		{"no mark of objects", func(p *Profile) { p.Marks.Managed = nil }, "marks.managed: Required value"},
		{"mark without key", func(p *Profile) { p.Marks.Legacy = []Label{{Source: page}} }, "marks.legacy[0].key: Required value"},
		{"mark without source", func(p *Profile) { p.Marks.Editable = []Label{{Key: "x", Source: Source{Confidence: "A"}}} },
			"marks.editable[0].source.document: Required value"},
		{"hiding mark without source", func(p *Profile) { p.Marks.HidesNamespace = []Label{{Key: "x", Source: Source{Confidence: "A"}}} },
			"marks.hidesNamespace[0].source.document: Required value"},
		{"empty mode key", func(p *Profile) { p.Marks.ModeKeys[0] = "" }, "marks.modeKeys[0]: Required value"},
		{"prefix without slash", func(p *Profile) { p.Marks.Prefixes[0] = "toy.example.com" }, "marks.prefixes[0]: Invalid value"},
		{"empty prefix", func(p *Profile) { p.Marks.Prefixes[0] = "/" }, "marks.prefixes[0]: Invalid value"},
		{"no exempting mark", func(p *Profile) { p.Marks.Exempts.Key = "" }, "marks.exempts.key: Required value"},
		{"own webhooks' mark without key", func(p *Profile) { p.Marks.OwnWebhooks = []Label{{Source: page}} }, "marks.ownWebhooks[0].key: Required value"},
		{"enforcer without source", func(p *Profile) { p.Marks.Enforcer.Source = Source{Confidence: "A"} }, "marks.enforcer.source.document: Required value"},

		{"component without kind", func(p *Profile) { p.Components[0].Kind = "" }, "components[0].kind: Invalid value"},
		{"component in an unknown namespace", func(p *Profile) { p.Components[0].Namespace = "shop" }, "components[0].namespace: Invalid value"},
		{"component without names", func(p *Profile) { p.Components[0].Names = nil }, "components[0].names: Required value"},
		{"component with an empty name", func(p *Profile) { p.Components[0].Names[0] = "" }, "components[0].names[0]: Required value"},
		{"component named by anything", func(p *Profile) { p.Components[0].Names[0] = "*" }, "components[0].names[0]: Invalid value"},
		{"star inside a name", func(p *Profile) { p.Components[0].Names[0] = "a*b" }, "components[0].names[0]: Invalid value"},
		{"component twice", func(p *Profile) { p.Components[0].Names[1] = "dns" }, "components[0].names[1]: Duplicate value"},
		{"component without source", func(p *Profile) { p.Components[0].Source.Document = "" }, "components[0].source.document: Required value"},

		{"node key twice", func(p *Profile) { p.NodeMetadata.Taints = append(p.NodeMetadata.Taints, p.NodeMetadata.Taints[0]) },
			"nodeMetadata.taints[1].key: Duplicate value"},
		{"node key empty", func(p *Profile) { p.NodeMetadata.Labels[0].Key = "" }, "nodeMetadata.labels[0].key: Required value"},
		{"standing unknown", func(p *Profile) { p.NodeMetadata.Annotations[0].Standing = "Seen" },
			"nodeMetadata.annotations[0].standing: Unsupported value"},
		{"change unknown", func(p *Profile) { p.NodeMetadata.Taints[0].Change = "Drop" }, "nodeMetadata.taints[0].change: Unsupported value"},
		{"change of what isn't writable", func(p *Profile) { p.NodeMetadata.Labels[0].Change = "Remove" },
			"nodeMetadata.labels[0].change: Invalid value"},
		{"flag that isn't one", func(p *Profile) { p.NodeMetadata.Labels[0].PoolFlag = "labels" }, "nodeMetadata.labels[0].poolFlag: Invalid value"},
		{"node key without source", func(p *Profile) { p.NodeMetadata.Labels[0].Source.Document = "" },
			"nodeMetadata.labels[0].source.document: Required value"},

		{"customer key empty", func(p *Profile) { p.CustomerKeys[0].Key = "" }, "customerKeys[0].key: Required value"},
		{"customer key on what", func(p *Profile) { p.CustomerKeys[0].On = "Selector" }, "customerKeys[0].on: Unsupported value"},
		{"customer key twice", func(p *Profile) { p.CustomerKeys = append(p.CustomerKeys, p.CustomerKeys[0]) },
			"customerKeys[1].key: Duplicate value"},
		{"customer key of no kind", func(p *Profile) { p.CustomerKeys[0].Kinds[0] = "pods" }, "customerKeys[0].kinds[0]: Invalid value"},
		{"customer key without source", func(p *Profile) { p.CustomerKeys[0].Source.Document = "" },
			"customerKeys[0].source.document: Required value"},

		{"no identities", func(p *Profile) { p.Identities = nil }, "identities: Required value"},
		{"identity without user", func(p *Profile) { p.Identities[0].User = "" }, "identities[0].user: Required value"},
		{"identity twice", func(p *Profile) { p.Identities = append(p.Identities, p.Identities[0]) }, "identities[1].user: Duplicate value"},
		{"role unknown", func(p *Profile) { p.Identities[0].Role = "Customer"; p.Identities[0].User = "x" }, "identities[0].role: Unsupported value"},
		{"prefix of what isn't a node", func(p *Profile) { p.Identities[0].Role = AddonRole }, "identities[0].user: Invalid value"},
		{"node without group", func(p *Profile) { p.Identities[0].Group = "" }, "identities[0].group: Required value"},
		{"identity without source", func(p *Profile) { p.Identities[0].Source.Document = "" }, "identities[0].source.document: Required value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := sound()
			tt.plant(p)
			wantOne(t, p, tt.want)
		})
	}
}

// wantOne demands exactly one error, that begins as wanted.
func wantOne(t *testing.T, p *Profile, want string) {
	t.Helper()
	errs := validate(p)
	var got []string
	for _, err := range errs {
		got = append(got, err.Error()[:min(len(want), len(err.Error()))])
		if _, explained, _ := strings.Cut(err.Error()[len(err.Field):], ": "); !strings.Contains(explained, ": ") {
			t.Errorf("error %q doesn't say what would be right", err)
		}
	}
	if diff := cmp.Diff([]string{want}, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s\n%v", diff, errs.ToAggregate())
	}
}
