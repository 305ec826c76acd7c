// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// choice is how a selector comes to a managed namespace or to pods there.
type choice int

const (
	leftOut    choice = iota // it asks for something that they don't have
	notLeftOut               // it asks for nothing that would keep them out
	named                    // it asks for them
)

func (c choice) and(other choice) choice {
	if c == leftOut || other == leftOut {
		return leftOut
	}
	return max(c, other)
}

// suspect is a managed namespace of which a selector is asked whether it comes to it. What its labels are is known for
// those that the provider sets; that it has none of the customer's is taken for granted, since the provider removes them.
type suspect struct {
	profile   *provider.Profile
	namespace string
	// everywhere: the selector looks at the pods of every namespace.
	everywhere bool
}

// labelAsked answers one term of a selector: whether a label is there with a value that passes the test, or with any if
// there is no test. wanted is false for the opposite.
type labelAsked func(key string, wanted bool, test func(value string) bool) choice

// namespaceLabel answers for the labels of the namespace.
func (s suspect) namespaceLabel(key string, wanted bool, test func(string) bool) choice {
	value, known := s.namespaceValue(key)
	switch {
	case !known && wanted:
		return leftOut
	case !known:
		return notLeftOut
	case (test == nil || test(value)) != wanted:
		return leftOut
	case wanted && (test != nil || value != s.namespace):
		return named
	}
	return notLeftOut
}

func (s suspect) namespaceValue(key string) (string, bool) {
	if key == corev1.LabelMetadataName || key == "projectcalico.org/name" {
		return s.namespace, true
	}
	for _, marks := range [][]provider.Label{s.profile.Marks.ManagedNamespace, s.profile.Marks.HidesNamespace} {
		for _, m := range marks {
			if m.Key == key {
				return m.Value, true
			}
		}
	}
	return "", false
}

// namespaceOfPod are the labels by which selectors of pods speak of their namespace: by name, or by its labels behind a
// prefix. Cilium lets the source of a label stand before it.
var (
	namespaceOfPod        = []string{"io.kubernetes.pod.namespace", "projectcalico.org/namespace"}
	namespaceLabelsOfPod  = []string{"io.cilium.k8s.namespace.labels.", "pcns."}
	sourcesOfCiliumLabels = []string{"k8s:", "any:"}
	// componentLabels are those that name what a pod is part of. The first is that of Kubernetes' own add-ons.
	componentLabels = []string{"k8s-app", "app", "component", "app.kubernetes.io/name"}
)

// podLabel answers for the labels of some pod in the namespace. Which labels pods have besides those that name their
// component isn't known, so a term that wants a label of another key leaves them out, and one that doesn't want a label
// leaves others of them in.
func (s suspect) podLabel(key string, wanted bool, test func(string) bool) choice {
	for _, source := range sourcesOfCiliumLabels {
		key = strings.TrimPrefix(key, source)
	}
	if slices.Contains(namespaceOfPod, key) {
		return s.namespaceLabel(corev1.LabelMetadataName, wanted, test)
	}
	for _, prefix := range namespaceLabelsOfPod {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			return s.namespaceLabel(rest, wanted, test)
		}
	}
	switch {
	case !wanted:
		return notLeftOut
	case !slices.Contains(componentLabels, key):
		return leftOut
	case test == nil:
		return notLeftOut
	case s.everywhere && key != componentLabels[0]:
		return leftOut // customers' own pods are called nginx or keda-operator too
	case s.hasComponent(test):
		return named
	}
	return leftOut
}

func (s suspect) hasComponent(test func(string) bool) bool {
	return slices.ContainsFunc(s.profile.Components, func(c provider.Component) bool {
		return c.Namespace == s.namespace && slices.ContainsFunc(c.Names, func(name string) bool {
			return test(strings.TrimSuffix(strings.TrimSuffix(name, "*"), "-"))
		})
	})
}

// chosenByLabels reads a label selector; an empty one selects all.
func chosenByLabels(selector policyTree, label labelAsked) choice {
	chosen := notLeftOut
	for key, value := range selector.at("matchLabels") {
		chosen = chosen.and(label(key, true, func(v string) bool { return value == any(v) }))
	}
	for _, e := range selector.list("matchExpressions") {
		key, values := e.text("key"), e.anys("values")
		among := func(v string) bool { return hasWord(values, v) }
		switch e.text("operator") {
		case "In":
			chosen = chosen.and(label(key, true, among))
		case "NotIn":
			chosen = chosen.and(label(key, false, among))
		case "Exists":
			chosen = chosen.and(label(key, true, nil))
		case "DoesNotExist":
			chosen = chosen.and(label(key, false, nil))
		}
	}
	return chosen
}
