// SPDX-License-Identifier: Apache-2.0

package rules

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var fsgroupChangePolicy = policy.Rule{
	ID:      "fsgroup-change-policy",
	Title:   "slow change of ownership on volumes",
	Clauses: []provider.ClauseID{"fsgroup-ownership"},
	Since:   "v0.1.0",
	Default: policy.Audit,
	Doc: policy.Doc{
		Why: "AKS's FAQ warns that with `fsGroup` Kubernetes sets group and mode of every file each time a volume is mounted, so that " +
			"pods with big volumes take long to start; nothing about support changes. Before Kubernetes 1.20 the advice was to run as " +
			"root with `fsGroup: 0`. Since then `fsGroupChangePolicy: OnRootMismatch` leaves a volume alone whose top folder is right.",
		Fix: "Set `fsGroupChangePolicy: OnRootMismatch` beside `fsGroup` in the pod's security context, and run as a user of your own " +
			"instead of root.",
		Note: "Only persistent volumes that a container mounts count: claims, claim templates of a StatefulSet and of ephemeral " +
			"volumes. Claims mounted read-only by the pod, raw block devices and Windows pods pass. Some drivers, such as those of file " +
			"shares, may not change ownership at all; the pod doesn't tell.",
	},
	Match: policy.OnEach(object.Workloads(), policy.Create, policy.Update),
	Check: checkFsgroupChangePolicy,
}

func checkFsgroupChangePolicy(in policy.Input) []policy.Finding {
	pod, ok := in.Object.Pod()
	if !ok {
		return nil
	}
	sc := pod.Spec.SecurityContext
	if sc == nil || sc.FSGroup == nil || sc.FSGroupChangePolicy != nil && *sc.FSGroupChangePolicy == corev1.FSGroupChangeOnRootMismatch {
		return nil
	}
	volume := persistentVolume(in, pod.Spec)
	if volume == "" || onWindows(pod.Spec) || leftAlone(in) {
		return nil
	}
	findings := []policy.Finding{{
		Path:    pod.SpecPath().Child("securityContext", "fsGroupChangePolicy"),
		Message: "must be OnRootMismatch: else each mount sets the group of every file of volume " + quoteCut(volume, 40),
		Fix:     "set fsGroupChangePolicy: OnRootMismatch beside fsGroup",
	}}
	if path := rootUser(pod); *sc.FSGroup == 0 && path != nil {
		findings = append(findings, policy.Finding{Path: path,
			Message: "must not be 0 to spare volumes with fsGroup 0: OnRootMismatch replaced that in Kubernetes 1.20",
			Fix:     "run as a user of your own, with fsGroupChangePolicy: OnRootMismatch"})
	}
	return inDoubtOfAddon(in, findings)
}

// rootUser returns where the pod, or else one of its containers, asks to run as root; nil if none does. Init containers
// may have their own reasons.
func rootUser(pod object.Pod) *field.Path {
	inherited, root := false, -1
	for i := range pod.Spec.Containers {
		sc := pod.Spec.Containers[i].SecurityContext
		switch {
		case sc == nil || sc.RunAsUser == nil:
			inherited = true
		case *sc.RunAsUser == 0 && root < 0:
			root = i
		}
	}
	if user := pod.Spec.SecurityContext.RunAsUser; inherited && user != nil && *user == 0 {
		return pod.SpecPath().Child("securityContext", "runAsUser")
	}
	if root >= 0 {
		return pod.SpecPath().Child("containers").Index(root).Child("securityContext", "runAsUser")
	}
	return nil
}
