// SPDX-License-Identifier: Apache-2.0

// Package azureobject reads the objects by which Azure Service Operator and Crossplane's Azure provider make resources
// in Azure: what each names as the thing it lies in, and in which resource group it ends up. They are read as maps, by
// fields that all their versions share, and any field may be of any type.
package azureobject

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
)

// Role is what an object makes or changes in Azure.
type Role string

// The roles.
const (
	ResourceGroup   Role = "resource group"
	ScaleSet        Role = "scale set"
	Machine         Role = "virtual machine"
	Extension       Role = "extension"
	AvailabilitySet Role = "availability set"
	Disk            Role = "disk"
	Interface       Role = "network interface"
	SecurityGroup   Role = "network security group"
	LoadBalancer    Role = "load balancer"
	PublicIP        Role = "public IP address"
	RouteTable      Role = "route table"
	VirtualNetwork  Role = "virtual network"
	Subnet          Role = "subnet"
	NATGateway      Role = "NAT gateway"
)

// RoleOf returns what objects of a kind make or change. It is false for kinds that this package does not know.
func RoleOf(gk schema.GroupKind) (Role, bool) {
	k, ok := kinds[gk]
	return k.role, ok
}

// Links lists the kinds of objects that others may name as what they lie in: whoever wants to follow a chain must be
// able to find objects of these.
func Links() []object.Resource {
	owners := map[schema.GroupKind]bool{}
	for _, k := range kinds {
		owners[k.owner] = true
	}
	var links []object.Resource
	for _, r := range object.Azure() {
		if owners[r.GroupKind()] {
			links = append(links, r)
		}
	}
	return links
}

// level is where in Azure the resource of a kind stands.
type level int

const (
	aGroup  level = iota // it is a resource group
	inGroup              // directly in a group
	inner                // inside another resource
	tie                  // none of its own: the object ties one resource to another
)

// kind is what is known of one kind of object.
type kind struct {
	role  Role
	level level
	// owner is the kind of object that it may name as what it lies in.
	owner schema.GroupKind
	// crossplane: its fields are below spec.forProvider. Else it is of Azure Service Operator and has spec.owner.
	crossplane bool
	// field is the Crossplane field that holds the name or the ID of what it lies in, ref that which refers to the object.
	field, ref string
	// outer is the Crossplane field that names the resource around it, where field names the group only.
	outer string
}

var kinds = table()

func table() map[schema.GroupKind]kind {
	t := map[schema.GroupKind]kind{}
	serviceOperator(t)
	crossplane(t, object.CrossplaneAzure, object.CrossplaneCompute, object.CrossplaneNetwork)
	crossplane(t, object.CrossplaneNamespacedAzure, object.CrossplaneNamespacedCompute, object.CrossplaneNamespacedNetwork)
	return t
}

func serviceOperator(t map[schema.GroupKind]kind) {
	groups := schema.GroupKind{Group: object.ASOResources, Kind: "ResourceGroup"}
	t[groups] = kind{role: ResourceGroup}
	for _, k := range []struct {
		group, kind string
		role        Role
		owner       string // of the same group; empty: a resource group
	}{
		{object.ASOCompute, "VirtualMachineScaleSet", ScaleSet, ""},
		{object.ASOCompute, "VirtualMachineScaleSetsExtension", Extension, "VirtualMachineScaleSet"},
		{object.ASOCompute, "VirtualMachine", Machine, ""},
		{object.ASOCompute, "VirtualMachinesExtension", Extension, "VirtualMachine"},
		{object.ASOCompute, "AvailabilitySet", AvailabilitySet, ""},
		{object.ASOCompute, "Disk", Disk, ""},
		{object.ASONetwork, "NetworkSecurityGroup", SecurityGroup, ""},
		{object.ASONetwork, "NetworkSecurityGroupsSecurityRule", SecurityGroup, "NetworkSecurityGroup"},
		{object.ASONetwork, "LoadBalancer", LoadBalancer, ""},
		{object.ASONetwork, "LoadBalancersInboundNatRule", LoadBalancer, "LoadBalancer"},
		{object.ASONetwork, "PublicIPAddress", PublicIP, ""},
		{object.ASONetwork, "NetworkInterface", Interface, ""},
		{object.ASONetwork, "RouteTable", RouteTable, ""},
		{object.ASONetwork, "RouteTablesRoute", RouteTable, "RouteTable"},
		{object.ASONetwork, "VirtualNetwork", VirtualNetwork, ""},
		{object.ASONetwork, "VirtualNetworksSubnet", Subnet, "VirtualNetwork"},
		{object.ASONetwork, "NatGateway", NATGateway, ""},
	} {
		known := kind{role: k.role, level: inGroup, owner: groups}
		if k.owner != "" {
			known.level, known.owner = inner, schema.GroupKind{Group: k.group, Kind: k.owner}
		}
		t[schema.GroupKind{Group: k.group, Kind: k.kind}] = known
	}
}

