// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var thirdPartyComponent = policy.Rule{
	ID:      "third-party-component",
	Title:   "component outside Microsoft's support",
	Clauses: []provider.ClauseID{"third-party-software", "unmanaged-ingress", "unmanaged-network", "application-certificates"},
	Since:   "v0.1.0",
	Default: policy.Audit,
	Doc: policy.Doc{
		Why: "Ingress controllers, network plug-ins, policy engines, service meshes and certificate issuers that AKS doesn't deploy " +
			"are outside Microsoft's support, while the cluster itself stays supported. Nobody there will configure or debug them, not " +
			"even an ingress controller that stopped working after an upgrade of AKS. It is worth knowing before an incident whom to call.",
		Fix: "Keep the component if you can debug it yourself or have its vendor's support. Where AKS manages something that does " +
			"the same, weigh a move to that.",
		Note: "Recorded and never refused. A component is known by the repository of its image, in any registry, and a class by the " +
			"exact name of its controller. What AKS has an add-on or extension for, such as KEDA or Flux, counts too where somebody " +
			"installed it by hand. What AKS runs itself passes: its images come from `mcr.microsoft.com`, or from the folder " +
			"`aks-managed-repository` of a network isolated cluster. So do the proxies that a mesh puts beside applications, and the " +
			"GatewayClass of Istio, whose name AKS's own Istio shares.",
	},
	Match: append(policy.OnEach(object.Workloads(), policy.Create, policy.Update),
		policy.OnEach([]object.Resource{object.IngressClasses, object.GatewayClasses}, policy.Create, policy.Update)...),
	Check: checkThirdPartyComponent,
}

func checkThirdPartyComponent(in policy.Input) []policy.Finding {
	switch in.Resource {
	case object.IngressClasses:
		return thirdPartyClass(in, "controller")
	case object.GatewayClasses:
		return thirdPartyClass(in, "controllerName")
	}
	pod, ok := in.Object.Pod()
	if !ok {
		return nil
	}
	// Init containers are left out: meshes put their images there, into the pods of others.
	for i := range pod.Spec.Containers {
		software, found := in.Provider.SoftwareOfImage(pod.Spec.Containers[i].Image)
		if !found {
			continue
		}
		if madeByWorkload(in) || markedByProvider(in) {
			return nil
		}
		return thirdPartyFinding(pod.SpecPath().Child("containers").Index(i).Child("image"), software)
	}
	return nil
}

// thirdPartyClass judges the class by which Ingresses or Gateways choose their controller.
func thirdPartyClass(in policy.Input, name string) []policy.Finding {
	tree, err := in.Object.Tree()
	if err != nil {
		return nil
	}
	spec, _ := tree["spec"].(map[string]any)
	controller, _ := spec[name].(string)
	software, ok := in.Provider.SoftwareOfController(controller)
	if !ok {
		return nil
	}
	return thirdPartyFinding(field.NewPath("spec", name), software)
}

func thirdPartyFinding(path *field.Path, s provider.Software) []policy.Finding {
	f := policy.Finding{Path: path, Message: "must be debugged by you, not by Microsoft: it is " + s.Name + ", " + s.What,
		Fix: "keep it if you can debug it yourself: the cluster stays supported"}
	if s.Managed != "" {
		f.Fix = "weigh " + s.Managed + ", or keep it: the cluster stays supported"
	}
	return []policy.Finding{f}
}

// markedByProvider says whether the object carried the provider's mark in its own namespace before the request. Its name
// proves nothing here: people install Cilium and Calico under the names that AKS's own have.
func markedByProvider(in policy.Input) bool {
	if in.Operation == policy.Create || territory(in) == policy.NotManaged {
		return false
	}
	_, marked := in.Provider.Marked(in.Before().Meta.Labels)
	return marked
}
