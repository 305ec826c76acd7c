// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// hostFilePod is a pod under judgement. What is asked of it as a whole is asked once, and only if a mount was found.
type hostFilePod struct {
	in       policy.Input
	pod      object.Pod
	volumes  hostPaths
	findings []policy.Finding

	asked, own, plugIn bool
	doubt              string
}

// passes says whether a writable mount of what the provider owns is as it should be.
func (p *hostFilePod) passes(found provider.NodePlace) bool {
	p.ask()
	return p.own || p.plugIn && found.PlugIns && !found.Above
}

func (p *hostFilePod) ask() {
	if p.asked {
		return
	}
	p.asked = true
	p.plugIn = plugsIntoNode(p.in.Provider, p.pod, p.volumes)
	p.own = providersPod(p.in)
	if territory(p.in) != policy.NotManaged && maybeAddon(p.in) {
		p.doubt = doubtAddon
	}
}

func (p *hostFilePod) finding(found provider.NodePlace, c *corev1.Container, at *field.Path, path string) policy.Finding {
	f := policy.Finding{Path: at, Fix: found.Instead, Doubt: p.doubt}
	if _, documented := p.in.Provider.WritesNodeFiles(c.Image); documented || p.plugIn {
		f.AtMost = policy.Audit
	}
	switch {
	case found.Standing == provider.Shared:
		f.Message = "must be debugged by you, not by Microsoft: " + path + " on the node " + shares(found)
		f.Fix, f.AtMost = "keep to what the plug-in or agent needs: the cluster stays supported", policy.Audit
	case found.Above:
		f.Message = "must be readOnly: " + path + " on the node holds files of AKS's own, such as " + strings.TrimSuffix(found.Path, "*")
		f.Fix = "mount only the folders that the pod works with, readOnly where it only reads"
	default:
		f.Message = "must be readOnly: " + path + " on the node is AKS's own (" + found.What + ")"
	}
	return f
}

func shares(found provider.NodePlace) string {
	if found.Above {
		return "holds " + found.Path + ", which is AKS's too"
	}
	return "is AKS's too (" + found.What + ")"
}

func hasHostPath(spec *corev1.PodSpec) bool {
	for i := range spec.Volumes {
		if spec.Volumes[i].HostPath != nil {
			return true
		}
	}
	return false
}

// plugsIntoNode says whether a pod brings a volume driver, a device plug-in or a network plug-in. Those work on the
// node's mounts, devices or network, and mount more of it than other pods have reason to.
func plugsIntoNode(profile *provider.Profile, pod object.Pod, volumes hostPaths) bool {
	for _, c := range pod.Containers() {
		for i := range c.Env {
			for j := range profile.NodeFiles.PlugIns.Variables {
				if c.Env[i].Name == profile.NodeFiles.PlugIns.Variables[j].Name {
					return true
				}
			}
		}
		for i := range c.VolumeMounts {
			m := &c.VolumeMounts[i]
			if host := volumes.find(m.Name); host != nil && !m.ReadOnly {
				if place, ok := profile.NodePlace(host.Path, m.SubPath, m.SubPathExpr); ok && place.Registers {
					return true
				}
			}
		}
	}
	return false
}

// mountedPath is the path on the node that a container gets, for a message.
func mountedPath(host *corev1.HostPathVolumeSource, m *corev1.VolumeMount) string {
	const longest = 40
	below := m.SubPath + m.SubPathExpr
	if below == "" || len(host.Path) > longest {
		return hostPathName(host)
	}
	separator := "/"
	if strings.Contains(host.Path, `\`) {
		separator = `\`
	}
	return quoteCut(strings.TrimRight(host.Path, `/\`)+separator+below, longest)
}
