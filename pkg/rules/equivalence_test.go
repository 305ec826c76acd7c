// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// The same manifest gets the same answer in a file, where nobody asks for anything, as when a customer creates it. In the
// provider's territory it matters who asks: there an object at rest may be the provider's own, so less is said of it,
// and never anything else. Rules that must know who asks are skipped at rest, and say so.
func TestAtRestAgreesWithCreation(t *testing.T) {
	e := newEngine(t, rules.All())
	for _, c := range creations(t) {
		in := input(t, c)
		created := e.Evaluate(in, time.Unix(0, 0))
		in.Operation, in.User = policy.AtRest, nil
		rest := e.Evaluate(in, time.Unix(0, 0))
		skipped := map[policy.ID]bool{}
		for _, s := range rest.Skipped {
			skipped[s.Rule] = true
		}
		created.Verdicts = slices.DeleteFunc(created.Verdicts, func(v engine.Verdict) bool { return skipped[v.Rule.ID] })
		if ofTheCustomer(in) {
			if diff := cmp.Diff(spelt(created), spelt(rest)); diff != "" {
				t.Errorf("%s (-created +at rest):\n%s", c.ID(), diff)
			}
			continue
		}
		for _, v := range rest.Verdicts {
			if !slices.ContainsFunc(created.Verdicts, func(w engine.Verdict) bool { return noStronger(v, w) }) {
				t.Errorf("%s: at rest, and not at its creation: %s %s: %s", c.ID(), v.Rule.ID, v.Where(), v.Message)
			}
		}
	}
}

// ofTheCustomer says whether nothing about the object hints at the provider: no mark, no namespace of its.
func ofTheCustomer(in policy.Input) bool {
	in.Provider = provider.AKS()
	marks := in.Provider.Marks
	for _, m := range slices.Concat(marks.ManagedNamespace, marks.HidesNamespace, marks.Managed, marks.Legacy) {
		if _, ok := in.Object.Meta.Labels[m.Key]; ok {
			return false
		}
	}
	return in.ManagedNamespace() == policy.NotManaged && in.Resource != object.Nodes
}

func noStronger(v, than engine.Verdict) bool {
	return v.Rule == than.Rule && v.Where() == than.Where() && v.Message == than.Message && than.Mode.AtLeast(v.Mode)
}

// An update that changes nothing is never refused, whatever is wrong with the object; nor is one that only adds an
// annotation of the customer's own to an object that is not the provider's.
func TestUpdateThatAddsNothingIsNeverRefused(t *testing.T) {
	e := newEngine(t, rules.All())
	for _, c := range loadCases(t) {
		if c.Request.Subresource != "" {
			continue
		}
		in := input(t, c)
		in.Operation, in.Object = policy.Update, in.Subject()
		in.Old = in.Object
		if d := e.Evaluate(in, time.Unix(0, 0)); !d.Allowed() {
			t.Errorf("%s: an update that changes nothing is refused: %s", c.ID(), spelt(d))
		}
		if provided(in) {
			continue
		}
		in.Object = again(t, in.Object, func(o map[string]any) {
			annotate(o, "contoso.example/touched", "yes")
		})
		if d := e.Evaluate(in, time.Unix(0, 0)); !d.Allowed() {
			t.Errorf("%s: an annotation of one's own is refused: %s", c.ID(), spelt(d))
		}
	}
}

// provided says whether the object is the provider's, so that every change to it is one too many.
func provided(in policy.Input) bool {
	in.Provider = provider.AKS()
	_, marked := in.Marked()
	_, known := in.Provider.KnownComponent(in.NamespaceName, in.Resource.Group, in.Resource.Kind, in.Name)
	return marked || known
}

// What the API server writes into every object, and the order of its fields, change no answer.
func TestIrrelevantFieldsChangeNothing(t *testing.T) {
	e := newEngine(t, rules.All())
	for _, c := range loadCases(t) {
		if c.Request.Operation == "CONNECT" {
			continue // the options of a connection have no metadata
		}
		in := input(t, c)
		want := spelt(e.Evaluate(in, time.Unix(0, 0)))
		for _, o := range []**object.Object{&in.Object, &in.Old} {
			if *o != nil {
				*o = again(t, *o, serverFields)
			}
		}
		if diff := cmp.Diff(want, spelt(e.Evaluate(in, time.Unix(0, 0)))); diff != "" {
			t.Errorf("%s (-plain +as the server has it):\n%s", c.ID(), diff)
		}
	}
}

func serverFields(o map[string]any) {
	meta, ok := o["metadata"].(map[string]any)
	if !ok {
		return
	}
	maps.Copy(meta, map[string]any{
		"uid": "6f7a", "resourceVersion": "12", "generation": 3, "creationTimestamp": "2026-01-02T03:04:05Z",
		"managedFields": []any{map[string]any{"manager": "kubectl", "operation": "Apply", "fieldsV1": map[string]any{"f:spec": map[string]any{}}}},
	})
	annotate(o, "kubectl.kubernetes.io/last-applied-configuration", `{"kind":"Pod"}`)
}

func annotate(o map[string]any, key, value string) {
	meta, ok := o["metadata"].(map[string]any)
	if !ok {
		meta = map[string]any{}
		o["metadata"] = meta
	}
	annotations, ok := meta["annotations"].(map[string]any)
	if !ok {
		annotations = map[string]any{}
		meta["annotations"] = annotations
	}
	annotations[key] = value
}

// again decodes an object anew after a change, its fields in an order of its own.
func again(t *testing.T, o *object.Object, change func(map[string]any)) *object.Object {
	t.Helper()
	var tree map[string]any
	if err := json.Unmarshal(o.Raw(), &tree); err != nil {
		t.Fatal(err)
	}
	change(tree)
	decoded, err := object.Decode([]byte(shuffled(tree, rand.New(rand.NewPCG(1, 2)))), o.GVK)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// shuffled spells a value as JSON with the fields of each object in random order. Lists keep theirs: it has a meaning.
func shuffled(v any, r *rand.Rand) string {
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		var members []string
		for _, k := range keys {
			members = append(members, fmt.Sprintf("%s:%s", mustJSON(k), shuffled(v[k], r)))
		}
		return "{" + strings.Join(members, ",") + "}"
	case []any:
		var elements []string
		for _, e := range v {
			elements = append(elements, shuffled(e, r))
		}
		return "[" + strings.Join(elements, ",") + "]"
	}
	return mustJSON(v)
}

func mustJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// creations are the cases that a customer creates.
func creations(t *testing.T) []fixtures.Case {
	return slices.DeleteFunc(loadCases(t), func(c fixtures.Case) bool {
		return c.Request.Operation != "CREATE" || c.Request.Subresource != "" || c.Request.User != fixtures.DefaultUser
	})
}

func input(t *testing.T, c fixtures.Case) policy.Input {
	t.Helper()
	in, err := c.Input()
	if err != nil {
		t.Fatal(err)
	}
	return in
}
