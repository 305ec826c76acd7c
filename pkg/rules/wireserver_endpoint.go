// SPDX-License-Identifier: Apache-2.0

package rules

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var wireserverEndpoint = policy.Rule{
	ID:      "wireserver-endpoint",
	Title:   "traffic taken from or led to Azure's WireServer or instance metadata",
	Clauses: []provider.ClauseID{"managed-components"},
	Since:   "v0.1.0",
	Default: policy.Deny,
	Doc: policy.Doc{
		Why: "Customers can't alter kube-proxy and the network of nodes, which AKS runs: a Service at 168.63.129.16 or " +
			"169.254.169.254 has kube-proxy take over what each node's agent, kubelet and drivers send to Azure's platform, or " +
			"leads around the rules that keep pods away from it. Whoever answers there instead can hand out settings and tokens, " +
			"up to running code on every node. AKS Automatic refuses Services at the first of them for that reason.",
		Fix: "Give the Service an address of your own, and point its endpoints at servers of your own. A pod that needs a token " +
			"gets one by Microsoft Entra Workload ID, without the instance metadata.",
		Note: "Judged are the addresses that a Service takes (`clusterIP`, `externalIPs`, `loadBalancerIP`, and those in its " +
			"status), `externalName` where it is an address, and the addresses in EndpointSlices and Endpoints, in every spelling " +
			"that Kubernetes accepts. Endpoints at 168.63.129.16 on port 53 alone pass: that is Azure's DNS. Network policies that " +
			"keep pods from these addresses pass too; they are what AKS recommends. A host name that resolves to one of them isn't " +
			"seen.",
	},
	Match: append(
		policy.OnEach([]object.Resource{object.Services, object.Endpoints, object.EndpointSlices}, policy.Create, policy.Update),
		policy.OnSub(object.Services, "status", policy.Update)),
	Check: checkWireserverEndpoint,
}

func checkWireserverEndpoint(in policy.Input) []policy.Finding {
	p := platformFindings{profile: in.Provider}
	switch in.Resource {
	case object.Services:
		p.service(in.Object)
	case object.Endpoints:
		p.endpoints(in.Object)
	case object.EndpointSlices:
		p.endpointSlice(in.Object)
	}
	return p.findings
}

func (p *platformFindings) service(o *object.Object) {
	s, ok := object.As[*corev1.Service](o)
	if !ok {
		return
	}
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		p.leads(s.Spec.ExternalName, func() *field.Path { return field.NewPath("spec", "externalName") })
	}
	for i, ip := range s.Spec.ClusterIPs {
		p.takes(ip, func() *field.Path { return field.NewPath("spec", "clusterIPs").Index(i) })
	}
	if len(s.Spec.ClusterIPs) == 0 { // else it is the first of them
		p.takes(s.Spec.ClusterIP, func() *field.Path { return field.NewPath("spec", "clusterIP") })
	}
	for i, ip := range s.Spec.ExternalIPs {
		p.takes(ip, func() *field.Path { return field.NewPath("spec", "externalIPs").Index(i) })
	}
	p.takes(s.Spec.LoadBalancerIP, func() *field.Path { return field.NewPath("spec", "loadBalancerIP") })
	for i := range s.Status.LoadBalancer.Ingress {
		p.takes(s.Status.LoadBalancer.Ingress[i].IP, func() *field.Path {
			return field.NewPath("status", "loadBalancer", "ingress").Index(i).Child("ip")
		})
	}
}
