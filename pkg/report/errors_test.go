// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"github.com/demarc-dev/demarc/pkg/report"
)

func TestErrorLines(t *testing.T) {
	a, b, c := errors.New("a\nb"), errors.New("b"), errors.New("c")
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"one":                   {a, []string{"a b"}},
		"joined":                {errors.Join(a, errors.Join(b, c)), []string{"a b", "b", "c"}},
		"aggregate":             {utilerrors.NewAggregate([]error{a, b}), []string{"a b", "b"}},
		"wrapped":               {fmt.Errorf("file: %w", fmt.Errorf("read: %w", errors.Join(b, c))), []string{"file: read: b", "file: read: c"}},
		"wrapped in the middle": {fmt.Errorf("before %w after", b), []string{"before b after"}},
		"hostile":               {errors.New("\x1b[2J"), []string{"\ufffd[2J"}},
	} {
		if diff := cmp.Diff(c.want, report.ErrorLines(c.err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestErrorLinesOfDecoders: what a decoder found is told in words that people who write manifests know.
func TestErrorLinesOfDecoders(t *testing.T) {
	for raw, want := range map[string]string{
		`{"metadata":{"labels":[]}}`:                    "decode Pod: metadata.labels: must be a mapping, not a list",
		`{"spec":{"hostPID":"yes"}}`:                    "decode Pod: spec.hostPID: must be true or false, not a string",
		`{"spec":{"containers":[{},{"command":true}]}}`: "decode Pod: spec.containers[1].command: must be a list, not true or false",
		`{"spec":{"priority":{}}}`:                      "decode Pod: spec.priority: must be a number, not a mapping",
		`{"spec":{"nodeName":7}}`:                       "decode Pod: spec.nodeName: must be a string, not a number",
		`{"spec":{"priority":1.5}}`:                     "decode Pod: spec.priority: invalid syntax",
		`{"spec":{"containers":[{"resources":{"limits":{"cpu":"x"}}}]}}`: "decode Pod: spec.containers[0].resources.limits.cpu: quantities must match the regular expression " +
			"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
	} {
		err := json.Unmarshal([]byte(raw), &corev1.Pod{})
		if err == nil {
			t.Errorf("%s: no error", raw)
			continue
		}
		if diff := cmp.Diff([]string{want}, report.ErrorLines(fmt.Errorf("decode Pod: %w", err))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
	}
}
