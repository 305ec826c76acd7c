// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

const doubtCloudProvider = "the container does not tell which cloud provider the cluster-autoscaler is for"

// autoscaler judges one component that a container runs.
func autoscaler(in policy.Input, place object.Place, c *corev1.Container, component kubecomponent.Component) (policy.Finding, bool) {
	if component.Name != kubecomponent.ClusterAutoscaler || vmType(c) == "aks" {
		return policy.Finding{}, false
	}
	clouds := component.Flag("cloud-provider")
	f := policy.Finding{
		Path:    flagPath(place, clouds),
		Message: "must not be a cluster-autoscaler that scales Azure scale sets by itself",
		Fix:     autoscalerFix(in, component),
	}
	switch cloud := lastOf(clouds); {
	case cloud.Known && cloud.Text != "azure":
		return policy.Finding{}, false
	case !cloud.Known:
		f.Doubt = doubtCloudProvider
		f.Message = "must not be a cluster-autoscaler that scales Azure scale sets"
	}
	return f, true
}

// lastOf returns the value that counts where a flag is given more than once; one that is not known where it is not given.
func lastOf(flags []kubecomponent.Arg) kubecomponent.Arg {
	if len(flags) == 0 {
		return kubecomponent.Arg{}
	}
	return flags[len(flags)-1]
}

// vmType returns the API by which the autoscaler scales, if its variable is set in plain text.
func vmType(c *corev1.Container) string {
	for i := range c.Env {
		if c.Env[i].Name == "ARM_VM_TYPE" {
			return strings.ToLower(c.Env[i].Value)
		}
	}
	return ""
}

// autoscalerFix turns a flag such as --nodes=1:5:aks-apps-12345678-vmss into the command that replaces it.
func autoscalerFix(in policy.Input, component kubecomponent.Component) string {
	pool, least, most := "<pool>", "<n>", "<n>"
	if nodes := lastOf(component.Flag("nodes")); nodes.Known {
		if parts := strings.Split(nodes.Text, ":"); len(parts) == 3 {
			least, most = cmp.Or(plainWord(parts[0], least), least), cmp.Or(plainWord(parts[1], most), most)
			pool = cmp.Or(plainWord(poolOfScaleSet(in, parts[2]), pool), pool)
		}
	}
	return "delete this " + in.Resource.Kind + " after az aks nodepool update -n " + pool +
		" --enable-cluster-autoscaler --min-count " + least + " --max-count " + most
}
