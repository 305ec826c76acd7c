// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// The doubts about where an object leads.
const (
	doubtSubscription = "the subscription is not told: another one may have a group of that name"
	doubtGroupName    = "the group is known by its name only: no Node of this cluster tells of it"
	doubtOwner        = "the object that it lies in is not known: its name alone speaks of AKS"
)

// nodePlace says that an object leads to a node resource group: group is how a message calls that.
type nodePlace struct {
	message, group, doubt string
}

// leadsToNodes says whether an object takes effect in a node resource group.
func leadsToNodes(in policy.Input, t azureobject.Target) (nodePlace, bool) {
	if !t.Known() {
		return namedLikeNodes(in, t)
	}
	doubt, ok := isNodeGroup(in, t)
	if !ok {
		return nodePlace{}, false
	}
	p := nodePlace{group: "the node resource group " + quoteCut(t.ResourceGroup, 64), doubt: doubt}
	if doubt == doubtGroupName {
		p.group = quoteCut(t.ResourceGroup, 64) + ", named like a node resource group"
	}
	p.message = "must not lead to " + p.group
	if t.Role == azureobject.ResourceGroup {
		p.message = "must not be " + p.group
	}
	return p, true
}

// isNodeGroup compares the target with what the Nodes tell, and says what is in doubt.
func isNodeGroup(in policy.Input, t azureobject.Target) (doubt string, ok bool) {
	for _, g := range nodesOf(in).ResourceGroups {
		switch {
		case !strings.EqualFold(g.Name, t.ResourceGroup):
		case g.Subscription != "" && t.Subscription != "":
			if strings.EqualFold(g.Subscription, t.Subscription) {
				return "", true
			}
		case namedByAKS(t.ResourceGroup), poolOfScaleSet(in, t.Resource) != "":
			return "", true
		default:
			return doubtSubscription, true
		}
	}
	return doubtGroupName, namedByAKS(t.ResourceGroup)
}

// namedByAKS says whether a group has a name as AKS gives it: MC_group_cluster_location.
func namedByAKS(name string) bool {
	return len(name) > 3 && strings.EqualFold(name[:3], "MC_") && strings.Count(name, "_") >= 3
}

// namedLikeNodes judges an object whose group is not told by the names around it. Most such objects lie in groups of the
// customer's own whose object comes later, so nothing less than a name of AKS's own counts.
func namedLikeNodes(in policy.Input, t azureobject.Target) (nodePlace, bool) {
	if likeNodeGroup(in, t.Owner.Name) {
		return doubtful("the node resource group", quoteCut(t.Owner.Name, 64)+" spells its name"), true
	}
	name := cmp.Or(t.Resource, t.Owner.Name)
	if resourceOfAKS(in, t.Role, name) {
		return doubtful("a node resource group", quoteCut(name, 64)+" is a name of AKS's"), true
	}
	return nodePlace{}, false
}

func doubtful(group, reason string) nodePlace {
	return nodePlace{group: group, doubt: doubtOwner, message: "must not lead to " + group + ": " + reason}
}

// resourceOfAKS says whether AKS gives such names to resources of that role, on which the group is not needed to tell.
func resourceOfAKS(in policy.Input, role azureobject.Role, name string) bool {
	switch role {
	case azureobject.ScaleSet, azureobject.Extension:
		return poolOfScaleSet(in, name) != "" || around(name, "aks-", "-vmss")
	case azureobject.SecurityGroup:
		return around(name, "aks-agentpool-", "-nsg")
	case azureobject.RouteTable:
		return around(name, "aks-agentpool-", "-routetable")
	}
	return false
}

func around(name, prefix, suffix string) bool {
	return len(name) > len(prefix)+len(suffix) &&
		strings.EqualFold(name[:len(prefix)], prefix) && strings.EqualFold(name[len(name)-len(suffix):], suffix)
}

// likeNodeGroup says whether the name of an object in the cluster spells that of the node resource group: such names
// have small letters and no underscores.
func likeNodeGroup(in policy.Input, name string) bool {
	return name != "" && slices.ContainsFunc(nodesOf(in).ResourceGroups, func(g policy.ResourceGroup) bool {
		return len(g.Name) == len(name) && strings.EqualFold(strings.ReplaceAll(g.Name, "_", "-"), name)
	})
}

// nodesOf returns what the Nodes tell; nothing where nobody asked them.
func nodesOf(in policy.Input) policy.NodeFacts {
	if in.Cluster == nil || in.Cluster.Nodes == nil {
		return policy.NodeFacts{}
	}
	return *in.Cluster.Nodes
}

// poolOfScaleSet returns the name of the pool whose machines the scale set holds; empty if it holds none's.
func poolOfScaleSet(in policy.Input, name string) string {
	for _, pool := range nodesOf(in).Pools {
		if slices.ContainsFunc(pool.ScaleSets, func(s string) bool { return strings.EqualFold(s, name) }) {
			return pool.Name
		}
	}
	return ""
}
