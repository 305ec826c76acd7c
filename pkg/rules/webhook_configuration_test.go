// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"testing"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
)

// Every class is about one of the rule's clauses: without one it would count as the gravest of them all.
func TestEveryWebhookClassHasItsClause(t *testing.T) {
	for _, c := range admissionconfig.Classes() {
		if id := webhookClauses[c]; !slices.Contains(webhookConfiguration.Clauses, id) {
			t.Errorf("class %s is about clause %q, which the rule doesn't guard", c, id)
		}
	}
}

func TestMinorOf(t *testing.T) {
	for version, want := range map[string]int{"v1.36.3": 36, "v1.34.2-aks": 34, "1.40": 40, "": 0, "v1": 0, "v1.x": 0} {
		if got := minorOf(version); got != want {
			t.Errorf("%q: got %d, want %d", version, got, want)
		}
	}
}
