// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var selfManagedAutoscaler = policy.Rule{
	ID:      "self-managed-autoscaler",
	Title:   "cluster-autoscaler of your own that scales Azure scale sets",
	Clauses: []provider.ClauseID{"scale-set-scaling"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Doc: policy.Doc{
		Why: "Scaling node pools through the scale-set API is unsupported, and that is what a cluster-autoscaler does with the cloud " +
			"provider azure: it resizes the scale sets of the node resource group behind the back of AKS. AKS has a cluster-autoscaler " +
			"of its own, which runs in the control plane and never as a pod; two of them work against each other.",
		Fix: "Turn on AKS's own with `az aks nodepool update --enable-cluster-autoscaler --min-count <n> --max-count <n>` for each " +
			"pool, and delete this workload. `az aks update --cluster-autoscaler-profile` takes most of its other flags.",
		Note: "A cluster-autoscaler for another cloud provider, such as clusterapi, passes, and so does one whose `ARM_VM_TYPE` is `aks`, " +
			"since that scales through the AKS API. One that is scaled to zero passes: that and deleting it are the documented way to " +
			"leave it. Where the cloud provider is not told, the finding is in doubt. Karpenter in a pod passes: it makes machines of its " +
			"own and scales no scale set.",
	},
	Match: policy.OnEach(object.Workloads(), policy.Create, policy.Update),
	Check: policy.ForPods(checkSelfManagedAutoscaler),
}

func checkSelfManagedAutoscaler(in policy.Input, pod object.Pod) []policy.Finding {
	var findings []policy.Finding
	var scripts *kubecomponent.ScriptReader // one for all containers, and none for most pods
	for place, c := range pod.Containers() {
		if !namesAutoscaler(c) {
			continue
		}
		if scripts == nil {
			scripts = &kubecomponent.ScriptReader{}
		}
		for _, component := range kubecomponent.Identify(c, scripts) {
			if f, ok := autoscaler(in, place, c, component); ok {
				findings = append(findings, f)
			}
		}
	}
	if len(findings) > 0 && scaledToZero(in.Object) {
		return nil
	}
	return findings
}

// namesAutoscaler says whether a container could run a cluster-autoscaler at all.
func namesAutoscaler(c *corev1.Container) bool {
	for _, texts := range [...][]string{c.Command, c.Args} {
		for _, text := range texts {
			if strings.Contains(text, kubecomponent.ClusterAutoscaler) {
				return true
			}
		}
	}
	for i := range c.Env {
		if strings.Contains(c.Env[i].Value, kubecomponent.ClusterAutoscaler) {
			return true
		}
	}
	return strings.Contains(c.Image, kubecomponent.ClusterAutoscaler)
}

func scaledToZero(o *object.Object) bool {
	d, ok := object.As[*appsv1.Deployment](o)
	return ok && d.Spec.Replicas != nil && *d.Spec.Replicas == 0
}

func flagPath(place object.Place, flags []kubecomponent.Arg) *field.Path {
	if len(flags) == 0 {
		return place.Path()
	}
	return argPath(place, flags[len(flags)-1])
}
