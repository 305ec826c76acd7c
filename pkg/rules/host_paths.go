// SPDX-License-Identifier: Apache-2.0

package rules

import (
	corev1 "k8s.io/api/core/v1"
)

// hostPaths finds the hostPath volumes of a pod by their names.
type hostPaths struct {
	volumes []corev1.Volume
	index   map[string]*corev1.HostPathVolumeSource
}

// manyVolumes is where walking the list for each mount becomes dear: the two together are quadratic, and a hostile
// object holds tens of thousands of either.
const manyVolumes = 64

func hostPathsOf(spec *corev1.PodSpec) hostPaths {
	h := hostPaths{volumes: spec.Volumes}
	if len(spec.Volumes) > manyVolumes {
		h.index = make(map[string]*corev1.HostPathVolumeSource, len(spec.Volumes))
		for i := range spec.Volumes {
			h.index[spec.Volumes[i].Name] = spec.Volumes[i].HostPath
		}
	}
	return h
}

// find returns the hostPath behind the volume of that name; nil if the volume is of another kind.
func (h hostPaths) find(name string) *corev1.HostPathVolumeSource {
	if h.index != nil {
		return h.index[name]
	}
	for i := range h.volumes {
		if h.volumes[i].Name == name {
			return h.volumes[i].HostPath
		}
	}
	return nil
}
