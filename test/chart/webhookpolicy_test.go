// SPDX-License-Identifier: Apache-2.0

//go:build integration

package chart

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// others are other people's webhook configurations, as their charts render them.
const others = "../admissionconfig"

// classes tells a verdict by words that no other has.
var classes = map[string]string{
	"will rewrite this namespaceSelector": "rewritten-by-enforcer",
	"is needless here":                    "needless-opt-out",
	"has a URL":                           "external-url",
	"then refuses them":                   "slow-on-hot-resources",
	"fails closed over kube-system":       "fail-closed-on-managed-namespaces",
}

// policyStage is a stage with the policies about webhook configurations on it, and nothing else of the chart's.
func policyStage(t *testing.T, values string) *stage {
	t.Helper()
	s := newStage(t)
	s.major = "4"
	out, err := template(t, "4", values, "--show-only", "templates/webhookpolicy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// An expression that can't be evaluated stops nobody, by Ignore, and is nowhere to be seen. Here it must be.
	if strings.Count(out, "failurePolicy: Ignore\n") != 2 {
		t.Fatal("the policies do not fail open")
	}
	s.apply(t, strings.ReplaceAll(out, "failurePolicy: Ignore\n", "failurePolicy: Fail\n"))
	eventually(t, "the policies are in force", func() bool {
		return len(s.said(t, theirs(t, "cert-manager")[0])) == 1 && len(s.said(t, theirs(t, "gatekeeper-opted-out")[0])) == 1
	})
	return s
}

// theirs returns the configurations of a file, one by one: kubectl says the same only once for all of a file.
func theirs(t *testing.T, name string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(others, name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Split(string(raw), "\n---\n")
	if len(list) < 2 {
		t.Fatalf("%s holds no configuration below its head", name)
	}
	return list[1:]
}

func (s *stage) apply(t *testing.T, manifest string, flags ...string) string {
	t.Helper()
	output, err := s.tryApply(manifest, flags...)
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return output
}

func (s *stage) tryApply(manifest string, flags ...string) (string, error) {
	c := exec.Command(s.cluster.Kubectl, append([]string{"--kubeconfig", s.kubeconfig, "apply", "-f", "-"}, flags...)...)
	c.Stdin = strings.NewReader(manifest)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	return stderr.String(), err
}

// said is what kubectl warns of when it applies a manifest by dry run, without what the API server puts in front.
func (s *stage) said(t *testing.T, manifest string) []string {
	t.Helper()
	return warnings(s.apply(t, manifest, "--dry-run=server"))
}

func warnings(output string) []string {
	var list []string
	for line := range strings.Lines(output) {
		if rest, ok := strings.CutPrefix(line, "Warning: "); ok {
			if _, message, ok := strings.Cut(rest, "': demarc: "); ok {
				rest = "demarc: " + message
			}
			list = append(list, strings.TrimSuffix(rest, "\n"))
		}
	}
	return list
}

// expected reads the comments by which a file says which verdicts each of its configurations gets.
func expected(content string) []string {
	var list []string
	for line := range strings.Lines(content) {
		if class, ok := strings.CutPrefix(strings.TrimSpace(line), "# expect: "); ok && class != "nothing" {
			list = append(list, class)
		}
	}
	return list
}

// What kubectl says of other people's configurations is what their files expect, word for word as in the goldens.
func TestWebhookPolicy(t *testing.T) {
	s := policyStage(t, "")
	files, err := filepath.Glob(filepath.Join(others, "*.yaml"))
	if err != nil || len(files) < 15 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			var all strings.Builder
			for _, content := range theirs(t, name) {
				var c configuration
				if err := yaml.Unmarshal([]byte(content), &c); err != nil {
					t.Fatal(err)
				}
				var verdicts []string
				for _, message := range s.said(t, content) {
					verdicts = append(verdicts, class(t, message))
					fmt.Fprintf(&all, "%s %s: %s\n", c.Kind, c.Name, message)
				}
				if diff := cmp.Diff(expected(content), verdicts); diff != "" {
					t.Errorf("verdicts on %s (-want +got):\n%s", c.Name, diff)
				}
			}
			golden(t, filepath.Join("..", others, name+".warnings"), all.String())
		})
	}
	t.Run("cases", s.policyCases)
	t.Run("ratchet", s.policyRatchet)
	t.Run("who", s.policyWho)
}

func class(t *testing.T, message string) string {
	t.Helper()
	if len(message) > 256 || strings.Contains(message, "\n") {
		t.Errorf("%d bytes: %s", len(message), message)
	}
	for words, class := range classes {
		if strings.Contains(message, words) {
			return class
		}
	}
	t.Errorf("no verdict is told like this: %s", message)
	return ""
}

// Deny refuses what can keep a cluster from coming back, and warns of the rest.
func TestWebhookPolicyDenies(t *testing.T) {
	s := newStage(t)
	s.major = "4"
	out, err := template(t, "4", "webhookPolicy: {action: Deny}", "--show-only", "templates/webhookpolicy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.apply(t, out)
	eventually(t, "the policies are in force", func() bool {
		said, err := s.tryApply(plain("case", optOut), "--dry-run=server")
		return err != nil && strings.Contains(said, "forbidden") && strings.Contains(said, "demarc: a.contoso.example: opts out of AKS's enforcer")
	})
	eventually(t, "the rest warns", func() bool {
		return len(s.said(t, theirs(t, "cert-manager")[0])) == 1
	})
}
