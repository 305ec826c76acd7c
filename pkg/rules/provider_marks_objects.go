// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var labelsPath = field.NewPath("metadata", "labels")

// systemNodeMarks make a node one of the provider's own: of a system pool, or hosted by AKS.
var systemNodeMarks = []provider.Label{{Key: "kubernetes.azure.com/mode", Value: "system"}, {Key: "kubernetes.azure.com/hobovm"}}

// marksOnNode judges nodes that a customer registers. Nodes at rest are AKS's own as a rule.
func marksOnNode(in policy.Input) []policy.Finding {
	if in.Operation != policy.Create {
		return nil
	}
	var findings []policy.Finding
	for _, mark := range systemNodeMarks {
		if mark.Matches(in.Object.Meta.Labels) {
			findings = append(findings, policy.Finding{Path: labelsPath.Key(mark.Key), AtMost: policy.Warn,
				Message: "must not be set on a node that AKS does not make: its own pods and controls go there",
				Fix:     "run az aks nodepool add -g <group> --cluster-name <cluster> -n <pool> --mode System"})
		}
	}
	return findings
}

// marksOnObject judges workloads and Services: their own labels, and those that they give their pods.
func marksOnObject(in policy.Input) []policy.Finding {
	certainty := territory(in)
	managed := certainty != policy.NotManaged
	// In managed namespaces most of what stands there is the provider's. What it has marked, managed-component guards.
	if managed && (in.Operation == policy.AtRest || runByProvider(in)) {
		return nil
	}
	var findings []policy.Finding
	for _, key := range ownKeys(in.Provider, in.Resource.Kind, in.Object.Meta.Labels) {
		findings = append(findings, ownKeyFinding(labelsPath.Key(key), key))
	}
	if managed {
		findings = addonManagerMarks(in, findings, certainty.Doubt())
	}
	if pod, ok := in.Object.Pod(); ok && pod.Path != nil {
		for _, key := range ownKeys(in.Provider, object.Pods.Kind, pod.Meta.Labels) {
			findings = append(findings, ownKeyFinding(pod.MetaPath().Child("labels").Key(key), key))
		}
	}
	return findings
}

// ownKeys returns the labels below the provider's prefixes, in order, except those that customers are told to set on
// that kind.
func ownKeys(p *provider.Profile, kind string, labels map[string]string) []string {
	var keys []string
	for key := range labels {
		if p.OwnsKey(key) && !p.CustomersKey("Label", kind, key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func ownKeyFinding(path *field.Path, key string) policy.Finding {
	domain, _, _ := strings.Cut(key, "/")
	return policy.Finding{Path: path, AtMost: policy.Warn,
		Message: "must not be set: AKS marks its own with labels below " + domain,
		Fix:     "use a label key of your own; annotations and node selectors may use AKS's"}
}

// addonManagerMarks finds the marks of Kubernetes' add-on manager: it takes what carries them for its own, and deletes
// what is not in its manifests.
func addonManagerMarks(in policy.Input, findings []policy.Finding, doubt string) []policy.Finding {
	labels := in.Object.Meta.Labels
	if _, marked := in.Provider.Marked(labels); !marked {
		return findings
	}
	for _, marks := range [][]provider.Label{in.Provider.Marks.Managed, in.Provider.Marks.Legacy} {
		for _, mark := range marks {
			if mark.Matches(labels) && !in.Provider.OwnsKey(mark.Key) {
				findings = append(findings, policy.Finding{Path: labelsPath.Key(mark.Key), AtMost: policy.Warn, Doubt: doubt,
					Message: "must not be " + quoteCut(labels[mark.Key], 24) + ": the add-on manager may delete what it did not make",
					Fix:     "leave the label out"})
			}
		}
	}
	return findings
}

// byPath orders findings that come out of a map.
func byPath(a, b policy.Finding) int { return strings.Compare(a.Path.String(), b.Path.String()) }
