// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
)

const (
	podSecurity        = "pod-security.kubernetes.io/"
	podSecurityEnforce = podSecurity + "enforce"
)

// podSecurityStrictness orders the levels of Pod Security. None enforces as little as privileged.
var podSecurityStrictness = map[string]int{"": 0, "privileged": 0, "baseline": 1, "restricted": 2}

func (j *namespaceJudge) labels(before, after map[string]string) {
	for _, key := range changedNamespaceKeys(before, after) {
		was, had := before[key]
		is, has := after[key]
		path := field.NewPath("metadata", "labels").Key(key)
		switch {
		case j.providersLabel(key) && had:
			j.find(path, fmt.Sprintf("must stay %q", was), "leave it as AKS set it", "")
		case j.providersLabel(key):
			// Marks put on a namespace that hasn't any are the affair of provider-marks.
			if j.certain {
				j.find(path, "must not be set", "keep your own labels clear of AKS's prefixes", policy.Warn)
			}
		case j.customers(), !has, reportsOnly(key):
		case key == podSecurityEnforce && podSecurityStrictness[is] > podSecurityStrictness[was]:
			j.find(path, fmt.Sprintf("must not be %q", is),
				"enforce Pod Security on your own namespaces: here it stops AKS's pods that run as root", "")
		case strings.HasPrefix(key, podSecurity):
			j.find(path, "may be taken off again", "leave Pod Security here to AKS", policy.Warn)
		default:
			j.find(path, "may be taken off again",
				fmt.Sprintf("select the namespace by its label %s=%s instead", namespaceNameLabel, j.Name), policy.Warn)
		}
	}
}

// namespaceNameLabel is set by the API server on every namespace.
const namespaceNameLabel = "kubernetes.io/metadata.name"

// providersLabel says whether a label is one of the provider's. A label that merely looks like a mark isn't one where
// the namespace may well be the customer's.
func (j *namespaceJudge) providersLabel(key string) bool {
	return j.Provider.OwnsKey(key) || !j.customers() && isMark(j.Provider, key)
}

// reportsOnly says whether a label makes Pod Security warn or record, which stops no pod.
func reportsOnly(key string) bool {
	mode, ok := strings.CutPrefix(key, podSecurity)
	return ok && (strings.HasPrefix(mode, "warn") || strings.HasPrefix(mode, "audit"))
}

// annotations finds changes of the provider's annotations. One that is added was not made by the system, and the policy
// lets customers add what they like.
func (j *namespaceJudge) annotations(before, after map[string]string) {
	for _, key := range changedNamespaceKeys(before, after) {
		_, had := before[key]
		if had && j.Provider.OwnsKey(key) {
			j.find(field.NewPath("metadata", "annotations").Key(key), "must stay as it is", "leave it as AKS set it", "")
		}
	}
}

// owners finds a change of owners: deleting an owner would have the garbage collector delete the namespace, and the
// request for that would be the collector's.
func (j *namespaceJudge) owners(before, after []metav1.OwnerReference) {
	same := func(a, b metav1.OwnerReference) bool { return a.UID == b.UID && a.Kind == b.Kind && a.Name == b.Name }
	if j.customers() || slices.EqualFunc(before, after, same) {
		return
	}
	j.find(field.NewPath("metadata", "ownerReferences"), "must stay as it is",
		"leave it without owners: it would be deleted along with them", "")
}

// changedNamespaceKeys returns the keys whose values differ, in their order.
func changedNamespaceKeys(before, after map[string]string) []string {
	var keys []string
	for key, was := range before {
		if is, ok := after[key]; !ok || is != was {
			keys = append(keys, key)
		}
	}
	for key := range maps.Keys(after) {
		if _, ok := before[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
