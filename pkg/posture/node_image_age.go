// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var nodeImageAge = policy.Rule{
	ID:    "node-image-age",
	Title: "node image out of support by its age, or soon to be",
	Doc: policy.Doc{
		Why: "Microsoft supports no node image that is older than 90 days, and takes vulnerabilities only on the current one. Linux " +
			"nodes patch themselves in part, Windows nodes not at all, so an old image is also an insecure one.",
		Fix: "Upgrade the node images of the pool with `az aks nodepool upgrade --node-image-only`, and have it done for you: " +
			"`az aks update --node-os-upgrade-channel NodeImage` with a planned maintenance window.",
		Note: "The warning comes at 60 days. There is one finding for each pool, on the Node with the oldest image. A node that was " +
			"patched without a new image counts from its last patch: whether AKS counts from the image or from the patch is not " +
			"published, so an old image with recent patches is a note. Virtual nodes, and machines that Microsoft runs, are left out.",
	},
	Clauses: []provider.ClauseID{"node-images", "vulnerabilities", "node-os-updates"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Survey:  surveyNodeImageAge,
}

func surveyNodeImageAge(s policy.State) []policy.Sighting {
	images := &s.Provider.NodeImages
	path := field.NewPath("metadata", "labels").Key(images.Label.Key)
	var found []policy.Sighting
	for _, p := range poolsOf(s) {
		ages, unread := agesOf(images, p, s.Now)
		for _, sighting := range []*policy.Sighting{tooOld(images, p, ages, s.Now), patchedOnly(images, p, ages), unreadImage(p, unread)} {
			if sighting != nil {
				sighting.Path = path
				found = append(found, *sighting)
				break // one for each pool: the gravest
			}
		}
	}
	return found
}

// tooOld speaks of the oldest node of a pool that is old by its last patch too.
func tooOld(images *provider.NodeImages, p pool, ages []imageAge, now time.Time) *policy.Sighting {
	oldest, old, unsupported := pick(ages, images.WarnFromDays, imageAge.effective), 0, 0
	if oldest == nil {
		return nil
	}
	for _, a := range ages {
		if a.effective() >= images.WarnFromDays {
			old++
		}
		if a.effective() >= images.UnsupportedFromDays {
			unsupported++
		}
	}
	f := policy.Finding{Doubt: oldest.doubt(), Fix: p.upgrade(oldest.node.Name, "--node-image-only")}
	if unsupported > 0 {
		f.Message = fmt.Sprintf("must be younger than %d days: this image is %d days old (past it: %s)",
			images.UnsupportedFromDays, oldest.effective(), p.share(unsupported))
	} else {
		what := fmt.Sprintf("it is %d now", oldest.effective())
		if oldest.patch < oldest.image {
			what = fmt.Sprintf("its last patch is %d now, and the image itself %d", oldest.patch, oldest.image)
		}
		end := now.AddDate(0, 0, images.UnsupportedFromDays-oldest.effective())
		f.Message = fmt.Sprintf("must be renewed by %s, when it is %d days old: %s (past %d: %s)",
			dayOf(end), images.UnsupportedFromDays, what, images.WarnFromDays, p.share(old))
	}
	return &policy.Sighting{Object: oldest.node.Subject, Finding: f}
}

// patchedOnly speaks of an image that is out of support by its own day, and not by its last patch.
func patchedOnly(images *provider.NodeImages, p pool, ages []imageAge) *policy.Sighting {
	oldest := pick(ages, images.UnsupportedFromDays, func(a imageAge) int { return a.image })
	if oldest == nil {
		return nil
	}
	return &policy.Sighting{Object: oldest.node.Subject, Finding: policy.Finding{
		Message: fmt.Sprintf("should be younger than %d days: the image is %d days old, and its last patch %d",
			images.UnsupportedFromDays, oldest.image, oldest.patch),
		Fix:   p.upgrade(oldest.node.Name, "--node-image-only"),
		Doubt: "AKS does not say whether it counts from the image or from its last patch", AtMost: policy.Audit}}
}
