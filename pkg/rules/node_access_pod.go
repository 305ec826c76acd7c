// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// accessPod is a pod under judgement.
type accessPod struct {
	in      policy.Input
	pod     object.Pod
	volumes hostPaths
	// scripts reads those of all containers, up to a limit per pod.
	scripts kubecomponent.ScriptReader
}

// reach is how a pod or a container gets to its node.
type reach struct{ hostPID, root, hostProcess bool }

// podReach is what the containers of a pod may have at most.
func podReach(pod object.Pod) reach {
	r := reach{hostPID: pod.Spec.HostPID, hostProcess: isHostProcess(pod)}
	for i := range pod.Spec.Volumes {
		r.root = r.root || isRoot(pod.Spec.Volumes[i].HostPath)
	}
	return r
}

func isRoot(host *corev1.HostPathVolumeSource) bool {
	return host != nil && host.Path != "" && strings.Trim(host.Path, "/") == ""
}

// reach is how one container gets to the node: the namespaces of its processes take rights to enter, its files only a
// mount of their root.
func (p *accessPod) reach(c *corev1.Container) reach {
	r := reach{hostPID: p.pod.Spec.HostPID && entersProcesses(c.SecurityContext)}
	sc := p.pod.Spec.SecurityContext
	r.hostProcess = sc != nil && asksHostProcess(sc.WindowsOptions) ||
		c.SecurityContext != nil && asksHostProcess(c.SecurityContext.WindowsOptions)
	for i := range c.VolumeMounts {
		r.root = r.root || p.isNodeRoot(&c.VolumeMounts[i])
	}
	return r
}

func (p *accessPod) isNodeRoot(m *corev1.VolumeMount) bool {
	return !m.ReadOnly && m.SubPath == "" && m.SubPathExpr == "" && isRoot(p.volumes.find(m.Name))
}

// entersProcesses says whether a container may enter the namespaces of any process that it sees. That takes both
// capabilities.
func entersProcesses(sc *corev1.SecurityContext) bool {
	if sc == nil {
		return false
	}
	if sc.Privileged != nil && *sc.Privileged {
		return true
	}
	admin, trace := false, false
	if sc.Capabilities != nil {
		for _, added := range sc.Capabilities.Add {
			if c, ok := findNodeCapability(string(added)); ok {
				admin = admin || c.name == "SYS_ADMIN" || c.name == "ALL"
				trace = trace || c.name == "SYS_PTRACE" || c.name == "ALL"
			}
		}
	}
	return admin && trace
}

// container judges one container by the strongest thing that it shows.
func (p *accessPod) container(place object.Place, c *corev1.Container) (policy.Finding, bool) {
	r := p.reach(c)
	if !r.hostPID && !r.root && !r.hostProcess {
		return policy.Finding{}, false
	}
	if c.Stdin {
		return signIn(place.Path().Child("stdin"), "must not be true: with "+r.name()+" it is a terminal on the node"), true
	}
	at := place.Path().Child("command")
	if len(c.Command) == 0 {
		at = place.Path().Child("args")
	}
	entry := p.entry(r, c)
	switch {
	case entry.kind == opens:
		return signIn(at, "must not open a shell on the node"), true
	case entry.kind == waits && len(p.pod.Spec.InitContainers) == 0:
		return signIn(at, "must not only wait: with "+r.name()+" it is a way to sign in to the node"), true
	case entry.kind == runs:
		return policy.Finding{Path: at, AtMost: policy.Audit,
			Message: "must be debugged by you, not by Microsoft: it runs commands on the node itself by " + entry.by,
			Fix:     "prefer az aks nodepool add --kubelet-config --linux-os-config where that does the same"}, true
	}
	return policy.Finding{}, false
}

func (r reach) name() string {
	switch {
	case r.hostPID:
		return "hostPID"
	case r.root:
		return "the node's root"
	}
	return "hostProcess"
}

func signIn(at *field.Path, message string) policy.Finding {
	return policy.Finding{Path: at, Message: message + ", where changes can end support", AtMost: policy.Warn,
		Fix: "use kubectl debug node/NAME to look, and az aks nodepool add --linux-os-config to set nodes"}
}

// isNodeDebugger knows the pods of `kubectl debug node`, whatever they run: of old versions by name, of new ones by label.
func isNodeDebugger(in policy.Input) bool {
	return strings.HasPrefix(in.Name, "node-debugger-") || in.Object.Meta.Labels["app.kubernetes.io/managed-by"] == "kubectl-debug"
}

func (p *accessPod) debugger() policy.Finding {
	remove := "kubectl delete " + strings.ToLower(p.in.Resource.Kind) + " " + p.in.Name
	if p.in.NamespaceName != "" {
		remove += " -n " + p.in.NamespaceName
	}
	return policy.Finding{Path: p.pod.SpecPath(), AtMost: policy.Warn, Fix: "look, change nothing, then " + remove,
		Message: "must leave the node as it is: changes made by hand can make the cluster unsupportable"}
}

// within says whether a folder of the container is where it mounts the node's root.
func (p *accessPod) within(c *corev1.Container, folder string) bool {
	folder = path.Clean(folder)
	for i := range c.VolumeMounts {
		if p.isNodeRoot(&c.VolumeMounts[i]) && path.Clean(c.VolumeMounts[i].MountPath) == folder {
			return true
		}
	}
	return false
}
