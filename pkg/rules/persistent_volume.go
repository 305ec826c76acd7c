// SPDX-License-Identifier: Apache-2.0

package rules

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// persistentVolume returns the name of a volume whose files outlive the container and whose group the kubelet may set:
// the first that a container mounts. It is empty if there is none. Block devices are no mounts.
func persistentVolume(in policy.Input, spec *corev1.PodSpec) string {
	volumes := persistentVolumesOf(in, spec)
	for _, list := range [2][]corev1.Container{spec.Containers, spec.InitContainers} {
		for i := range list {
			for j := range list[i].VolumeMounts {
				if name := list[i].VolumeMounts[j].Name; volumes.has(name) {
					return name
				}
			}
		}
	}
	return ""
}

// persistentVolumes finds the persistent volumes of a pod by their names.
type persistentVolumes struct {
	templates []corev1.PersistentVolumeClaim
	volumes   []corev1.Volume
	index     map[string]bool
}

func persistentVolumesOf(in policy.Input, spec *corev1.PodSpec) persistentVolumes {
	p := persistentVolumes{volumes: spec.Volumes}
	if set, ok := object.As[*appsv1.StatefulSet](in.Object); ok {
		p.templates = set.Spec.VolumeClaimTemplates
	}
	if len(p.volumes)+len(p.templates) > manyVolumes {
		p.index = make(map[string]bool, len(p.volumes)+len(p.templates))
		for i := range p.volumes {
			p.index[p.volumes[i].Name] = isPersistent(&p.volumes[i])
		}
		for i := range p.templates {
			p.index[p.templates[i].Name] = true
		}
	}
	return p
}

// has looks among the claim templates first: they win over a volume of the same name.
func (p persistentVolumes) has(name string) bool {
	if p.index != nil {
		return p.index[name]
	}
	for i := range p.templates {
		if p.templates[i].Name == name {
			return true
		}
	}
	for i := range p.volumes {
		if p.volumes[i].Name == name {
			return isPersistent(&p.volumes[i])
		}
	}
	return false
}

// isPersistent leaves out a claim that the pod mounts read-only: the kubelet changes nothing on it.
func isPersistent(v *corev1.Volume) bool {
	return v.Ephemeral != nil || v.PersistentVolumeClaim != nil && !v.PersistentVolumeClaim.ReadOnly
}

// onWindows says whether the pod asks for Windows, where files have no group.
func onWindows(spec *corev1.PodSpec) bool {
	return spec.OS != nil && spec.OS.Name == corev1.Windows || spec.NodeSelector[corev1.LabelOSStable] == string(corev1.Windows)
}
