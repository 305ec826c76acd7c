// SPDX-License-Identifier: Apache-2.0

package azureobject

import "strings"

// ID is what an ID of the Azure Resource Manager tells. Such names are compared without regard to case.
type ID struct {
	Subscription, ResourceGroup string
	// Resource is the name of the resource directly in the group, and Child that of one inside it; empty where the ID
	// names none.
	Resource, Child string
}

// ParseID reads /subscriptions/<id>/resourceGroups/<name>, with or without a resource behind it. The case of the fixed
// words does not matter. It is false for anything else.
func ParseID(s string) (ID, bool) {
	rest, ok := strings.CutPrefix(s, "/")
	if !ok {
		return ID{}, false
	}
	var id ID
	if id.Subscription, rest, ok = named(rest, "subscriptions"); !ok {
		return ID{}, false
	}
	if id.ResourceGroup, rest, ok = named(rest, "resourceGroups"); !ok {
		return ID{}, false
	}
	if _, rest, ok = named(rest, "providers"); !ok {
		return id, true
	}
	_, rest, _ = strings.Cut(rest, "/")
	id.Resource, rest, _ = strings.Cut(rest, "/")
	kind, rest, _ := strings.Cut(rest, "/")
	if !strings.EqualFold(kind, "providers") {
		id.Child, _, _ = strings.Cut(rest, "/")
	}
	return id, true
}

// named cuts a fixed word and the name behind it off the front.
func named(s, word string) (name, rest string, ok bool) {
	first, rest, _ := strings.Cut(s, "/")
	name, rest, _ = strings.Cut(rest, "/")
	return name, rest, strings.EqualFold(first, word) && name != ""
}
