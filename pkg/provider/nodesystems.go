// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// NodeSystems are the operating systems of nodes, and when the provider retires them.
type NodeSystems struct {
	Table
	// NoticeDays is how long before its retirement a system is worth a word.
	NoticeDays int `json:"noticeDays"`
	// SKU are labels of a node that tell which system its pool was made with. The first that is there counts.
	SKU     []Label      `json:"sku"`
	Systems []NodeSystem `json:"systems"`
}

// NodeSystem is one operating system. The first entry that recognises a node counts.
type NodeSystem struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// SKUs, OSImages and Kernels are how to recognise it: by the value of a label, by status.nodeInfo.osImage, or by
	// status.nodeInfo.kernelVersion. Exact, or a prefix and "*". One is enough.
	SKUs     []string `json:"skus,omitempty"`
	OSImages []string `json:"osImages,omitempty"`
	Kernels  []string `json:"kernels,omitempty"`
	// Retires is the first day without support, ImagesGone the one on which its images go and pools no longer scale.
	// Zero where none is announced.
	Retires    Date `json:"retires,omitzero"`
	ImagesGone Date `json:"imagesGone,omitzero"`
	// Last is the last minor version of Kubernetes that it is offered with; empty if none is announced.
	Last string `json:"last,omitempty"`
	// Follows is true where a pool without a versioned SKU goes on to the next system by itself with an upgrade past Last.
	Follows bool `json:"follows,omitempty"`
	// Windows systems change with a new pool only.
	Windows bool `json:"windows,omitempty"`
	// Successor is the SKU to change to.
	Successor string `json:"successor,omitempty"`
	Source    Source `json:"source"`
}

// LastMinor is the 36 of a Last of 1.36.
func (s NodeSystem) LastMinor() (int, bool) { return minorOf(s.Last), s.Last != "" }

// Find returns the system of a node.
func (n *NodeSystems) Find(labels map[string]string, osImage, kernel string) (NodeSystem, bool) {
	sku := ""
	for _, l := range n.SKU {
		if sku = labels[l.Key]; sku != "" {
			break
		}
	}
	i := slices.IndexFunc(n.Systems, func(s NodeSystem) bool {
		return sku != "" && MatchAny(s.SKUs, sku) || MatchAny(s.OSImages, osImage) || MatchAny(s.Kernels, kernel)
	})
	if i < 0 {
		return NodeSystem{}, false
	}
	return n.Systems[i], true
}

func (v *validator) nodeSystems() {
	n, path := &v.profile.NodeSystems, field.NewPath("nodeSystems")
	if len(n.Systems) == 0 {
		return
	}
	v.table(path, n.Table)
	v.days(path.Child("noticeDays"), n.NoticeDays)
	v.valueless(path.Child("sku"), n.SKU)
	for i, s := range n.Systems {
		at := path.Child("systems").Index(i)
		v.id(at.Child("id"), "node system", s.ID)
		v.required(at.Child("title"), s.Title, "the name that users know")
		v.notEmpty(at.Child("osImages"), len(s.SKUs)+len(s.OSImages)+len(s.Kernels), "how to recognise it")
		v.patterns(at.Child("skus"), s.SKUs)
		v.patterns(at.Child("osImages"), s.OSImages)
		v.patterns(at.Child("kernels"), s.Kernels)
		if s.Last != "" {
			v.minor(at.Child("last"), s.Last)
		}
		if !s.Retires.IsZero() {
			v.required(at.Child("successor"), s.Successor, "what to change to")
		}
		v.inOrder(at, s.Retires, s.ImagesGone)
		v.source(at, s.Source)
	}
}

func (v *validator) patterns(path *field.Path, list []string) {
	for i, p := range list {
		v.pattern(path.Index(i), p)
	}
}
