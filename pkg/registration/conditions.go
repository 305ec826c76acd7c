// SPDX-License-Identifier: Apache-2.0

package registration

import (
	"strconv"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// matchConditions keep the provider and the nodes out before any network call. A condition that fails to evaluate
// would, under failurePolicy Ignore, skip the webhook in silence, so every optional field is asked for first.
func matchConditions(profile *provider.Profile) []admissionregistrationv1.MatchCondition {
	conditions := []admissionregistrationv1.MatchCondition{{
		Name:       "not-the-provider",
		Expression: "!has(request.userInfo.username) || !(request.userInfo.username in [" + exact(profile) + "])",
	}}
	for _, id := range profile.Identities {
		prefix, ok := strings.CutSuffix(id.User, "*")
		if !ok {
			continue
		}
		conditions = append(conditions, admissionregistrationv1.MatchCondition{
			Name: "not-a-node" + suffix(len(conditions)), Expression: notPrefixed(prefix, id.Group)})
	}
	return conditions
}

// suffix keeps the names of several prefix conditions apart.
func suffix(before int) string {
	if before < 2 {
		return ""
	}
	return "-" + strconv.Itoa(before)
}

func notPrefixed(prefix, group string) string {
	user := "has(request.userInfo.username) && request.userInfo.username.startsWith(" + quote(prefix) + ")"
	if group == "" {
		return "!(" + user + ")"
	}
	return "!(" + user + " && has(request.userInfo.groups) && " + quote(group) + " in request.userInfo.groups)"
}

// exact lists the exact user names. An identity that also asks for a group is left to the engine: here it would keep
// out whoever has the name alone.
func exact(profile *provider.Profile) string {
	var names []string
	for _, id := range profile.Identities {
		if !strings.HasSuffix(id.User, "*") && id.Group == "" {
			names = append(names, quote(id.User))
		}
	}
	return strings.Join(names, ", ")
}

func quote(s string) string { return strconv.Quote(s) }
