// SPDX-License-Identifier: Apache-2.0

package object

import "slices"

// The groups of Azure Service Operator, version 2, that hold what lies behind nodes. Not among them is
// containerservice.azure.com: that is the AKS API itself.
const (
	ASOCompute   = "compute.azure.com"
	ASONetwork   = "network.azure.com"
	ASOResources = "resources.azure.com"
)

// The groups of Crossplane's Azure provider. Those with an m of its second version are namespaced.
const (
	CrossplaneAzure             = "azure.upbound.io"
	CrossplaneCompute           = "compute.azure.upbound.io"
	CrossplaneNetwork           = "network.azure.upbound.io"
	CrossplaneNamespacedAzure   = "azure.m.upbound.io"
	CrossplaneNamespacedCompute = "compute.azure.m.upbound.io"
	CrossplaneNamespacedNetwork = "network.azure.m.upbound.io"
)

// Azure lists the kinds by which Azure Service Operator and Crossplane make or change what may lie in a node resource
// group.
func Azure() []Resource { return azure() }

func azure() []Resource {
	return slices.Concat(
		kindsOf(ASOResources, true, resourceGroup),
		kindsOf(ASOCompute, true, asoCompute),
		kindsOf(ASONetwork, true, asoNetwork),
		kindsOf(CrossplaneAzure, false, resourceGroup),
		kindsOf(CrossplaneCompute, false, crossplaneCompute),
		kindsOf(CrossplaneNetwork, false, crossplaneNetwork),
		kindsOf(CrossplaneNamespacedAzure, true, resourceGroup),
		kindsOf(CrossplaneNamespacedCompute, true, crossplaneCompute),
		kindsOf(CrossplaneNamespacedNetwork, true, crossplaneNetwork),
	)
}

// naming is a kind and its plural, as the project's custom resource definitions spell them.
type naming struct{ kind, plural string }

func kindsOf(group string, namespaced bool, list []naming) []Resource {
	resources := make([]Resource, 0, len(list))
	for _, n := range list {
		resources = append(resources, custom(group, n.kind, n.plural, namespaced))
	}
	return resources
}

var (
	resourceGroup = []naming{{"ResourceGroup", "resourcegroups"}}

	asoCompute = []naming{
		{"VirtualMachineScaleSet", "virtualmachinescalesets"},
		{"VirtualMachineScaleSetsExtension", "virtualmachinescalesetsextensions"},
		{"VirtualMachine", "virtualmachines"},
		{"VirtualMachinesExtension", "virtualmachinesextensions"},
		{"AvailabilitySet", "availabilitysets"},
		{"Disk", "disks"},
	}
	asoNetwork = []naming{
		{"NetworkSecurityGroup", "networksecuritygroups"},
		{"NetworkSecurityGroupsSecurityRule", "networksecuritygroupssecurityrules"},
		{"LoadBalancer", "loadbalancers"},
		{"LoadBalancersInboundNatRule", "loadbalancersinboundnatrules"},
		{"PublicIPAddress", "publicipaddresses"},
		{"NetworkInterface", "networkinterfaces"},
		{"RouteTable", "routetables"},
		{"RouteTablesRoute", "routetablesroutes"},
		{"VirtualNetwork", "virtualnetworks"},
		{"VirtualNetworksSubnet", "virtualnetworkssubnets"},
		{"NatGateway", "natgateways"},
	}
	crossplaneCompute = []naming{
		{"LinuxVirtualMachineScaleSet", "linuxvirtualmachinescalesets"},
		{"WindowsVirtualMachineScaleSet", "windowsvirtualmachinescalesets"},
		{"OrchestratedVirtualMachineScaleSet", "orchestratedvirtualmachinescalesets"},
		{"VirtualMachineScaleSetStandbyPool", "virtualmachinescalesetstandbypools"},
		{"LinuxVirtualMachine", "linuxvirtualmachines"},
		{"WindowsVirtualMachine", "windowsvirtualmachines"},
		{"VirtualMachineExtension", "virtualmachineextensions"},
		{"VirtualMachineRunCommand", "virtualmachineruncommands"},
		{"VirtualMachineDataDiskAttachment", "virtualmachinedatadiskattachments"},
		{"AvailabilitySet", "availabilitysets"},
		{"ManagedDisk", "manageddisks"},
	}
	crossplaneNetwork = []naming{
		{"SecurityGroup", "securitygroups"},
		{"SecurityRule", "securityrules"},
		{"NetworkInterfaceSecurityGroupAssociation", "networkinterfacesecuritygroupassociations"},
		{"LoadBalancer", "loadbalancers"},
		{"LoadBalancerBackendAddressPool", "loadbalancerbackendaddresspools"},
		{"LoadBalancerRule", "loadbalancerrules"},
		{"LoadBalancerProbe", "loadbalancerprobes"},
		{"LoadBalancerOutboundRule", "loadbalanceroutboundrules"},
		{"LoadBalancerNatRule", "loadbalancernatrules"},
		{"LoadBalancerNatPool", "loadbalancernatpools"},
		{"PublicIP", "publicips"},
		{"NetworkInterface", "networkinterfaces"},
		{"RouteTable", "routetables"},
		{"Route", "routes"},
		{"VirtualNetwork", "virtualnetworks"},
		{"Subnet", "subnets"},
		{"SubnetNetworkSecurityGroupAssociation", "subnetnetworksecuritygroupassociations"},
		{"SubnetRouteTableAssociation", "subnetroutetableassociations"},
		{"SubnetNATGatewayAssociation", "subnetnatgatewayassociations"},
		{"NATGateway", "natgateways"},
	}
)
