// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// nodeHostFiles is about what a pod may write, since what it does write can't be seen from here. So it says nothing of
// mounts that drivers, agents and network plug-ins can't do without.
var nodeHostFiles = policy.Rule{
	ID:      "node-host-files",
	Title:   "pod that can write AKS's own files on a node",
	Clauses: []provider.ClauseID{"node-customisation", "node-components"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Doc: policy.Doc{
		Why: "AKS sets up and repairs kubelet, containerd and the services of each node, and Microsoft doesn't debug a node that " +
			"was broken by what a pod wrote to their files. The cluster stays supported, but such a node may fail an upgrade, and " +
			"what was written is gone when AKS repairs or replaces the node.",
		Fix: "Mount the folder with `readOnly: true`, or only the part of it that the pod works with. Settings of the kubelet and of " +
			"the operating system go through AKS: `az aks nodepool add --kubelet-config --linux-os-config`.",
		Note: "A mount counts that is not `readOnly`, of a hostPath at, below or above files that AKS owns; `subPath` narrows it, and " +
			"a volume that no container mounts does nothing. Folders made for drivers and device plug-ins pass. Recorded only are " +
			"the folders of network plug-ins and containerd's socket, which others use by a method that AKS supports, and all " +
			"mounts of a pod that registers a volume driver, device plug-in or network plug-in, or whose image AKS's " +
			"documentation has customers install. What AKS runs itself passes, and `kubectl debug node` is left to node-access. A " +
			"`hostPath` behind a PersistentVolume isn't seen.",
	},
	Match: append(policy.OnEach(object.Workloads(), policy.Create, policy.Update),
		policy.OnSub(object.Pods, "ephemeralcontainers", policy.Update)),
	Check: policy.ForPods(checkNodeHostFiles),
}

func checkNodeHostFiles(in policy.Input, pod object.Pod) []policy.Finding {
	if !hasHostPath(pod.Spec) {
		return nil
	}
	p := hostFilePod{in: in, pod: pod, volumes: hostPathsOf(pod.Spec)}
	for place, c := range pod.Containers() {
		for i := range c.VolumeMounts {
			m := &c.VolumeMounts[i]
			host := p.volumes.find(m.Name)
			if host == nil || m.ReadOnly || isRoot(host) && isNodeDebugger(in) {
				continue
			}
			found, ok := in.Provider.NodePlace(host.Path, m.SubPath, m.SubPathExpr)
			if ok && found.Standing != provider.Open && !p.passes(found) {
				p.findings = append(p.findings, p.finding(found, c, place.Path().Child("volumeMounts").Index(i), mountedPath(host, m)))
			}
		}
	}
	return p.findings
}
