// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"flag"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
)

var update = flag.Bool("update", false, "keep the first rounds as testdata")

// replay asks the model about every recorded round, after a change to what it is told, until there are enough
// disagreements; 0 asks all.
func replay(t *testing.T, enough int, change func(r *Round, s *admissionconfig.Server)) *Tally {
	t.Helper()
	all := &Tally{Enough: enough}
	for i := range rounds {
		if enough > 0 && len(all.Disagreements) >= enough {
			break
		}
		r, err := read(recorded(i))
		if err != nil {
			t.Fatal(err)
		}
		s := r.Server()
		change(r, s)
		all.Add(r, s)
	}
	return all
}

func unchanged(*Round, *admissionconfig.Server) {}

func complain(t *testing.T, what *Tally) {
	t.Helper()
	for i, d := range what.Disagreements {
		if i == 10 {
			break
		}
		t.Error(d)
	}
}

func TestModelAgreesWithRecording(t *testing.T) {
	got := replay(t, 0, unchanged)
	complain(t, got)
	if got.Cases < 10000 || got.Yes < 1000 || got.Refused < 20 {
		t.Errorf("the recording holds too little: %s", got)
	}
	t.Log(got)
}

// Whoever knows less may say maybe, and nothing wrong.
func TestLessKnowledgeIsNeverWrong(t *testing.T) {
	decided := replay(t, 0, unchanged)
	for name, forget := range map[string]func(q *admissionconfig.Request, s *admissionconfig.Server){
		"the server":           func(_ *admissionconfig.Request, s *admissionconfig.Server) { *s = admissionconfig.Server{} },
		"the server's release": func(_ *admissionconfig.Request, s *admissionconfig.Server) { s.Minor = 0 },
		"the user":             func(q *admissionconfig.Request, _ *admissionconfig.Server) { q.User = nil },
		"the name":             func(q *admissionconfig.Request, _ *admissionconfig.Server) { q.AnyName = true },
		"the kind":             func(q *admissionconfig.Request, _ *admissionconfig.Server) { q.Kind = schema.GroupVersionKind{} },
		"the options":          func(q *admissionconfig.Request, _ *admissionconfig.Server) { q.Options = nil },
		"the objects": func(q *admissionconfig.Request, _ *admissionconfig.Server) {
			q.Object, q.OldObject = blank(q.Object), blank(q.OldObject)
		},
		"all but the labels": func(q *admissionconfig.Request, _ *admissionconfig.Server) {
			q.Object, q.OldObject = labelled(q.Object), labelled(q.OldObject)
		},
		"half of the objects": func(q *admissionconfig.Request, _ *admissionconfig.Server) {
			q.Object, q.OldObject = half(q.Object), half(q.OldObject)
		},
		"the namespace's labels": func(q *admissionconfig.Request, _ *admissionconfig.Server) {
			if q.Namespace != nil {
				q.Namespace = &admissionconfig.Namespace{Name: q.Namespace.Name, Partial: true}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := replay(t, 0, func(r *Round, s *admissionconfig.Server) {
				requests(func(q *admissionconfig.Request) { forget(q, s) })(r, s)
			})
			complain(t, got)
			if got.Maybe <= decided.Maybe && name != "the server's release" {
				t.Errorf("nothing was forgotten: %s", got)
			}
			t.Log(got)
		})
	}
}

func blank(o *admissionconfig.Object) *admissionconfig.Object {
	if o == nil {
		return nil
	}
	return &admissionconfig.Object{}
}

func labelled(o *admissionconfig.Object) *admissionconfig.Object {
	if o == nil {
		return nil
	}
	meta, _ := o.Content["metadata"].(map[string]any)
	raw, _ := meta["labels"].(map[string]any)
	known := &admissionconfig.Object{Labels: map[string]string{}}
	for k, v := range raw {
		known.Labels[k], _ = v.(string)
	}
	return known
}

// half drops what a manifest wouldn't say.
func half(o *admissionconfig.Object) *admissionconfig.Object {
	if o == nil {
		return nil
	}
	content := map[string]any{}
	for k, v := range o.Content {
		if k == "spec" || k == "data" {
			continue
		}
		content[k] = v
	}
	if meta, ok := content["metadata"].(map[string]any); ok {
		content["metadata"] = map[string]any{"name": meta["name"]}
		if meta["name"] == nil {
			content["metadata"] = map[string]any{}
		}
	}
	return &admissionconfig.Object{Content: content, Sparse: true}
}

