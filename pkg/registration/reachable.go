// SPDX-License-Identifier: Apache-2.0

package registration

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// Unreachable returns, in words, every match of a rule that a server does not serve in the version and scope that the
// registration names: a rule that is registered for a resource that isn't there has never fired and nobody knows.
func Unreachable(rules []policy.Rule, served []*metav1.APIResourceList) []string {
	type known struct{ namespaced bool }
	have := map[string]known{}
	for _, list := range served {
		for _, r := range list.APIResources {
			have[list.GroupVersion+"/"+r.Name] = known{r.Namespaced}
		}
	}
	var problems []string
	for i := range rules {
		for _, m := range rules[i].Match {
			if m.Presence != object.Always || m.Resource == object.Unknown {
				continue // a server without it is as it should be
			}
			where := m.GVK().GroupVersion().String() + "/" + name(m)
			k, ok := have[where]
			switch {
			case !ok:
				problems = append(problems, fmt.Sprintf("%s: %s is not served", rules[i].ID, where))
			case k.namespaced != m.Namespaced:
				problems = append(problems, fmt.Sprintf("%s: %s has another scope", rules[i].ID, where))
			}
		}
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}
