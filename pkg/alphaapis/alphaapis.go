// SPDX-License-Identifier: Apache-2.0

// Package alphaapis knows the APIs of Kubernetes itself that some release can serve in an alpha version: their groups,
// resources and versions, and which minor versions can serve which. Other people's groups are never in it, whatever they
// call their versions.
package alphaapis

import (
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/featuregates"
)

// Resource is a resource that some release can serve in an alpha version.
type Resource struct {
	Group, Plural, Kind string
	Namespaced          bool
	// Versions has every version in which releases of the table can serve it, the earliest first.
	Versions []Version
}

// Version is one version of a resource, and the minor versions that can serve it, both ends included. Whether a server
// does is another matter: alpha and beta versions are served where somebody turned them on.
type Version struct {
	Name     string
	From, To featuregates.Minor
}

// Maturity is how stable a version is.
type Maturity string

// The maturities of a version.
const (
	Alpha  Maturity = "alpha"
	Beta   Maturity = "beta"
	Stable Maturity = "stable"
)

// MaturityOf tells the maturity from the name of a version. It holds for Kubernetes' own groups only.
func MaturityOf(version string) Maturity {
	switch {
	case strings.Contains(version, "alpha"):
		return Alpha
	case strings.Contains(version, "beta"):
		return Beta
	}
	return Stable
}

// Maturity returns how stable the version is.
func (v Version) Maturity() Maturity { return MaturityOf(v.Name) }

// In says whether a release of that minor version can serve the version.
func (v Version) In(minor featuregates.Minor) bool { return v.From <= minor && minor <= v.To }

// Version returns what the table knows of a version of the resource.
func (r *Resource) Version(name string) (Version, bool) {
	i := slices.IndexFunc(r.Versions, func(v Version) bool { return v.Name == name })
	if i < 0 {
		return Version{}, false
	}
	return r.Versions[i], true
}

// First returns the earliest version of that maturity.
func (r *Resource) First(m Maturity) (Version, bool) {
	i := slices.IndexFunc(r.Versions, func(v Version) bool { return v.Maturity() == m })
	if i < 0 {
		return Version{}, false
	}
	return r.Versions[i], true
}

// Known returns the oldest and the newest minor version of the table.
func Known() (oldest, newest featuregates.Minor) {
	t := loaded()
	return t.oldest, t.newest
}

// All returns every resource, sorted by group and plural. Nobody may change it.
func All() []Resource { return loaded().resources }

// ByKind returns the resource of a group and kind.
func ByKind(group, kind string) (*Resource, bool) {
	r, ok := loaded().byKind[groupKind{group, kind}]
	return r, ok
}
