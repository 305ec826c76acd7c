// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// networkDialect is how one project writes its policies down.
type networkDialect struct {
	// selector is the field that says which pods a policy is about.
	selector string
	// cuts says what a policy keeps from the pods that it selects.
	cuts func(policyTree) cutOff
	// chooses says whether the selector comes to a managed namespace.
	chooses func(policyTree, suspect) choice
	// fix says how a cluster-wide policy leaves managed namespaces out.
	fix string
}

// networkDialects are the kinds of policies that the rule reads.
var networkDialects = map[schema.GroupKind]networkDialect{
	object.NetworkPolicies.GroupKind():                  {"podSelector", cutByKubernetes, choosesPods("podSelector"), ""},
	object.CiliumNetworkPolicies.GroupKind():            ciliumDialect,
	object.CiliumClusterwideNetworkPolicies.GroupKind(): ciliumDialect,
	object.CiliumLocalRedirectPolicies.GroupKind():      {"redirectFrontend", redirected, choosesPods(""), ""},
	object.CalicoNetworkPolicies.GroupKind():            calicoDialect,
	object.CalicoGlobalNetworkPolicies.GroupKind():      calicoDialect,
	object.CalicoV3NetworkPolicies.GroupKind():          calicoDialect,
	object.CalicoV3GlobalNetworkPolicies.GroupKind():    calicoDialect,
	object.AdminNetworkPolicies.GroupKind():             adminDialect,
	object.BaselineAdminNetworkPolicies.GroupKind():     adminDialect,
	object.ClusterNetworkPolicies.GroupKind():           adminDialect,
}

var (
	ciliumDialect = networkDialect{"endpointSelector", cutByCilium, choosesPods("endpointSelector"),
		"add the expression k8s:io.kubernetes.pod.namespace NotIn, with AKS's namespaces as values"}
	calicoDialect = networkDialect{"selector", cutByCalico, choosesByCalico,
		"add kubernetes.azure.com/managedby != 'aks' to its namespaceSelector"}
	adminDialect = networkDialect{"subject", cutByAdmin, choosesByAdmin,
		"select namespaces by an expression kubernetes.azure.com/managedby NotIn [aks]"}
)

// networkPart is one of the policies that an object holds: Cilium's may hold several.
type networkPart struct {
	path *field.Path
	spec policyTree
}

func (networkDialect) parts(root policyTree) []networkPart {
	var parts []networkPart
	if root.has("spec") {
		parts = append(parts, networkPart{field.NewPath("spec"), root.at("spec")})
	}
	for i, spec := range root.list("specs") {
		parts = append(parts, networkPart{field.NewPath("specs").Index(i), spec})
	}
	return parts
}

// field returns the field that chooses namespaces, or pods where none does.
func (d networkDialect) field(spec policyTree) string {
	if spec.has("namespaceSelector") {
		return "namespaceSelector"
	}
	return d.selector
}

// target returns the managed namespace that a cluster-wide policy most surely comes to: the first of the profile, which
// every cluster has, before the others. Names that customers use for the same software are theirs.
func (d networkDialect) target(p *provider.Profile, spec policyTree) (string, choice) {
	name, chosen := "", leftOut
	for i, n := range p.Namespaces {
		if n.AlsoCustomers {
			continue
		}
		c := d.chooses(spec, suspect{p, n.Name, true})
		if i == 0 && c != leftOut {
			return n.Name, c
		}
		if c > chosen {
			name, chosen = n.Name, c
		}
	}
	return name, chosen
}

func choosesPods(selector string) func(policyTree, suspect) choice {
	return func(spec policyTree, s suspect) choice { return chosenByLabels(spec.at(selector), s.podLabel) }
}

// choosesByAdmin reads a subject, which selects either whole namespaces or pods in them.
func choosesByAdmin(spec policyTree, s suspect) choice {
	subject := spec.at("subject")
	if subject.has("pods") {
		pods := subject.at("pods")
		return chosenByLabels(pods.at("namespaceSelector"), s.namespaceLabel).and(chosenByLabels(pods.at("podSelector"), s.podLabel))
	}
	if !subject.has("namespaces") {
		return leftOut
	}
	return chosenByLabels(subject.at("namespaces"), s.namespaceLabel)
}

func choosesByCalico(spec policyTree, s suspect) choice {
	chosen := chosenByExpression(spec.text("selector"), s.podLabel).and(
		chosenByExpression(spec.text("namespaceSelector"), s.namespaceLabel))
	if chosen == named && spec.text("serviceAccountSelector") != "" {
		return notLeftOut // which service accounts carry which labels isn't known
	}
	return chosen
}
