// SPDX-License-Identifier: Apache-2.0

package kubecomponent

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// The names that need a word of their own somewhere.
const (
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kubelet           = "kubelet"
	Proxy             = "kube-proxy"
	ClusterAutoscaler = "cluster-autoscaler"

	hyperkube              = "hyperkube"
	cloudControllerManager = "cloud-controller-manager"
	cloudNodeManager       = "cloud-node-manager"
)

// names are the components that have all of Kubernetes' feature gates. Cloud providers put their name before the last two.
var names = []string{
	Kubelet, Proxy, APIServer, ControllerManager, Scheduler, ClusterAutoscaler, cloudControllerManager, cloudNodeManager,
}

// family returns the component that a name stands for: the name itself, or that without the cloud provider's.
func family(name string) string {
	for _, n := range names {
		if name == n {
			return n
		}
	}
	for _, n := range []string{cloudControllerManager, cloudNodeManager} {
		if strings.HasSuffix(name, "-"+n) {
			return n
		}
	}
	return ""
}

func isComponent(name string) bool { return family(name) != "" }

// followsKubernetes says whether an image of that name is tagged with the version of Kubernetes that it was built from.
// Cloud providers other than Azure count their own versions.
func followsKubernetes(name string) bool {
	switch family(name) {
	case cloudControllerManager, cloudNodeManager:
		return strings.HasPrefix(name, "azure-")
	}
	return true
}

// mentions says whether any text of the container could name a component. Most containers go no further.
func mentions(c *corev1.Container) bool {
	if mentionsComponent(c.Image) || anyMentions(c.Command) || anyMentions(c.Args) {
		return true
	}
	for i := range c.Env {
		if mentionsComponent(c.Env[i].Value) {
			return true
		}
	}
	return false
}

func anyMentions(texts []string) bool {
	for _, t := range texts {
		if mentionsComponent(t) {
			return true
		}
	}
	return false
}

// mentionsComponent looks for what the names have in common first: it is in few texts.
func mentionsComponent(text string) bool {
	if len(text) < len(Kubelet) {
		return false
	}
	if strings.Contains(text, "kube") {
		return strings.Contains(text, Kubelet) || strings.Contains(text, "kube-") || strings.Contains(text, hyperkube) ||
			strings.Contains(text, "cloud-")
	}
	return strings.Contains(text, "cloud-") || strings.Contains(text, ClusterAutoscaler)
}

// image is what an image reference tells.
type image struct{ name, tag string }

// imageOf splits a reference: the last element of the repository without the architecture that old images carry, and the tag.
func imageOf(reference string) image {
	name := reference[1+strings.LastIndexByte(reference, '/'):]
	name, _, _ = strings.Cut(name, "@")
	name, tag, _ := strings.Cut(name, ":")
	for _, arch := range []string{"-amd64", "-arm64"} {
		name = strings.TrimSuffix(name, arch)
	}
	return image{name, tag}
}

// is says whether the image is named like the component; hyperkube holds them all.
func (i image) is(component string) bool {
	return i.name == hyperkube || isComponent(component) && family(i.name) == family(component)
}
