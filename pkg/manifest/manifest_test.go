// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/manifest"
)

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		want       []string
	}{
		"one document": {"a.yaml", "apiVersion: v1\nkind: Pod\n", []string{
			`a.yaml#1:1 v1 Pod {"apiVersion":"v1","kind":"Pod"}`}},
		"separators, comments, empty documents": {"a.yaml",
			"# head\n---\n# Source: shop/templates/web.yaml\napiVersion: v1\nkind: Pod\n--- # next\n---\n\n# nothing\n---\nkind: Node\napiVersion: v1\n...\n",
			[]string{
				`a.yaml#1:4 v1 Pod {"apiVersion":"v1","kind":"Pod"} (shop/templates/web.yaml)`,
				`a.yaml#2:11 v1 Node {"apiVersion":"v1","kind":"Node"}`}},
		"content behind the separator": {"a.yaml", "--- {apiVersion: v1, kind: Pod}\n--- {apiVersion: v1, kind: Node}", []string{
			`a.yaml#1:1 v1 Pod {"apiVersion":"v1","kind":"Pod"}`,
			`a.yaml#2:2 v1 Node {"apiVersion":"v1","kind":"Node"}`}},
		"end of document without a new beginning": {"a.yaml", "apiVersion: v1\nkind: Pod\n...\napiVersion: v1\nkind: Node\n", []string{
			`a.yaml#1:1 v1 Pod {"apiVersion":"v1","kind":"Pod"}`,
			`a.yaml#2:4 v1 Node {"apiVersion":"v1","kind":"Node"}`}},
		"directive": {"a.yaml", "%YAML 1.1\n---\napiVersion: v1\nkind: Pod\n", []string{
			`a.yaml#1:3 v1 Pod {"apiVersion":"v1","kind":"Pod"}`}},
		"dashes inside a scalar": {"a.yaml", "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    ---\n    b\n", []string{
			`a.yaml#1:1 v1 ConfigMap {"apiVersion":"v1","data":{"a":"---\nb\n"},"kind":"ConfigMap"}`}},
		"Windows": {"a.yaml", "\xef\xbb\xbfapiVersion: v1\r\nkind: Pod\r\n---\r\napiVersion: v1\r\nkind: Node\r\n", []string{
			`a.yaml#1:1 v1 Pod {"apiVersion":"v1","kind":"Pod"}`,
			`a.yaml#2:4 v1 Node {"apiVersion":"v1","kind":"Node"}`}},
		"UTF-16": {"a.yaml", utf16le("apiVersion: v1\nkind: Pod\n"), []string{
			`a.yaml#1:1 v1 Pod {"apiVersion":"v1","kind":"Pod"}`}},
		"booleans and numbers of YAML 1.1": {"a.yaml", "apiVersion: v1\nkind: Pod\na: yes\nb: 9007199254740993\n", []string{
			`a.yaml#1:1 v1 Pod {"a":true,"apiVersion":"v1","b":9007199254740993,"kind":"Pod"}`}},
		"JSON in a row": {"a.json", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n\n{\"apiVersion\":\"v1\",\n\"kind\":\"Node\"} {\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}", []string{
			`a.json#1:1 v1 Pod {"apiVersion":"v1","kind":"Pod"}`,
			"a.json#2:3 v1 Node {\"apiVersion\":\"v1\",\n\"kind\":\"Node\"}",
			`a.json#3:4 apps/v1 Deployment {"apiVersion":"apps/v1","kind":"Deployment"}`}},
		"YAML that begins like JSON": {"a.yaml", "{apiVersion: v1, kind: Pod}", []string{
			`a.yaml#1:1 v1 Pod {"apiVersion":"v1","kind":"Pod"}`}},
		"list": {"a.yaml", "# head\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n\n- apiVersion: v1\n  kind: List\n  items: [{apiVersion: v1, kind: Node}]\n", []string{
			`a.yaml#1.items[0]:6 v1 Pod {"apiVersion":"v1","kind":"Pod"}`,
			`a.yaml#1.items[1].items[0]:9 v1 Node {"apiVersion":"v1","kind":"Node"}`}},
		"typed list": {"a.json", "{\"kind\":\"DeploymentList\",\"apiVersion\":\"apps/v1\",\n\"items\":[\n{\"metadata\":{\"name\":\"a\"}},\n{}]}", []string{
			`a.json#1.items[0]:3 apps/v1 Deployment {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"}}`,
			`a.json#1.items[1]:4 apps/v1 Deployment {"apiVersion":"apps/v1","kind":"Deployment"}`}},
		"a kind that only ends like a list": {"a.yaml", "apiVersion: a.io/v1\nkind: AllowList\nitems: {}\n", []string{
			`a.yaml#1:1 a.io/v1 AllowList {"apiVersion":"a.io/v1","items":{},"kind":"AllowList"}`}},
		"not Kubernetes": {"values.yaml", "image: a\n---\n- a\n---\nkind: Pod\n---\napiVersion: v1\n---\nnull\n---\napiVersion: [a]\nkind: Pod\n---\napiVersion: a/b/c\nkind: Pod\n", []string{
			"skipped values.yaml#1:1: not a Kubernetes object: it has neither apiVersion nor kind",
			"skipped values.yaml#2:3: not a Kubernetes object: it is no mapping",
			"skipped values.yaml#3:5: not a Kubernetes object: it has no apiVersion",
			"skipped values.yaml#4:7: not a Kubernetes object: it has no kind",
			"skipped values.yaml#6:11: not a Kubernetes object: it has no apiVersion",
			`skipped values.yaml#7:14: not a Kubernetes object: its apiVersion is "a/b/c"`}},
		"kustomization": {"kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n", []string{
			`kustomization.yaml#2:4 kustomize.toolkit.fluxcd.io/v1 Kustomization {"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization"}`,
			"skipped kustomization.yaml#1:1: a file of kustomize's own: check what `kustomize build` makes of it"}},
		"empty": {"a.yaml", "\n# nothing\n---\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, c.file, c.text)
			if diff := cmp.Diff(c.want, spell(manifest.Read([]string{c.file}, nil))); diff != "" {
				t.Errorf("contents (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadProblems(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		want       []string
	}{
		"every broken document, and the good ones": {"a.yaml",
			"apiVersion: v1\nkind: Pod\n---\n\nkind: Pod\n  bad: indent\n---\nkind: [\n---\napiVersion: v1\nkind: Node\n", []string{
				`a.yaml#1:1 v1 Pod {"apiVersion":"v1","kind":"Pod"}`,
				`a.yaml#4:10 v1 Node {"apiVersion":"v1","kind":"Node"}`,
				"problem a.yaml#2:6: not readable: mapping values are not allowed in this context",
				"problem a.yaml#3:8: not readable: did not find expected node content"}},
		"template": {"a.yaml", "apiVersion: v1\nkind: {{ .Values.kind }}\n", []string{
			"problem a.yaml#1:1: not readable: invalid map key: map[interface {}]interface {}{\".Values.kind\":interface {}(nil)}; it looks like a template: check what it renders to, as with `helm template . | demarc check -f -`"}},
		"JSON cut off": {"a.json", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n{\"apiVersion\":\n\"v1\"", []string{
			`a.json#1:1 v1 Pod {"apiVersion":"v1","kind":"Pod"}`,
			"problem a.json#2:3: not readable: unexpected EOF after offset 52"}},
		"JSON with a comma missing": {"a.json", "{\"apiVersion\":\"v1\"\n\"kind\":\"Pod\"}", []string{
			"problem a.json#1:2: not readable: invalid character '\"' after object value (expecting ',' or '}') after offset 19"}},
		"the same in YAML": {"a.yaml", "{\"apiVersion\":\"v1\"\n\"kind\":\"Pod\"}", []string{
			"problem a.yaml#1:1: not readable: did not find expected ',' or '}'"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, c.file, c.text)
			if diff := cmp.Diff(c.want, spell(manifest.Read([]string{c.file}, nil))); diff != "" {
				t.Errorf("contents (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadStdin(t *testing.T) {
	got := spell(manifest.Read([]string{"-"}, strings.NewReader("apiVersion: v1\nkind: Pod\n")))
	if diff := cmp.Diff([]string{`stdin#1:1 v1 Pod {"apiVersion":"v1","kind":"Pod"}`}, got); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
}

func TestReadDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	const pod = "apiVersion: v1\nkind: Pod\n"
	for _, file := range []string{"m/b.yml", "m/a/c.yaml", "m/a/d.JSON", "m/a/readme.md", "m/.git/e.yaml", "outside.yaml"} {
		write(t, file, pod)
	}
	for link, target := range map[string]string{
		"m/inside.yaml": "b.yml", "m/outside.yaml": "../outside.yaml", "m/broken.yaml": "nowhere", "m/loop": "..", "m/folder.yaml": "a",
	} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	const object = ` v1 Pod {"apiVersion":"v1","kind":"Pod"}`
	want := []string{
		"m/a/c.yaml#1:1" + object, "m/a/d.JSON#1:1" + object, "m/b.yml#1:1" + object, "m/inside.yaml#1:1" + object,
		"skipped m/broken.yaml:0: a symbolic link that leads out of the directory or nowhere",
		"skipped m/folder.yaml:0: not a regular file",
		"skipped m/outside.yaml:0: a symbolic link that leads out of the directory or nowhere",
	}
	if diff := cmp.Diff(want, spell(manifest.Read([]string{"m"}, nil))); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
}

func TestReadMissing(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "m/readme.md", "")
	want := []string{
		"problem nowhere.yaml:0: no such file or directory",
		"problem m:0: holds no file that ends in .yaml, .yml, .json",
	}
	if diff := cmp.Diff(want, spell(manifest.Read([]string{"nowhere.yaml", "m"}, nil))); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
}

func TestReadBounds(t *testing.T) {
	aliases := "a: &a \"" + strings.Repeat("x", 1<<20) + "\"\nb: [" + strings.Repeat("*a,", 100) + "]\n"
	var nodes strings.Builder
	nodes.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 12 {
		fmt.Fprintf(&nodes, "a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 10))
	}
	for name, c := range map[string]struct{ text, want string }{
		"size":         {strings.Repeat("#", manifest.MaxFile+1), "more than 64 MiB: split it"},
		"documents":    {strings.Repeat("{}", manifest.MaxDocuments+1), "more than 100000 documents: split it"},
		"long alias":   {aliases, "not readable: its aliases stand for more than 64 MiB"},
		"many aliases": {nodes.String(), "not readable: document contains excessive aliasing"},
		"depth":        {strings.Repeat("[", 20000), "not readable: exceeded max depth of 10000"},
	} {
		t.Run(name, func(t *testing.T) {
			c, want := manifest.Read([]string{"-"}, strings.NewReader(c.text)), c.want
			if len(c.Problems) != 1 || c.Problems[0].Message != want {
				t.Errorf("problems = %v, want %q", c.Problems, want)
			}
		})
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// spell writes contents down line by line: objects, then what was skipped, then problems.
func spell(c *manifest.Contents) []string {
	var lines []string
	for _, d := range c.Documents {
		line := fmt.Sprintf("%s:%d %s %s %s", d.Place, d.Line, d.GVK.GroupVersion(), d.GVK.Kind, d.Raw)
		if d.Hint != "" {
			line += " (" + d.Hint + ")"
		}
		lines = append(lines, line)
	}
	for _, n := range c.Skipped {
		lines = append(lines, fmt.Sprintf("skipped %s:%d: %s", n.Place, n.Line, n.Message))
	}
	for _, n := range c.Problems {
		lines = append(lines, fmt.Sprintf("problem %s:%d: %s", n.Place, n.Line, n.Message))
	}
	return lines
}

func utf16le(s string) string {
	b := []byte("\xff\xfe")
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return string(b)
}
