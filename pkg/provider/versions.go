// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// KubernetesVersions is when the provider supports which minor version of Kubernetes.
type KubernetesVersions struct {
	Table
	// NoticeDays is how long before its end a version is worth a word.
	NoticeDays int `json:"noticeDays"`
	// GraceDays is how long after the end the provider still answers, so that the customer can upgrade.
	GraceDays int `json:"graceDays"`
	// Skew is how far nodes may lag behind the control plane, newest control planes first.
	Skew []VersionSkew `json:"skew"`
	// Versions are the minor versions, oldest first, without a gap.
	Versions []KubernetesVersion `json:"versions"`
}

// KubernetesVersion is one minor version.
type KubernetesVersion struct {
	Version string `json:"version"` // 1.34
	// Preview and GA are the first day of the month in which the provider offered it as such, or means to.
	Preview Date `json:"preview,omitzero"`
	GA      Date `json:"ga,omitzero"`
	// EndOfLife is the last day of support, LTSEndOfLife that of long-term support for clusters that have it.
	EndOfLife    Date   `json:"endOfLife,omitzero"`
	LTSEndOfLife Date   `json:"ltsEndOfLife,omitzero"`
	Source       Source `json:"source"`
}

// VersionSkew is a rule about the distance of nodes from the control plane.
type VersionSkew struct {
	// From is the first control plane's version to which it applies.
	From string `json:"from"`
	// Behind is how many minor versions nodes may be older.
	Behind int    `json:"behind"`
	Source Source `json:"source"`
}

// Minor is the 34 of 1.34.
func (k KubernetesVersion) Minor() int { return minorOf(k.Version) }

// Known returns the oldest and the newest minor version of the table; zeros if it is empty.
func (k *KubernetesVersions) Known() (oldest, newest int) {
	if len(k.Versions) == 0 {
		return 0, 0
	}
	return k.Versions[0].Minor(), k.Versions[len(k.Versions)-1].Minor()
}

// Find returns what the table knows of a minor version.
func (k *KubernetesVersions) Find(minor int) (KubernetesVersion, bool) {
	oldest, newest := k.Known()
	if minor < oldest || minor > newest || newest == 0 {
		return KubernetesVersion{}, false
	}
	return k.Versions[minor-oldest], true
}

// Behind returns how many minor versions nodes may be older than a control plane of that one.
func (k *KubernetesVersions) Behind(minor int) (int, bool) {
	for _, s := range k.Skew {
		if minor >= minorOf(s.From) {
			return s.Behind, true
		}
	}
	return 0, false
}

// minorOf returns the 34 of 1.34, or -1.
func minorOf(version string) int {
	minor, ok := strings.CutPrefix(version, "1.")
	n, err := strconv.Atoi(minor)
	if !ok || err != nil || n < 0 {
		return -1
	}
	return n
}

func (v *validator) kubernetesVersions() {
	k, path := &v.profile.KubernetesVersions, field.NewPath("kubernetesVersions")
	if len(k.Versions) == 0 {
		return
	}
	v.table(path, k.Table)
	v.days(path.Child("noticeDays"), k.NoticeDays)
	v.days(path.Child("graceDays"), k.GraceDays)
	v.notEmpty(path.Child("skew"), len(k.Skew), "how far nodes may lag behind")
	for i, s := range k.Skew {
		at := path.Child("skew").Index(i)
		v.minor(at.Child("from"), s.From)
		if i > 0 && minorOf(s.From) >= minorOf(k.Skew[i-1].From) {
			v.invalid(at.Child("from"), s.From, "must be older than the one before")
		}
		v.source(at, s.Source)
	}
	for i, version := range k.Versions {
		at := path.Child("versions").Index(i)
		v.minor(at.Child("version"), version.Version)
		if i > 0 && version.Minor() != k.Versions[i-1].Minor()+1 {
			v.invalid(at.Child("version"), version.Version, "must follow the one before, without a gap")
		}
		if version.EndOfLife.IsZero() {
			v.add(field.Required(at.Child("endOfLife"), "the last day of support"))
		}
		v.inOrder(at, version.Preview, version.GA, version.EndOfLife, version.LTSEndOfLife)
		v.source(at, version.Source)
	}
}

func (v *validator) minor(path *field.Path, version string) {
	if minorOf(version) < 0 {
		v.invalid(path, version, "must be a minor version, such as 1.34")
	}
}
