// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var nodeResourceGroup = policy.Rule{
	ID:    "node-resource-group",
	Title: "change of the node resource group behind the back of AKS",
	Clauses: []provider.ClauseID{"node-resource-group", "node-iaas-changes", "node-extensions", "nsg", "node-resource-group-name",
		"scale-set-scaling", "vm-extensions"},
	Since:   "v0.1.0",
	Default: policy.Deny,
	Doc: policy.Doc{
		Why: "Scale sets, network security groups, load balancers and all else that AKS keeps in the node resource group are changed " +
			"through the AKS API only: changing them by any other way takes the cluster out of support. Azure Service Operator and " +
			"Crossplane are such ways: applying one of their objects writes to Azure, and deleting it deletes what it stands for, " +
			"which for a resource group is everything in it.",
		Fix: "Use the AKS API for what you need: `az aks nodepool` for nodes, annotations on Services for load balancers, a virtual " +
			"network of your own for security groups and routes, a DaemonSet instead of extensions. To close the other ways " +
			"in Azure too, lock the group: `az aks update -g <group> -n <cluster> --nrg-lockdown-restriction-level ReadOnly`.",
		Note: "The group's name is read from the Nodes, and owners are followed through the cluster. Refused is what certainly " +
			"leads there; where the subscription is not told, a name of the form `MC_<group>_<cluster>_<location>` makes it certain, " +
			"since AKS alone makes such groups, and a name of your choice leaves a doubt, since another subscription may have a group of " +
			"that name. Objects whose owner demarc can't find bring a warning only if they are named like AKS's own. What AKS documents " +
			"for the node resource group passes: disks and public IP addresses of your own, subnets of your own in its virtual network, " +
			"links of private DNS zones, and peerings. A security rule for RDP, which AKS documents as temporary, is a doubt. " +
			"The kinds of `containerservice.azure.com` are the AKS API and pass. Objects that only observe are recorded. Whether Azure " +
			"Service Operator was told to skip everything by default can't be seen.",
	},
	Match: policy.OnEach(object.Azure(), policy.Create, policy.Update, policy.Delete),
	Wants: policy.Needs{Nodes: true},
	Check: checkNodeResourceGroup,
}

func checkNodeResourceGroup(in policy.Input) []policy.Finding {
	target, ok := azureobject.Locate(in.Subject(), in.Owners)
	if !ok {
		return nil
	}
	doubt, ok := madeByAKS(in, target)
	if !ok {
		return nil
	}
	found, ok := leadsToNodes(in, target)
	if !ok {
		return nil
	}
	// Both projects keep books on their objects: what asks nothing new of Azure is no change.
	if in.Operation == policy.Update && in.Old != nil && azureobject.Alike(in.Old, in.Object) {
		return nil
	}
	if found.doubt == "" {
		found.doubt = doubt
	}
	f := policy.Finding{Path: target.Path(), Message: found.message, Fix: found.fix(in, target), Doubt: found.doubt}
	if hold := azureobject.Held(in.Subject(), in.Operation == policy.Delete); hold != nil {
		f.Path, f.AtMost = hold, policy.Audit
		f.Message = "must stay: it keeps the object from changing " + found.group
		f.Fix = "leave it in place for as long as the object exists"
	}
	return []policy.Finding{f}
}