// broken copies of the model: what each gets wrong, the recording must show.
var broken = map[string]func(r *Round, s *admissionconfig.Server){
	"scope doesn't count": rules(func(r *admissionregistrationv1.NamedRuleWithOperations) { r.Scope = nil }),
	"scope is turned round": rules(func(r *admissionregistrationv1.NamedRuleWithOperations) {
		if r.Scope != nil && *r.Scope == admissionregistrationv1.NamespacedScope {
			r.Scope = new(admissionregistrationv1.ClusterScope)
		}
	}),
	"a star covers subresources": replaced("*", "*/*"),
	"*/* covers no subresources": replaced("*/*", "*"),
	"pods/* isn't pods itself":   replaced("pods/*", "pods/status"),
	"*/scale matches nothing":    replaced("*/scale", "scales/scale"),
	"versions don't count":       rules(func(r *admissionregistrationv1.NamedRuleWithOperations) { r.APIVersions = []string{"*"} }),
	"groups don't count":         rules(func(r *admissionregistrationv1.NamedRuleWithOperations) { r.APIGroups = []string{"*"} }),
	"operations don't count": rules(func(r *admissionregistrationv1.NamedRuleWithOperations) {
		r.Operations = []admissionregistrationv1.OperationType{"*"}
	}),
	"resource names don't count":    rules(func(r *admissionregistrationv1.NamedRuleWithOperations) { r.ResourceNames = nil }),
	"only the first rule counts":    hooks(func(m *match) { *m.rules = (*m.rules)[:min(1, len(*m.rules))] }),
	"every match is exact":          hooks(func(m *match) { *m.policy = new(admissionregistrationv1.Exact) }),
	"every match is equivalent":     hooks(func(m *match) { *m.policy = new(admissionregistrationv1.Equivalent) }),
	"the default is exact":          hooks(func(m *match) { *m.policy = orElse(*m.policy, admissionregistrationv1.Exact) }),
	"namespaces aren't selected":    hooks(func(m *match) { *m.namespaces = nil }),
	"objects aren't selected":       hooks(func(m *match) { *m.objects = nil }),
	"NotIn wants the label":         hooks(func(m *match) { present(*m.namespaces); present(*m.objects) }),
	"exclusions don't count":        hooks(func(m *match) { *m.exclude = nil }),
	"conditions don't count":        hooks(func(m *match) { *m.conditions = nil }),
	"the first condition decides":   hooks(func(m *match) { *m.conditions = (*m.conditions)[:min(1, len(*m.conditions))] }),
	"failures are always ignored":   hooks(func(m *match) { *m.failure = new(admissionregistrationv1.Ignore) }),
	"failures are never ignored":    hooks(func(m *match) { *m.failure = new(admissionregistrationv1.Fail) }),
	"bindings don't narrow":         func(r *Round, _ *admissionconfig.Server) { widen(r.Configurations) },
	"policies need no binding":      func(r *Round, _ *admissionconfig.Server) { bind(r.Configurations) },
	"nothing is equivalent":         func(_ *Round, s *admissionconfig.Server) { s.Equivalents = alone },
	"reviews are hidden":            func(_ *Round, s *admissionconfig.Server) { s.Minor = 37 },
	"old objects don't count":       requests(func(q *admissionconfig.Request) { q.OldObject = nil }),
	"new objects don't count":       requests(func(q *admissionconfig.Request) { q.Object = nil }),
	"subresources don't count":      requests(func(q *admissionconfig.Request) { q.Subresource = "" }),
	"nothing is a dry run":          requests(func(q *admissionconfig.Request) { q.DryRun = false }),
	"the name is in every request":  requests(named),
	"CONNECT has labels":            requests(connected),
	"cluster-scoped is in no place": requests(placed),
	"namespaces keep their labels":  requests(kept),
	"namespaces don't bear names":   requests(unnamed),
}

func TestBrokenModelsAreCaught(t *testing.T) {
	for name, breaks := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := replay(t, 1, breaks)
			if len(got.Disagreements) == 0 {
				t.Fatalf("nobody noticed: %s", got)
			}
			t.Logf("the %d. case shows it", got.Cases)
		})
	}
}

func alone(schema.GroupVersionResource, string) ([]admissionconfig.Equivalent, bool) {
	return nil, true
}

func present(s *metav1.LabelSelector) {
	if s == nil {
		return
	}
	for _, e := range s.MatchExpressions {
		if e.Operator == metav1.LabelSelectorOpNotIn {
			s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: e.Key, Operator: metav1.LabelSelectorOpExists})
		}
	}
}
