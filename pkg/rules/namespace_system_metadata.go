// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var namespaceSystemMetadata = policy.Rule{
	ID:      "namespace-system-metadata",
	Title:   "change of a managed namespace's system metadata, or its removal",
	Clauses: []provider.ClauseID{"system-metadata", "managed-components", "root-images"},
	Since:   "v0.1.0",
	Default: policy.Deny,
	Doc: policy.Doc{
		Why: "Changing metadata that the system made takes the cluster out of support, and deleting a managed namespace takes AKS's " +
			"components along. AKS labels the namespaces that it manages, and its own controls go by these labels. A Pod " +
			"Security level of `baseline` or `restricted` stops components that must run as root or on the host's network, DNS and " +
			"storage among them, at their next restart.",
		Fix: "Leave these namespaces and their labels as AKS made them. To name one in a selector, use the label " +
			"`kubernetes.io/metadata.name`, which every namespace carries. To be rid of an add-on's namespace, disable the add-on " +
			"with `az aks`. Set Pod Security levels on namespaces of your own.",
		Note: "A label of your own brings a warning only: AKS has been seen to take such labels off again. Annotations of your own, and the " +
			"`warn` and `audit` labels of Pod Security, which AKS documents for all namespaces at once, pass. A namespace known by " +
			"its name only brings warnings at most, and where customers install the same software under that name it is theirs.",
	},
	// Labels can be changed through the subresources too.
	Match: []policy.Match{
		policy.On(object.Namespaces, policy.Update, policy.Delete),
		policy.OnSub(object.Namespaces, "status", policy.Update),
		policy.OnSub(object.Namespaces, "finalize", policy.Update),
	},
	Needs: policy.Needs{Old: true},
	Check: checkNamespaceSystemMetadata,
}

func checkNamespaceSystemMetadata(in policy.Input) []policy.Finding {
	certainty := in.ManagedNamespace()
	if certainty == policy.NotManaged {
		return nil
	}
	j := namespaceJudge{Input: in, certain: certainty == policy.Managed, doubt: certainty.Doubt()}
	if j.certain && maybeAddon(in) {
		j.doubt = doubtAddon
	}
	if in.Operation == policy.Delete {
		return j.deletion()
	}
	if in.Old == nil || in.Object == nil {
		return nil
	}
	before, after := in.Old.Meta, in.Object.Meta
	if !maps.Equal(before.Labels, after.Labels) {
		j.labels(before.Labels, after.Labels)
	}
	if !maps.Equal(before.Annotations, after.Annotations) {
		j.annotations(before.Annotations, after.Annotations)
	}
	j.owners(before.OwnerReferences, after.OwnerReferences)
	return j.findings
}

// namespaceJudge gathers what is wrong with a change of one managed namespace.
type namespaceJudge struct {
	policy.Input
	certain  bool
	doubt    string
	findings []policy.Finding
}

func (j *namespaceJudge) find(path *field.Path, must, fix string, atMost policy.Mode) {
	why := must + ": AKS manages this namespace"
	if !j.certain {
		why = must + " if AKS manages this namespace"
	}
	j.findings = append(j.findings, policy.Finding{Path: path, Message: why, Fix: fix, Doubt: j.doubt, AtMost: atMost})
}

// customers says whether customers use this name for their own installation and no label says that this one isn't.
func (j *namespaceJudge) customers() bool { return !j.certain && sharedName(j.Input) }

func (j *namespaceJudge) deletion() []policy.Finding {
	if j.customers() {
		return nil
	}
	fix := "disable the add-on that it belongs to with az aks"
	if known, ok := j.Provider.NamespaceNamed(j.Name); ok {
		fix = fmt.Sprintf("disable the add-on that it belongs to (%s) with az aks", known.Owner)
	}
	j.find(nil, "must not be deleted", fix, "")
	return j.findings
}
