// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
)

// nodePrivilege is one field by which a pod reaches past itself into its node.
type nodePrivilege struct {
	// name is the kind of privilege, in a word.
	name string
	path *field.Path
	// must and why make up the message, with the place where it holds between them.
	must, why string
	// doubt says why it may end at the pod after all; empty where it does not.
	doubt string
}

// nodePrivileges lists every field by which the pod reaches into its node: those of the pod, then those of each
// container. It is nil, and nothing was allocated, if there is none.
func nodePrivileges(pod object.Pod) []nodePrivilege {
	list := podPrivileges(pod)
	volumes := hostPathsOf(pod.Spec)
	for place, c := range pod.Containers() {
		if c.SecurityContext != nil {
			list = containerPrivileges(list, pod.Spec, place, c.SecurityContext)
		}
		for i := range c.VolumeMounts {
			if host := volumes.find(c.VolumeMounts[i].Name); host != nil {
				list = mountPrivileges(list, host, place, i, &c.VolumeMounts[i])
			}
		}
	}
	return list
}

func podPrivileges(pod object.Pod) []nodePrivilege {
	var list []nodePrivilege
	// A HostProcess pod has to be on the node's network, or the API refuses it: that is one privilege and not two.
	if pod.Spec.HostNetwork && !isHostProcess(pod) {
		list = append(list, nodePrivilege{name: "hostNetwork", path: pod.SpecPath().Child("hostNetwork"),
			must: "must not be true", why: "the pod joins the node's network"})
	}
	if pod.Spec.HostPID {
		list = append(list, nodePrivilege{name: "hostPID", path: pod.SpecPath().Child("hostPID"),
			must: "must not be true", why: "the pod sees every process of the node"})
	}
	if pod.Spec.HostIPC {
		list = append(list, nodePrivilege{name: "hostIPC", path: pod.SpecPath().Child("hostIPC"),
			must: "must not be true", why: "the pod shares memory with processes of the node"})
	}
	if sc := pod.Spec.SecurityContext; sc != nil && asksHostProcess(sc.WindowsOptions) {
		list = append(list, nodePrivilege{name: "HostProcess", path: pod.SpecPath().Child("securityContext", "windowsOptions", "hostProcess"),
			must: "must not be true", why: "every container runs on the node itself"})
	}
	return list
}

// isHostProcess says whether the pod asks for Windows HostProcess anywhere: all its containers must agree.
func isHostProcess(pod object.Pod) bool {
	if sc := pod.Spec.SecurityContext; sc != nil && asksHostProcess(sc.WindowsOptions) {
		return true
	}
	for _, c := range pod.Containers() {
		if c.SecurityContext != nil && asksHostProcess(c.SecurityContext.WindowsOptions) {
			return true
		}
	}
	return false
}

func asksHostProcess(o *corev1.WindowsSecurityContextOptions) bool {
	return o != nil && o.HostProcess != nil && *o.HostProcess
}

// doubtUserNamespace: in there root and its capabilities are nobody on the node. Mounted files are the node's all the
// same, because the kernel maps their owners.
const doubtUserNamespace = "hostUsers is false: rights in the pod's own user namespace are not the node's"

func containerPrivileges(list []nodePrivilege, spec *corev1.PodSpec, place object.Place, sc *corev1.SecurityContext) []nodePrivilege {
	doubt := ""
	if spec.HostUsers != nil && !*spec.HostUsers {
		doubt = doubtUserNamespace
	}
	if sc.Privileged != nil && *sc.Privileged {
		list = append(list, nodePrivilege{name: "privileged", path: place.Path().Child("securityContext", "privileged"),
			must: "must not be true", why: "the container has every right on the node", doubt: doubt})
	}
	if asksHostProcess(sc.WindowsOptions) {
		list = append(list, nodePrivilege{name: "HostProcess", path: place.Path().Child("securityContext", "windowsOptions", "hostProcess"),
			must: "must not be true", why: "the container runs on the node itself"})
	}
	if sc.Capabilities == nil {
		return list
	}
	for i, added := range sc.Capabilities.Add {
		if c, ok := findNodeCapability(string(added)); ok {
			list = append(list, nodePrivilege{name: "capabilities",
				path: place.Path().Child("securityContext", "capabilities", "add").Index(i),
				must: "must not be " + c.name, why: "it " + c.does, doubt: cmp.Or(doubt, c.confined(spec))})
		}
	}
	return list
}

// mountPrivileges judges one mount of a hostPath volume; a volume that no container mounts does nothing.
func mountPrivileges(list []nodePrivilege, host *corev1.HostPathVolumeSource, place object.Place, i int, m *corev1.VolumeMount) []nodePrivilege {
	shared := m.MountPropagation != nil && *m.MountPropagation == corev1.MountPropagationBidirectional
	if m.ReadOnly && !shared {
		return list
	}
	p := nodePrivilege{name: "hostPath", path: place.Path().Child("volumeMounts").Index(i)}
	switch {
	case m.ReadOnly:
		p.path = p.path.Child("mountPropagation")
		p.must, p.why = "must not be Bidirectional", "what is mounted below appears in the node's "+hostPathName(host)
	case shared:
		p.must, p.why = "must be readOnly and not Bidirectional", "it is the node's "+hostPathName(host)
	default:
		p.must, p.why = "must be readOnly", "it is the node's "+hostPathName(host)
	}
	return append(list, p)
}

// hostPathName is the path on the node, for a message.
func hostPathName(host *corev1.HostPathVolumeSource) string {
	return quoteCut(host.Path, 40)
}
