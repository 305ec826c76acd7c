// SPDX-License-Identifier: Apache-2.0

package object

// Network kinds of projects that customers install, by group and kind.
var (
	CiliumNetworkPolicies            = custom("cilium.io", "CiliumNetworkPolicy", "ciliumnetworkpolicies", true)
	CiliumClusterwideNetworkPolicies = custom("cilium.io", "CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies", false)
	CalicoNetworkPolicies            = custom("crd.projectcalico.org", "NetworkPolicy", "networkpolicies", true)
	CalicoGlobalNetworkPolicies      = custom("crd.projectcalico.org", "GlobalNetworkPolicy", "globalnetworkpolicies", false)
	GatewayClasses                   = custom("gateway.networking.k8s.io", "GatewayClass", "gatewayclasses", false)
)

func network() []Resource {
	return []Resource{
		CiliumNetworkPolicies, CiliumClusterwideNetworkPolicies, CalicoNetworkPolicies, CalicoGlobalNetworkPolicies, GatewayClasses,
	}
}
