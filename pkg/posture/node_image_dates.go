// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"
	"time"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// imageAge is how old a node's image is, in whole days.
type imageAge struct {
	node *policy.NodeState
	// image is the age of the image itself, patch that of its last patch, or of the image if there was none.
	image, patch int
	// unread is an annotation that may tell of a later patch, in a form that nobody knows.
	unread string
}

func (a imageAge) effective() int { return min(a.image, a.patch) }

func (a imageAge) doubt() string {
	if a.unread == "" {
		return ""
	}
	return "the annotation " + a.unread + " has a form that is not known, and may tell of a later patch"
}

// agesOf returns the ages of a pool's nodes, and the nodes whose image tells no day, or one that lies ahead. A node without
// the label counts as neither.
func agesOf(images *provider.NodeImages, p pool, now time.Time) (ages []imageAge, unread []*policy.NodeState) {
	for _, n := range p.nodes {
		version := labelsOf(n.Subject)[images.Label.Key]
		if version == "" {
			continue
		}
		image, patched, ok := images.Dates(version)
		if !ok || ahead(image.Time, now) {
			unread = append(unread, n)
			continue
		}
		a := imageAge{node: n, image: max(0, daysSince(image.Time, now))}
		last := image.Time
		if patched.After(last) && !ahead(patched.Time, now) {
			last = patched.Time
		}
		var live time.Time
		live, a.unread = images.PatchedAt(annotationsOf(n.Subject), now)
		if live.After(last) {
			last = live
		}
		a.patch = max(0, daysSince(last, now))
		ages = append(ages, a)
	}
	return ages, unread
}

// ahead says whether a day lies in the future, by more than clocks and time zones differ.
func ahead(t, now time.Time) bool { return t.After(now.Add(24 * time.Hour)) }

// pick returns the oldest by that measure, if it is at least so old.
func pick(ages []imageAge, from int, measure func(imageAge) int) *imageAge {
	var oldest *imageAge
	for i := range ages {
		if measure(ages[i]) >= from && (oldest == nil || measure(ages[i]) > measure(*oldest)) {
			oldest = &ages[i]
		}
	}
	return oldest
}

func unreadImage(p pool, unread []*policy.NodeState) *policy.Sighting {
	if len(unread) == 0 {
		return nil
	}
	return &policy.Sighting{Object: unread[0].Subject, Finding: policy.Finding{
		Message: fmt.Sprintf("must tell a day that has passed, in a form that is known, or its age can't be told (%s)",
			p.share(len(unread))),
		Fix:   "look at the node image version with az aks nodepool show, and update demarc",
		Doubt: "AKS may have changed how it spells the version of an image", AtMost: policy.Audit}}
}
