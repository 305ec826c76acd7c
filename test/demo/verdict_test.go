// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"testing"
)

const (
	forbidden = `Error from server (Forbidden): error when creating "x.yaml": admission webhook ` +
		`"control-plane.managed.demarc.dev" denied the request: outside the support policy` + "\n\n"
	otherWebhook = `Error from server (Forbidden): admission webhook "policy.example.com" denied the request: `
	warned       = "Warning: demarc: managed-namespace-workload: metadata.namespace: must be a namespace of your own\n"
)

func TestVerdictOf(t *testing.T) {
	status := errors.New("exit status 1")
	for name, test := range map[string]struct {
		output string
		failed error
		want   string
	}{
		"nothing said": {"daemonset.apps/x created\n", nil, "accepted"},
		"warned":       {warned + "daemonset.apps/x created\n", nil, "warned by managed-namespace-workload"},
		"warned twice": {warned + warned, nil, "warned by managed-namespace-workload"},
		"refused": {forbidden + "privileged-daemonset spec.hostPID: must not be true\n  fix: move it\n", status,
			"refused by privileged-daemonset"},
		"refused by two, warned by one": {warned + forbidden + "provider-marks metadata: x\n\nexemption-mark: y\n", status,
			"refused by exemption-mark, provider-marks; warned by managed-namespace-workload"},
		"refused in the first line": {`admission webhook "customers.demarc.dev" denied the request: provider-marks x: y`, status,
			"refused by provider-marks"},
		"refused without a rule":   {forbidden, status, "refused without a rule"},
		"refused, and all is well": {forbidden + "provider-marks x: y\n", nil, "refused by provider-marks; refused, and yet kubectl ended well"},
		"another webhook refuses":  {otherWebhook + "provider-marks x: y\n", status, "failed: exit status 1"},
		"another webhook by a similar name": {`admission webhook "notdemarc.dev" denied the request: provider-marks x`, status,
			"failed: exit status 1"},
		"a rule named outside a refusal": {"provider-marks x: y\n", nil, "accepted"},
		"not allowed at all":             {"Error from server (Forbidden): daemonsets.apps is forbidden\n", status, "failed: exit status 1"},
		"somebody else's warning":        {"Warning: deprecated since v1.16\n", nil, "a warning that is no rule's"},
		"a warning of no known rule":     {"Warning: demarc: nonsense: x\n", nil, "a warning that is no rule's"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := verdictOf(test.output, test.failed).String(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
