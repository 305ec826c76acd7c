// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// nodeAccess tells people from programs: agents of every kind enter the node, and only what is made for somebody to sign
// in is worth a warning. None of it is ever more than that, since signing in is allowed.
var nodeAccess = policy.Rule{
	ID:      "node-access",
	Title:   "way to sign in to a node",
	Clauses: []provider.ClauseID{"node-login"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Doc: policy.Doc{
		Why: "AKS lets you sign in to nodes and advises against it: what is changed there by hand can make the cluster " +
			"unsupportable. Nothing records such changes, Microsoft doesn't debug them, and they are gone when AKS repairs, upgrades " +
			"or replaces the node. Looking is fine: `kubectl debug node/<name>` is the tool that AKS documents.",
		Fix: "Look at a node with `kubectl debug node/<name>`, change nothing there, and delete the pod afterwards. Set nodes with " +
			"`az aks nodepool add --kubelet-config --linux-os-config`, or with a DaemonSet of your own.",
		Note: "A warning is for what waits for a person: a pod of `kubectl debug node`; a container that reads a terminal, opens a " +
			"shell or only sleeps, while it is privileged in the node's process namespace, mounts the node's root writable, or is a " +
			"HostProcess; `exec`, `run`, `attach` and `portForward` through the kubelet by `nodes/proxy`. A program that runs " +
			"commands on the node by `nsenter` or `chroot` is recorded only, be it in a script of at most 64 KiB: that is how " +
			"installers and storage systems work. Agents that do so by themselves can't be told and pass, as does `nodes/proxy` " +
			"for metrics, logs and other reading. Whatever the configuration says, nothing is refused.",
	},
	Match: append(policy.OnEach(object.Workloads(), policy.Create, policy.Update),
		policy.OnSub(object.Pods, "ephemeralcontainers", policy.Update),
		policy.OnSub(object.Nodes, "proxy", policy.Connect)),
	Check: checkNodeAccess,
}

func checkNodeAccess(in policy.Input) []policy.Finding {
	if in.Resource == object.Nodes {
		return kubeletAccess(in)
	}
	pod, ok := in.Object.Pod()
	if !ok {
		return nil
	}
	if reach := podReach(pod); !reach.hostPID && !reach.root && !reach.hostProcess || providersPod(in) {
		return nil
	}
	p := accessPod{in: in, pod: pod, volumes: hostPathsOf(pod.Spec)}
	if isNodeDebugger(in) {
		return []policy.Finding{p.debugger()}
	}
	var findings []policy.Finding
	for place, c := range pod.Containers() {
		if f, ok := p.container(place, c); ok {
			findings = append(findings, f)
		}
	}
	return findings
}
