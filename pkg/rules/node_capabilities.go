// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// nodeCapability is a Linux capability that lets a container act on its node.
type nodeCapability struct {
	name string
	// does ends the sentence "it ...".
	does string
	// within is the namespace of the kernel that bounds it: unless the pod joins the node's, the capability ends at the
	// pod. Empty where none bounds it.
	within hostNamespace
}

// hostNamespace is a namespace that a pod may share with its node.
type hostNamespace string

// The namespaces, by the field of the pod that joins them.
const (
	hostNetworkNamespace hostNamespace = "hostNetwork"
	hostPIDNamespace     hostNamespace = "hostPID"
)

// nodeCapabilities are those that act on the node's kernel, its files, or the containers beside. Left out are those
// that container runtimes give to everybody (CHOWN, DAC_OVERRIDE, FOWNER, KILL, MKNOD, NET_BIND_SERVICE, NET_RAW, ...)
// and those that act on the container alone or only read (AUDIT_READ, IPC_LOCK, SYS_NICE, SYS_RESOURCE, SYSLOG, ...).
var nodeCapabilities = []nodeCapability{
	{name: "ALL", does: "is every right on the node"},
	{name: "SYS_ADMIN", does: "mounts file systems and enters other containers"},
	{name: "SYS_MODULE", does: "loads modules into the node's kernel"},
	{name: "SYS_RAWIO", does: "writes the node's memory and devices"},
	{name: "SYS_BOOT", does: "starts another kernel on the node"},
	{name: "SYS_TIME", does: "sets the node's clock"},
	{name: "BPF", does: "loads programs into the node's kernel"},
	{name: "PERFMON", does: "watches every process and the kernel of the node"},
	{name: "DAC_READ_SEARCH", does: "opens the node's files by handle, past the container's root"},
	{name: "MAC_ADMIN", does: "changes the node's AppArmor or SELinux policy"},
	{name: "MAC_OVERRIDE", does: "acts against the node's AppArmor or SELinux policy"},
	{name: "AUDIT_CONTROL", does: "turns the node's kernel audit off"},
	{name: "NET_ADMIN", does: "changes the node's addresses, routes and filters, with hostNetwork", within: hostNetworkNamespace},
	{name: "SYS_PTRACE", does: "reads and changes every process of the node, with hostPID", within: hostPIDNamespace},
}

// findNodeCapability returns the capability of that name. Container runtimes differ in whether they take the name with
// its prefix or in lower case, so both count.
func findNodeCapability(name string) (*nodeCapability, bool) {
	const prefix = "CAP_"
	if len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
		name = name[len(prefix):]
	}
	for i := range nodeCapabilities {
		if strings.EqualFold(nodeCapabilities[i].name, name) {
			return &nodeCapabilities[i], true
		}
	}
	return nil, false
}

// confined says why the capability ends at the pod; empty where it does not.
func (c *nodeCapability) confined(spec *corev1.PodSpec) string {
	switch {
	case c.within == hostNetworkNamespace && !spec.HostNetwork, c.within == hostPIDNamespace && !spec.HostPID:
		return c.name + " without " + string(c.within) + " ends at the pod"
	}
	return ""
}
