// SPDX-License-Identifier: Apache-2.0

package azureobject_test

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/object"
)

// A chain through slim owners leads to the same place.
func TestSlimKeepsWhatCounts(t *testing.T) {
	for _, raw := range cluster {
		full := decode(t, raw)
		tree, err := full.Tree()
		if err != nil {
			t.Fatal(err)
		}
		spec, _ := tree["spec"].(map[string]any)
		if spec != nil {
			spec["large"] = "x"
		}
		slim, err := json.Marshal(azureobject.Slim(tree))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(slim), "large") {
			t.Errorf("slim keeps what nobody reads: %s", slim)
		}
		want, _ := azureobject.Locate(full, azureobject.Chain(full, find(t)))
		thin := decode(t, string(slim))
		got, _ := azureobject.Locate(thin, azureobject.Chain(thin, find(t)))
		if want != got {
			t.Errorf("%s: got %+v, want %+v", slim, got, want)
		}
	}
}

// FuzzLocate reads objects of any shape: nothing panics, a chain ends, and slimming changes no answer.
func FuzzLocate(f *testing.F) {
	for _, raw := range cluster {
		j, err := yaml.YAMLToJSON([]byte(raw))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(j)
	}
	f.Add([]byte(`{"apiVersion":"network.azure.upbound.io/v1","kind":"Subnet","spec":{"forProvider":[1],"managementPolicies":[{}]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := object.Decode(raw, schema.GroupVersionKind{})
		if err != nil {
			return
		}
		owners := azureobject.Chain(o, func(azureobject.Reference) *object.Object { return o })
		target, ok := azureobject.Locate(o, owners)
		azureobject.Held(o, true)
		azureobject.Held(o, false)
		if !ok {
			return
		}
		if target.Path() == nil || !azureobject.Alike(o, o) {
			t.Errorf("%s: no path, or unlike itself", raw)
		}
		tree, _ := o.Tree()
		slim, err := json.Marshal(azureobject.Slim(tree))
		if err != nil {
			t.Fatal(err)
		}
		thin, err := object.Decode(slim, schema.GroupVersionKind{})
		if err != nil {
			t.Fatalf("%s: slim %s: %v", raw, slim, err)
		}
		want, _ := azureobject.Locate(o, nil)
		if got, _ := azureobject.Locate(thin, nil); got != want {
			t.Errorf("%s: slim leads to %+v, want %+v", raw, got, want)
		}
	})
}
