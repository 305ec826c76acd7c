// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// placement is a pod together with what is known of the cluster's nodes.
type placement struct {
	in  policy.Input
	pod object.Pod
}

const poolModeLabel = "kubernetes.azure.com/mode"

// node judges the node that the author of the pod chose.
func (p *placement) node(findings []policy.Finding) []policy.Finding {
	pool, reserved := p.dedicatedNode(p.pod.Spec.NodeName)
	if !reserved || !p.nodeChosen() {
		return findings
	}
	return append(findings, p.finding(p.pod.SpecPath().Child("nodeName"), "must not be a node of "+pool+notForYou))
}

// nodeChosen says whether the node's name was written by whoever made the pod: once a Pod is there, it is the scheduler's.
// The API server gives an object its UID before it asks webhooks, so only at rest does one tell live Pods from manifests.
func (p *placement) nodeChosen() bool {
	return p.pod.Path != nil || p.in.Operation == policy.Create || p.in.Operation == policy.AtRest && p.in.Object.Meta.UID == ""
}

func (p *placement) selector(findings []policy.Finding) []policy.Finding {
	for _, key := range [...]string{poolModeLabel, poolLabel, poolLabelLegacy, corev1.LabelHostname} {
		value, ok := p.pod.Spec.NodeSelector[key]
		if !ok {
			continue
		}
		if message := p.reserved(key, value); message != "" {
			findings = append(findings, p.finding(p.pod.SpecPath().Child("nodeSelector").Key(key), message))
		}
	}
	return findings
}

// affinity judges the terms that nodes must fulfil. One is enough, so the pod is bound to system pools only if every term
// is. A term without requirements selects nothing.
func (p *placement) affinity(findings []policy.Finding) []policy.Finding {
	a := p.pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return findings
	}
	terms := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	for i := range terms {
		if p.freeTerm(&terms[i]) {
			return findings
		}
	}
	path := p.pod.SpecPath().Child("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
	for i := range terms {
		findings = p.requirements(findings, path.Index(i).Child("matchExpressions"), terms[i].MatchExpressions)
		findings = p.requirements(findings, path.Index(i).Child("matchFields"), terms[i].MatchFields)
	}
	return findings
}

// freeTerm says whether a term selects nodes that are not reserved.
func (p *placement) freeTerm(t *corev1.NodeSelectorTerm) bool {
	for i := range t.MatchExpressions {
		if p.requirement(&t.MatchExpressions[i]) != "" {
			return false
		}
	}
	for i := range t.MatchFields {
		if p.requirement(&t.MatchFields[i]) != "" {
			return false
		}
	}
	return len(t.MatchExpressions)+len(t.MatchFields) > 0
}

func (p *placement) requirements(findings []policy.Finding, path *field.Path, list []corev1.NodeSelectorRequirement) []policy.Finding {
	for i := range list {
		if message := p.requirement(&list[i]); message != "" {
			findings = append(findings, p.finding(path.Index(i), message))
		}
	}
	return findings
}

// requirement returns what is to be said of a requirement that only reserved nodes fulfil.
func (p *placement) requirement(r *corev1.NodeSelectorRequirement) string {
	if r.Operator != corev1.NodeSelectorOpIn || len(r.Values) == 0 {
		return ""
	}
	for _, value := range r.Values[1:] {
		if p.reserved(r.Key, value) == "" {
			return ""
		}
	}
	return p.reserved(r.Key, r.Values[0])
}

const notForYou = ": AKS keeps it for its own components"

// reserved returns what is to be said of a node label, or of a node's own name, that only reserved nodes have. It is empty,
// and nothing was allocated, if others may have it too.
func (p *placement) reserved(key, value string) string {
	switch key {
	case poolModeLabel:
		if value == "system" {
			return "must not be system: AKS keeps system node pools for its own components"
		}
	case poolLabel, poolLabelLegacy:
		if p.dedicated(value) {
			return "must not be " + value + notForYou
		}
	case corev1.LabelHostname, "metadata.name":
		if pool, ok := p.dedicatedNode(value); ok {
			return "must not be a node of " + pool + notForYou
		}
	}
	return ""
}

func (p *placement) finding(path *field.Path, message string) policy.Finding {
	return policy.Finding{Path: path, Message: message, Fix: "select a user node pool for this " + p.in.Resource.Kind}
}

// dedicated says whether a pool is known to be a system pool that carries the taint.
func (p *placement) dedicated(pool string) bool {
	return p.in.Cluster != nil && p.in.Cluster.Nodes != nil &&
		slices.ContainsFunc(p.in.Cluster.Nodes.Pools, func(n policy.NodePool) bool { return n.Name == pool && n.System && n.Dedicated })
}

func (p *placement) dedicatedNode(node string) (string, bool) {
	pool, ok := poolOfNode(node)
	return pool, ok && p.dedicated(pool)
}

// poolOfNode reads the pool out of a node's name, which AKS composes: aks-<pool>-<digits>-vmss<machine>, and vms instead of
// vmss where the pool has no scale set.
func poolOfNode(node string) (string, bool) {
	rest, ok := strings.CutPrefix(node, "aks-")
	if !ok {
		return "", false
	}
	pool, rest, _ := strings.Cut(rest, "-")
	digits, machine, _ := strings.Cut(rest, "-")
	return pool, pool != "" && digits != "" && strings.Trim(digits, "0123456789") == "" && strings.HasPrefix(machine, "vms")
}
