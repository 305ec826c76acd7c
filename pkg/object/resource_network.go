// SPDX-License-Identifier: Apache-2.0

package object

// Network kinds of projects that customers install, by group and kind. Calico keeps its policies in crd.projectcalico.org
// and serves them in projectcalico.org, or keeps them in the latter alone. AdminNetworkPolicy and its baseline came before
// ClusterNetworkPolicy and are still about.
var (
	CiliumNetworkPolicies            = custom("cilium.io", "CiliumNetworkPolicy", "ciliumnetworkpolicies", true)
	CiliumClusterwideNetworkPolicies = custom("cilium.io", "CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies", false)
	CiliumLocalRedirectPolicies      = custom("cilium.io", "CiliumLocalRedirectPolicy", "ciliumlocalredirectpolicies", true)
	CalicoNetworkPolicies            = custom("crd.projectcalico.org", "NetworkPolicy", "networkpolicies", true)
	CalicoGlobalNetworkPolicies      = custom("crd.projectcalico.org", "GlobalNetworkPolicy", "globalnetworkpolicies", false)
	CalicoV3NetworkPolicies          = custom("projectcalico.org", "NetworkPolicy", "networkpolicies", true)
	CalicoV3GlobalNetworkPolicies    = custom("projectcalico.org", "GlobalNetworkPolicy", "globalnetworkpolicies", false)
	AdminNetworkPolicies             = custom("policy.networking.k8s.io", "AdminNetworkPolicy", "adminnetworkpolicies", false)
	BaselineAdminNetworkPolicies     = custom("policy.networking.k8s.io", "BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies", false)
	ClusterNetworkPolicies           = custom("policy.networking.k8s.io", "ClusterNetworkPolicy", "clusternetworkpolicies", false)
	GatewayClasses                   = custom("gateway.networking.k8s.io", "GatewayClass", "gatewayclasses", false)
)

func network() []Resource {
	return append(append(NamespacedNetworkPolicies()[1:], ClusterwideNetworkPolicies()...), GatewayClasses)
}

// NamespacedNetworkPolicies lists the kinds of policies that select pods of their own namespace, Kubernetes' own first.
func NamespacedNetworkPolicies() []Resource {
	return []Resource{NetworkPolicies, CiliumNetworkPolicies, CiliumLocalRedirectPolicies, CalicoNetworkPolicies, CalicoV3NetworkPolicies}
}

// ClusterwideNetworkPolicies lists the kinds of policies that select pods anywhere.
func ClusterwideNetworkPolicies() []Resource {
	return []Resource{
		CiliumClusterwideNetworkPolicies, CalicoGlobalNetworkPolicies, CalicoV3GlobalNetworkPolicies,
		AdminNetworkPolicies, BaselineAdminNetworkPolicies, ClusterNetworkPolicies,
	}
}
