// SPDX-License-Identifier: Apache-2.0

//go:build chart || integration

package chart

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"
)

type configuration = admissionregistrationv1.ValidatingWebhookConfiguration

var update = flag.Bool("update", false, "rewrite the goldens")

const (
	root      = "../.."
	directory = root + "/charts/demarc"
	release   = "demarc"
	namespace = "demarc-system"
)

// helm is the path of a Helm of a major version; it is built once.
var helm = map[string]func() (string, error){
	"4": sync.OnceValues(func() (string, error) { return build("4") }),
	"3": sync.OnceValues(func() (string, error) { return build("3") }),
}

func build(major string) (string, error) {
	c := exec.Command(filepath.Join(root, "hack/helm.sh"), major)
	c.Stderr = os.Stderr
	out, err := c.Output()
	return strings.TrimSpace(string(out)), err
}

// run runs Helm, with folders of its own, and returns what it printed. The error holds what it complained of.
func run(t testing.TB, major, stdin string, environment []string, args ...string) (string, error) {
	t.Helper()
	path, err := helm[major]()
	if err != nil {
		t.Fatalf("build Helm %s: %v", major, err)
	}
	home := t.TempDir()
	c := exec.Command(path, args...)
	c.Env = append(os.Environ(), "KUBECONFIG=/dev/null", "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	c.Env = append(c.Env, environment...)
	c.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return stdout.String(), fmt.Errorf("helm %s: %w: %s", args[0], err, stderr.String())
	}
	return stdout.String(), nil
}

// template renders the chart with values, in YAML, and further flags.
func template(t testing.TB, major, values string, flags ...string) (string, error) {
	t.Helper()
	args := append([]string{"template", release, directory, "--namespace", namespace, "--values", "-"}, flags...)
	return run(t, major, values, nil, args...)
}

// render renders the chart, which must succeed.
func render(t testing.TB, values string, flags ...string) documents {
	t.Helper()
	out, err := template(t, "4", values, flags...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := parse(out)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// document is one object that the chart renders.
type document struct {
	raw    string
	fields map[string]any
}

type documents []document

// parse splits a rendering. A key that stands twice is an error, as it is for server-side apply.
func parse(out string) (documents, error) {
	var list documents
	var errs []error
	for _, raw := range strings.Split("\n"+out, "\n---\n") {
		// Helm 3 leaves out the newline at the end of an object, and the last line of a file in a ConfigMap may be there.
		raw = strings.TrimRight(raw, "\n") + "\n"
		var fields map[string]any
		if err := yaml.UnmarshalStrict([]byte(raw), &fields); err != nil {
			errs = append(errs, fmt.Errorf("%w in:\n%s", err, raw))
		}
		if len(fields) > 0 {
			list = append(list, document{raw, fields})
		}
	}
	return list, errors.Join(errs...)
}

func (d document) text(path ...string) string {
	s, _ := d.at(path...).(string)
	return s
}

func (d document) at(path ...string) any {
	var v any = d.fields
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// id names an object: kind, namespace if it has one, and name.
func (d document) id() string {
	words := strings.Fields(d.text("kind") + " " + d.text("metadata", "namespace") + " " + d.text("metadata", "name"))
	return strings.Join(words, " ")
}

// find decodes the object of that kind and name into one of the API's types, strictly.
func find[T any](t testing.TB, list documents, kind, name string) *T {
	t.Helper()
	for _, d := range list {
		if d.text("kind") == kind && d.text("metadata", "name") == name {
			o := new(T)
			if err := yaml.UnmarshalStrict([]byte(d.raw), o); err != nil {
				t.Fatalf("%s: %v", d.id(), err)
			}
			return o
		}
	}
	t.Fatalf("no %s %s is rendered", kind, name)
	return nil
}

// golden compares with a file, or rewrites it.
func golden(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got), rewrite it by -update:\n%s", file, diff)
	}
}
