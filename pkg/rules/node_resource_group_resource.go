// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"strings"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// The doubts about what lies in the node resource group.
const (
	doubtVolume = "the disk is named like one of a volume: AKS documents some changes of those"
	doubtRDP    = "AKS documents a rule for RDP as a temporary measure, and overwrites it"
	doubtNAT    = "nothing tells the NAT gateway from one of your own"
)

// madeByAKS says whether a resource in the node resource group is one that AKS made, or that only AKS may put there. AKS
// documents that customers keep disks, addresses and subnets of their own in it; of those only names of AKS's count.
func madeByAKS(in policy.Input, t azureobject.Target) (doubt string, ok bool) {
	switch t.Role {
	case azureobject.Disk:
		return doubtVolume, hasPrefix(t.Resource, "pvc-") || hasPrefix(t.Resource, "kubernetes-dynamic-")
	case azureobject.PublicIP:
		return "", hasPrefix(t.Resource, "kubernetes-") || isUUID(t.Resource)
	case azureobject.VirtualNetwork:
		return "", hasPrefix(t.Resource, "aks-vnet-")
	case azureobject.Subnet:
		return "", strings.EqualFold(t.Child, "aks-subnet")
	case azureobject.NATGateway:
		return doubtNAT, true
	case azureobject.SecurityGroup:
		if azureobject.Parameter(in.Subject(), "destinationPortRange") == "3389" {
			return doubtRDP, true
		}
	}
	return "", true
}

func hasPrefix(name, prefix string) bool {
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// isUUID says whether a name is 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, as the outbound addresses' are.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') ||
			!dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
			return false
		}
	}
	return true
}

// fix names the way that AKS supports for such a resource and, where the group is certain, how to lock it.
func (p nodePlace) fix(in policy.Input, t azureobject.Target) string {
	group, cluster := clusterOf(t.ResourceGroup)
	way := wayOf(in, t, group, cluster)
	if p.doubt != "" {
		return way
	}
	return way + "; lock the group: az aks update -g " + group + " -n " + cluster + " --nrg-lockdown-restriction-level ReadOnly"
}

func wayOf(in policy.Input, t azureobject.Target, group, cluster string) string {
	pool := cmp.Or(plainWord(poolOfScaleSet(in, t.Resource), "<pool>"), "<pool>")
	nodepool := " -g " + group + " --cluster-name " + cluster + " -n " + pool
	switch t.Role {
	case azureobject.ResourceGroup:
		return "leave the group to AKS"
	case azureobject.Extension:
		return "use a DaemonSet"
	case azureobject.ScaleSet:
		return "use az aks nodepool scale or update" + nodepool
	case azureobject.Machine, azureobject.AvailabilitySet, azureobject.Interface:
		return "use az aks nodepool update" + nodepool
	case azureobject.Disk:
		return "change the PersistentVolumeClaim"
	case azureobject.LoadBalancer:
		return "set service.beta.kubernetes.io/azure-* annotations on the Service"
	case azureobject.PublicIP:
		return "use az aks update --load-balancer-outbound-ips, or an address of your own on the Service"
	case azureobject.SecurityGroup:
		return "use azure-allowed-ip-ranges on the Service, or an NSG on a subnet of your own"
	case azureobject.NATGateway:
		return "use az aks update --nat-gateway-managed-outbound-ip-count"
	}
	return "use a virtual network of your own: az aks nodepool add --vnet-subnet-id <subnet>"
}

// clusterOf reads the names of group and cluster from a name of AKS's own, if they can be told apart in it.
func clusterOf(nodeGroup string) (group, cluster string) {
	parts := strings.Split(nodeGroup, "_")
	if len(parts) != 4 || !namedByAKS(nodeGroup) {
		return "<group>", "<cluster>"
	}
	return cmp.Or(plainWord(parts[1], "<group>"), "<group>"), cmp.Or(plainWord(parts[2], "<cluster>"), "<cluster>")
}