const groupName = "resourceGroupName"

// crossplane adds the kinds of one generation of the provider: both have the same kinds and fields.
func crossplane(t map[schema.GroupKind]kind, azure, compute, network string) {
	groups := schema.GroupKind{Group: azure, Kind: "ResourceGroup"}
	t[groups] = kind{role: ResourceGroup, crossplane: true}
	for _, k := range []struct {
		group, kind  string
		role         Role
		level        level
		field, owner string // the field, and the kind that may be referred to, of the same group
		outer        string
	}{
		{compute, "LinuxVirtualMachineScaleSet", ScaleSet, inGroup, groupName, "", ""},
		{compute, "WindowsVirtualMachineScaleSet", ScaleSet, inGroup, groupName, "", ""},
		{compute, "OrchestratedVirtualMachineScaleSet", ScaleSet, inGroup, groupName, "", ""},
		{compute, "VirtualMachineScaleSetStandbyPool", ScaleSet, tie, "attachedVirtualMachineScaleSetId", "OrchestratedVirtualMachineScaleSet", ""},
		{compute, "LinuxVirtualMachine", Machine, inGroup, groupName, "", ""},
		{compute, "WindowsVirtualMachine", Machine, inGroup, groupName, "", ""},
		{compute, "VirtualMachineExtension", Extension, inner, "virtualMachineId", "LinuxVirtualMachine", ""},
		{compute, "VirtualMachineRunCommand", Extension, inner, "virtualMachineId", "LinuxVirtualMachine", ""},
		{compute, "VirtualMachineDataDiskAttachment", Machine, tie, "virtualMachineId", "LinuxVirtualMachine", ""},
		{compute, "AvailabilitySet", AvailabilitySet, inGroup, groupName, "", ""},
		{compute, "ManagedDisk", Disk, inGroup, groupName, "", ""},
		{network, "SecurityGroup", SecurityGroup, inGroup, groupName, "", ""},
		{network, "SecurityRule", SecurityGroup, inner, groupName, "", "networkSecurityGroupName"},
		{network, "NetworkInterfaceSecurityGroupAssociation", Interface, tie, "networkInterfaceId", "NetworkInterface", ""},
		{network, "LoadBalancer", LoadBalancer, inGroup, groupName, "", ""},
		{network, "LoadBalancerBackendAddressPool", LoadBalancer, inner, "loadbalancerId", "LoadBalancer", ""},
		{network, "LoadBalancerRule", LoadBalancer, inner, "loadbalancerId", "LoadBalancer", ""},
		{network, "LoadBalancerProbe", LoadBalancer, inner, "loadbalancerId", "LoadBalancer", ""},
		{network, "LoadBalancerOutboundRule", LoadBalancer, inner, "loadbalancerId", "LoadBalancer", ""},
		{network, "LoadBalancerNatRule", LoadBalancer, inner, "loadbalancerId", "LoadBalancer", ""},
		{network, "LoadBalancerNatPool", LoadBalancer, inner, "loadbalancerId", "LoadBalancer", ""},
		{network, "PublicIP", PublicIP, inGroup, groupName, "", ""},
		{network, "NetworkInterface", Interface, inGroup, groupName, "", ""},
		{network, "RouteTable", RouteTable, inGroup, groupName, "", ""},
		{network, "Route", RouteTable, inner, groupName, "", "routeTableName"},
		{network, "VirtualNetwork", VirtualNetwork, inGroup, groupName, "", ""},
		{network, "Subnet", Subnet, inner, groupName, "", "virtualNetworkName"},
		{network, "SubnetNetworkSecurityGroupAssociation", Subnet, tie, "subnetId", "Subnet", ""},
		{network, "SubnetRouteTableAssociation", Subnet, tie, "subnetId", "Subnet", ""},
		{network, "SubnetNATGatewayAssociation", Subnet, tie, "subnetId", "Subnet", ""},
		{network, "NATGateway", NATGateway, inGroup, groupName, "", ""},
	} {
		known := kind{role: k.role, level: k.level, owner: groups, crossplane: true, field: k.field,
			ref: k.field + "Ref", outer: k.outer}
		if k.owner != "" {
			known.owner = schema.GroupKind{Group: k.group, Kind: k.owner}
		}
		t[schema.GroupKind{Group: k.group, Kind: k.kind}] = known
	}
}
