// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/demarc-dev/demarc/pkg/config"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/policy"
)

var known = []policy.Rule{{ID: "managed-component"}, {ID: "alpha-feature-gates"}, {ID: "managed-namespace-workload"}}

const head = "apiVersion: config.demarc.dev/v1alpha1\nkind: Configuration\n"

func TestParse(t *testing.T) {
	c, err := config.Parse([]byte(head+"mode: Audit\nmarks: {honour: []}\n"), known)
	if err != nil {
		t.Fatal(err)
	}
	if c.Mode != policy.Audit || c.Marks.Honours(v1alpha1.OnObject) {
		t.Errorf("got %+v, want Audit and no mark honoured", c)
	}
	c, err = config.Parse([]byte(head), known)
	if err != nil {
		t.Fatal(err)
	}
	if c.Mode != policy.Deny || !c.Marks.Honours(v1alpha1.OnObject) || !c.Marks.Honours(v1alpha1.OnNamespace) {
		t.Errorf("got %+v, want the defaults", c)
	}
}

func TestSample(t *testing.T) {
	if _, err := config.Load(filepath.Join("..", "..", "config", "samples", "configuration.yaml"), known); err != nil {
		t.Error(err)
	}
}

func TestParseSaysEverythingThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		doc  string
		want []string
	}{
		"another kind": {"apiVersion: v1\nkind: ConfigMap\ndata: {}\n", []string{`must be "config.demarc.dev/v1alpha1" and "Configuration"`}},
		"not YAML":     {"a: [", []string{"yaml"}},
		"wrong type":   {head + "mode: [Deny]\n", []string{"mode"}},
		"unknown and doubled fields": {head + "mdoe: Deny\nrules: {}\nexemptions:\n- name: x\n  resaon: y\n",
			[]string{`unknown field "mdoe"`, `unknown field "exemptions[0].resaon"`, "exemptions[0].reason: Required"}},
		"modes and rules": {head + "mode: deny\nrules:\n  no-such-rule: {}\n  managed-component: {mode: Block}\n",
			[]string{`mode: Unsupported value: "deny": supported values: "Off", "Audit", "Warn", "Deny"`, `rules: Unsupported value: "no-such-rule"`,
				"rules[managed-component].mode: Unsupported value: \"Block\""}},
		"exemptions": {head + "exemptions:\n- {name: x, rules: [managed-component], match: {}}\n- {name: x, reason: r, rules: [nope], match: {users: ['a*'], names: ['a*b']}}\n- {}\n",
			[]string{"exemptions[0].reason: Required", "exemptions[0].match: Required", `exemptions[1].name: Invalid value: "x": must be unique`,
				`exemptions[1].rules[0]: Unsupported value: "nope"`, "exemptions[1].match.users[0]", "exemptions[1].match.names[0]",
				"exemptions[2].name: Required", "exemptions[2].rules: Required"}},
		"selectors": {head + "exemptions:\n- name: x\n  reason: r\n  rules: ['*']\n  match:\n    namespaceSelector: {}\n    objectSelector: {matchExpressions: [{key: a, operator: Maybe}]}\n",
			[]string{"exemptions[0].match.namespaceSelector: Required", "exemptions[0].match.objectSelector.matchExpressions[0].operator"}},
		"marks": {head + "marks: {honour: [Pod]}\n", []string{`marks.honour[0]: Unsupported value: "Pod": supported values: "Namespace", "Object"`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse([]byte(c.doc), known)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q; got:\n%v", want, err)
				}
			}
		})
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "demarc.yaml")
	if _, err := config.Load(file, known); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("missing file: got %v", err)
	}
	if err := os.WriteFile(file, []byte(head+"mode: x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(file, known); err == nil || !strings.HasPrefix(err.Error(), file+": ") {
		t.Errorf("bad file: got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	sample, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", "configuration.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample)
	f.Add([]byte(head + "mode: Audit"))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := config.Parse(raw, known)
		if (c == nil) == (err == nil) {
			t.Errorf("got configuration %v and error %v", c, err)
		}
	})
}
