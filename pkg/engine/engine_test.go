// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// rule makes a lawful rule around a check.
func rule(id policy.ID, check policy.Check) policy.Rule {
	return policy.Rule{ID: id, Title: "test", Clauses: []provider.ClauseID{"system-metadata"}, Since: "v0.1.0", Default: policy.Deny,
		Doc:   policy.Doc{Why: "It is a test.", Fix: "Do nothing."},
		Match: policy.OnEach([]object.Resource{object.Pods, object.ConfigMaps, object.Namespaces}, policy.Create, policy.Update),
		Check: check}
}

func finding(f policy.Finding) policy.Check {
	return func(policy.Input) []policy.Finding { return []policy.Finding{f} }
}

// byLabel finds every label whose key begins with "bad", so that old and new objects can differ.
func byLabel(in policy.Input) []policy.Finding {
	var found []policy.Finding
	for k := range in.Object.Meta.Labels {
		if strings.HasPrefix(k, "bad") {
			found = append(found, policy.Finding{Path: field.NewPath("metadata", "labels").Key(k), Message: "must not be there"})
		}
	}
	return found
}

func build(t *testing.T, cfg *v1alpha1.Configuration, rules ...policy.Rule) *engine.Engine {
	t.Helper()
	if cfg == nil {
		cfg = v1alpha1.Default()
	}
	e, err := engine.New(rules, provider.AKS(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func pod(t *testing.T, labels string) *object.Object {
	t.Helper()
	o, err := object.Decode([]byte(`{"metadata":{"name":"web","namespace":"shop","labels":{`+labels+`}}}`),
		schema.GroupVersionKind{Version: "v1", Kind: "Pod"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// create is the creation of a pod in shop by Ada.
func create(t *testing.T, labels string) policy.Input {
	return policy.Input{Operation: policy.Create, Resource: object.Pods, Object: pod(t, labels), Name: "web", NamespaceName: "shop",
		Namespace: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}},
		User:      &authenticationv1.UserInfo{Username: "ada@contoso.example", Groups: []string{"tenants"}}}
}

func modes(d engine.Decision) []policy.Mode {
	var list []policy.Mode
	for _, v := range d.Verdicts {
		list = append(list, v.Mode)
	}
	return list
}

func TestModeIsTheLeast(t *testing.T) {
	for name, c := range map[string]struct {
		ceiling, rule policy.Mode
		finding       policy.Finding
		want          policy.Mode
	}{
		"default":              {policy.Deny, "", policy.Finding{}, policy.Deny},
		"ceiling":              {policy.Audit, "", policy.Finding{}, policy.Audit},
		"rule":                 {policy.Deny, policy.Warn, policy.Finding{}, policy.Warn},
		"doubt":                {policy.Deny, "", policy.Finding{Doubt: "unsure"}, policy.Warn},
		"doubt stays mild":     {policy.Deny, policy.Audit, policy.Finding{Doubt: "unsure"}, policy.Audit},
		"bound of the finding": {policy.Deny, "", policy.Finding{AtMost: policy.Audit}, policy.Audit},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := v1alpha1.Default()
			cfg.Mode = c.ceiling
			cfg.Rules = map[policy.ID]v1alpha1.Rule{"a": {Mode: c.rule}}
			d := build(t, cfg, rule("a", finding(c.finding))).Evaluate(create(t, ""), now)
			if diff := cmp.Diff([]policy.Mode{c.want}, modes(d)); diff != "" {
				t.Errorf("modes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOffDoesNotRun(t *testing.T) {
	cfg := v1alpha1.Default()
	cfg.Rules = map[policy.ID]v1alpha1.Rule{"a": {Mode: policy.Off}}
	e := build(t, cfg, rule("a", func(policy.Input) []policy.Finding { t.Error("ran"); return nil }))
	e.Evaluate(create(t, ""), now)
}

func TestPanicIsAFaultOfOneRule(t *testing.T) {
	e := build(t, nil, rule("a", func(policy.Input) []policy.Finding { panic("boom") }), rule("b", finding(policy.Finding{})))
	d := e.Evaluate(create(t, ""), now)
	if len(d.Faults) != 1 || d.Faults[0].Rule != "a" || d.Faults[0].Stack == "" {
		t.Errorf("faults: got %+v, want one of a with a stack", d.Faults)
	}
	if len(d.Verdicts) != 1 || d.Verdicts[0].Rule.ID != "b" {
		t.Errorf("verdicts: got %+v, want one of b", d.Verdicts)
	}
}

func TestMalformedBodyIsAFault(t *testing.T) {
	reads := rule("a", policy.ForPods(func(policy.Input, object.Pod) []policy.Finding { return nil }))
	in := create(t, "")
	in.Object, _ = object.Decode([]byte(`{"metadata":{"name":"web"},"spec":{"containers":7}}`), in.Object.GVK)
	if d := build(t, nil, reads).Evaluate(in, now); len(d.Faults) != 1 {
		t.Errorf("faults: got %+v, want one: the rule was blind", d.Faults)
	}
}

func TestProviderIsNotJudged(t *testing.T) {
	in := create(t, "")
	in.User = &authenticationv1.UserInfo{Username: "aksService", Groups: []string{"system:masters"}}
	d := build(t, nil, rule("a", finding(policy.Finding{}))).Evaluate(in, now)
	if d.Identity == nil || len(d.Verdicts) != 0 {
		t.Errorf("got %+v, want no verdict and the identity", d)
	}
	in.User.Username = "masterclient"
	if d := build(t, nil, rule("a", finding(policy.Finding{}))).Evaluate(in, now); d.Allowed() {
		t.Error("masterclient is the customer's own admin and must be judged")
	}
}

func TestRatchet(t *testing.T) {
	e := build(t, nil, rule("a", byLabel))
	for name, c := range map[string]struct {
		before, after string
		want          []policy.Mode
	}{
		"same as before":        {`"bad":"1"`, `"bad":"2"`, []policy.Mode{policy.Warn}},
		"new":                   {``, `"bad":"1"`, []policy.Mode{policy.Deny}},
		"better":                {`"bad":"1"`, ``, nil},
		"one old and one added": {`"bad":"1"`, `"bad":"1","bad2":"1"`, []policy.Mode{policy.Deny, policy.Warn}},
	} {
		t.Run(name, func(t *testing.T) {
			in := create(t, c.after)
			in.Operation, in.Old = policy.Update, pod(t, c.before)
			got := modes(e.Evaluate(in, now))
			less := func(a, b policy.Mode) bool { return a < b }
			if diff := cmp.Diff(c.want, sorted(got, less)); diff != "" {
				t.Errorf("modes (-want +got):\n%s", diff)
			}
		})
	}
}

func sorted(ms []policy.Mode, less func(a, b policy.Mode) bool) []policy.Mode {
	for i := range ms {
		for j := i + 1; j < len(ms); j++ {
			if less(ms[j], ms[i]) {
				ms[i], ms[j] = ms[j], ms[i]
			}
		}
	}
	return ms
}

// A container put in front moves the others; what was wrong with them was wrong before.
func TestRatchetIgnoresPositions(t *testing.T) {
	at := func(i int) policy.Check {
		return func(in policy.Input) []policy.Finding {
			if in.Object.Meta.Labels["old"] != "" {
				i = 0
			}
			return []policy.Finding{{Path: field.NewPath("spec", "containers").Index(i).Child("image"), Message: "m"}}
		}
	}
	in := create(t, "")
	in.Operation, in.Old = policy.Update, pod(t, `"old":"yes"`)
	d := build(t, nil, rule("a", at(3))).Evaluate(in, now)
	if len(d.Verdicts) != 1 || !d.Verdicts[0].Existing {
		t.Errorf("got %+v, want one existing verdict", d.Verdicts)
	}
}

func TestSkippedForWantOfFacts(t *testing.T) {
	needy := rule("a", finding(policy.Finding{}))
	needy.Needs = policy.Needs{Request: true, Old: true, Namespace: true, Cluster: true}
	e := build(t, nil, needy)
	in := create(t, "")
	in.Operation, in.Namespace, in.User = policy.Update, nil, nil
	want := []engine.Skip{{Rule: "a", Needs: []string{"request", "old object", "namespace", "cluster"}}}
	if diff := cmp.Diff(want, e.Evaluate(in, now).Skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	// Facts of one sort are none of another: Nodes may be known before the version is.
	in.Cluster = &policy.ClusterFacts{Nodes: &policy.NodeFacts{}}
	if diff := cmp.Diff(want, e.Evaluate(in, now).Skipped); diff != "" {
		t.Errorf("skipped without the version (-want +got):\n%s", diff)
	}
	in.Operation, in.Old = policy.AtRest, nil
	if diff := cmp.Diff([]engine.Skip{{Rule: "a", Needs: []string{"request"}}}, e.Evaluate(in, now).Skipped); diff != "" {
		t.Errorf("skipped at rest (-want +got):\n%s", diff)
	}
}

func TestUnknownKind(t *testing.T) {
	r := rule("a", byLabel)
	r.Match = append(r.Match, policy.On(object.Unknown, policy.Create))
	in := create(t, `"bad":"1"`)
	in.Resource = object.Resource{Group: "example.com", Version: "v1", Kind: "Widget", Plural: "widgets", Namespaced: true}
	if got := modes(build(t, nil, r).Evaluate(in, now)); len(got) != 1 {
		t.Errorf("got %v, want a verdict on the metadata of an unknown kind", got)
	}
}

// A match in two versions of a resource is for the registration; the rule runs once.
func TestMatchedInTwoVersions(t *testing.T) {
	r := rule("a", finding(policy.Finding{}))
	other := object.Pods
	other.Version = "v1alpha1"
	r.Match = append(r.Match, policy.On(other, policy.Create))
	if got := modes(build(t, nil, r).Evaluate(create(t, ""), now)); len(got) != 1 {
		t.Errorf("got %v, want one verdict", got)
	}
}

func TestBadRulesAndParameters(t *testing.T) {
	twice := rule("a", byLabel)
	clauseless := rule("b", byLabel)
	clauseless.Clauses = []provider.ClauseID{"no-such-clause"}
	if _, err := engine.New([]policy.Rule{twice, twice, clauseless}, provider.AKS(), v1alpha1.Default()); err == nil ||
		!strings.Contains(err.Error(), "another rule has this ID") || !strings.Contains(err.Error(), "no-such-clause") {
		t.Errorf("got %v, want both breaches", err)
	}
	cfg := v1alpha1.Default()
	cfg.Rules = map[policy.ID]v1alpha1.Rule{"a": {Params: policy.RawParams(`{"x":1}`)}}
	if _, err := engine.New([]policy.Rule{twice}, provider.AKS(), cfg); err == nil || !strings.Contains(err.Error(), "rules[a].params") {
		t.Errorf("got %v, want an error at rules[a].params", err)
	}
}

type limit struct {
	Most int `json:"most"`
}

func TestParams(t *testing.T) {
	r := rule("a", nil)
	r.Params = &policy.Params{
		Defaults: func() any { return &limit{Most: 1} },
		Bind: func(p any, path *field.Path) (policy.Check, field.ErrorList) {
			most := p.(*limit).Most
			if most < 0 {
				return nil, field.ErrorList{field.Invalid(path.Child("most"), most, "must not be negative")}
			}
			return func(policy.Input) []policy.Finding { return make([]policy.Finding, most) }, nil
		},
	}
	for raw, want := range map[string]int{``: 1, `{"most":3}`: 3} {
		cfg := v1alpha1.Default()
		cfg.Rules = map[policy.ID]v1alpha1.Rule{"a": {Params: policy.RawParams(raw)}}
		if got := len(build(t, cfg, r).Evaluate(create(t, ""), now).Verdicts); got != want {
			t.Errorf("params %q: got %d verdicts, want %d", raw, got, want)
		}
	}
	for raw, want := range map[string]string{`{"most":-1}`: "rules[a].params.most", `{"Most":1}`: "unknown field", `7`: "rules[a].params"} {
		cfg := v1alpha1.Default()
		cfg.Rules = map[policy.ID]v1alpha1.Rule{"a": {Params: policy.RawParams(raw)}}
		if _, err := engine.New([]policy.Rule{r}, provider.AKS(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("params %q: got %v, want an error with %q", raw, err, want)
		}
	}
}
