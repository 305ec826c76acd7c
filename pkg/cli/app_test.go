// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// outcome is what a run of demarc leaves.
type outcome struct {
	code           int
	stdout, stderr string
}

// run runs demarc with three rules and a provider made for tests, at a fixed time.
func run(t testing.TB, stdin string, args ...string) outcome {
	t.Helper()
	p, err := provider.Load(os.DirFS("../report/testdata/profile"))
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	a := &app{
		stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" },
		now:   func() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) },
		rules: []policy.Rule{hostProcess, imageRegistry, systemLabel, nodeClock}, profile: p,
	}
	code := a.run(t.Context(), args)
	return outcome{code, stdout.String(), stderr.String()}
}

var hostProcess = policy.Rule{
	ID: "host-process", Title: "the node's process table", Clauses: []provider.ClauseID{"acme-components"},
	Since: "v0.1.0", Default: policy.Deny, Match: policy.OnEach([]object.Resource{object.Pods}, policy.Create, policy.Update),
	Doc: policy.Doc{Why: "Everything in acme-system is Acme's.", Fix: "Move the pod to a namespace of your own.", Note: "In your own it passes."},
	Check: func(in policy.Input) []policy.Finding {
		pod, ok := in.Object.Pod()
		certainty := in.ManagedNamespace()
		if !ok || !pod.Spec.HostPID || certainty == policy.NotManaged {
			return nil
		}
		return []policy.Finding{{Path: pod.SpecPath().Child("hostPID"), Message: "must not be true", Doubt: certainty.Doubt(),
			Fix: "move the pod to a namespace of your own"}}
	},
}

var nodeClock = policy.Rule{
	ID: "node-clock", Title: "clock of a node that is behind", Clauses: []provider.ClauseID{"acme-components"},
	Since: "v0.1.0", Default: policy.Warn,
	Doc:    policy.Doc{Why: "Acme's tokens expire.", Fix: "Let Acme set the clock."},
	Survey: func(policy.State) []policy.Sighting { return nil },
}

var systemLabel = policy.Rule{
	ID: "system-label", Title: "label of the system", Clauses: []provider.ClauseID{"acme-metadata"},
	Since: "v0.1.0", Default: policy.Warn, Needs: policy.Needs{Request: true, Old: true},
	Match: append(policy.OnEach([]object.Resource{object.Pods}, policy.Update), policy.OnSub(object.Deployments, "scale", policy.Update)),
	Doc:   policy.Doc{Why: "Acme reads its labels back.", Fix: "Use a key of your own."},
	Check: func(in policy.Input) []policy.Finding {
		const key = "acme.example/role"
		if in.Parent != nil && in.Parent.Meta.Labels["acme.example/managed"] == "true" {
			return []policy.Finding{{Path: field.NewPath("spec", "replicas"), Message: "must stay as Acme set it"}}
		}
		if in.Object.Meta.Labels[key] == in.Old.Meta.Labels[key] {
			return nil
		}
		return []policy.Finding{{Path: field.NewPath("metadata", "labels").Key(key), Message: "must stay"}}
	},
}

type registryParams struct {
	// Allowed registries; empty for any.
	Allowed []string `json:"allowed"`
}

var imageRegistry = policy.Rule{
	ID: "image-registry", Title: "image from elsewhere", Clauses: []provider.ClauseID{"acme-components"},
	Since: "v0.1.0", Default: policy.Warn, Match: []policy.Match{policy.On(object.Pods, policy.Create)},
	Doc: policy.Doc{Why: "Images come from somewhere.", Fix: "Use a registry of yours."},
	Params: &policy.Params{
		Defaults: func() any { return &registryParams{Allowed: []string{}} },
		Bind: func(params any, path *field.Path) (policy.Check, field.ErrorList) {
			var errs field.ErrorList
			for i, host := range params.(*registryParams).Allowed {
				if host == "" {
					errs = append(errs, field.Required(path.Child("allowed").Index(i), "must name a registry"))
				}
			}
			return func(policy.Input) []policy.Finding { return nil }, errs
		},
	},
}

// golden compares with a file, or rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
