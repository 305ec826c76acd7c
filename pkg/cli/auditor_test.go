// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"testing"
	"time"
)

func TestAuditorRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"":                                 "--namespace must say",
		"--namespace x --every 1s":         "--every is 1s: must be 1m or more",
		"--namespace x --log-level loud":   "--log-level",
		"--namespace x extra":              "auditor takes no arguments",
		"--namespace x --kubeconfig /none": "read kubeconfig",
	} {
		var stderr strings.Builder
		a := &app{stdin: strings.NewReader(""), stdout: &stderr, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now}
		if code := a.run(t.Context(), append([]string{"auditor"}, strings.Fields(args)...)); code != exitBad || !strings.Contains(stderr.String(), want) {
			t.Errorf("%q: exit code %d: %s, want %q", args, code, stderr.String(), want)
		}
	}
}
