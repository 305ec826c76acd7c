// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// leftAlone says whether a workload is not this customer's to answer for: it was made from another one, which is judged
// itself, or it is the provider's.
func leftAlone(in policy.Input) bool {
	return madeByWorkload(in) || (in.Operation == policy.AtRest || runByProvider(in)) && territory(in) != policy.NotManaged
}

// madeByWorkload says whether an object that exists already was made by a built-in controller from a workload that holds
// the same pod. A new object may claim any owner, and those controllers' own requests reach no rule.
func madeByWorkload(in policy.Input) bool {
	if in.Operation == policy.Create {
		return false
	}
	owner := metav1.GetControllerOfNoCopy(in.Before().Meta)
	if owner == nil {
		return false
	}
	switch owner.Kind {
	case "ReplicaSet", "Deployment", "DaemonSet", "StatefulSet":
		return strings.HasPrefix(owner.APIVersion, "apps/")
	case "Job", "CronJob":
		return strings.HasPrefix(owner.APIVersion, "batch/")
	case "ReplicationController":
		return owner.APIVersion == "v1"
	}
	return false
}

// inDoubtOfAddon puts the doubt on every finding where the request may come from an add-on of the provider's.
func inDoubtOfAddon(in policy.Input, findings []policy.Finding) []policy.Finding {
	if len(findings) > 0 && maybeAddon(in) {
		for i := range findings {
			findings[i].Doubt = doubtAddon
		}
	}
	return findings
}
