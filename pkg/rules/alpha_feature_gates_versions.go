// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// versionSkew is by how many minor versions a node's components may be older than the API server.
const versionSkew = 3

// gateVersions are the minor versions that a component may have; from and to are equal where it is known.
type gateVersions struct {
	from, to featuregates.Minor
	// doubt says why no finding that rests on these versions is certain.
	doubt string
}

// serverMinor returns the API server's minor version, if it is known.
func serverMinor(in policy.Input) (featuregates.Minor, bool) {
	if in.Cluster == nil {
		return 0, false
	}
	return featuregates.ParseMinor(in.Cluster.ServerVersion)
}

// possibleVersions are those of a component whose version nothing tells.
func possibleVersions(in policy.Input) gateVersions {
	if server, ok := serverMinor(in); ok {
		return gateVersions{from: server - versionSkew, to: server}
	}
	_, newest := featuregates.Known()
	return gateVersions{from: newest - versionSkew, to: newest, doubt: "neither the image's tag nor the cluster tells the version"}
}

// nodeVersions are those of the nodes. That a node may be older than the server is no reason to suspect everybody.
func nodeVersions(in policy.Input) gateVersions {
	if server, ok := serverMinor(in); ok {
		return gateVersions{from: server, to: server}
	}
	return possibleVersions(in)
}

func versionsOf(c kubecomponent.Component, in policy.Input) gateVersions {
	if c.Versioned {
		return gateVersions{from: c.Minor, to: c.Minor}
	}
	return possibleVersions(in)
}

// alpha says whether the gate is alpha in one of the versions, and why that may not be the one that counts.
func (v gateVersions) alpha(gate string) (doubt string, found bool) {
	if gate == featuregates.AllAlpha {
		return "", true
	}
	oldest, newest := featuregates.Known()
	switch {
	case v.from > newest:
		_, known := featuregates.Lookup(gate, newest)
		return "the table of feature gates knows up to " + newest.String(),
			isAlpha(gate, newest) || !known && neverKnown(gate)
	case v.to < oldest:
		return "the table of feature gates begins with " + oldest.String(), isAlpha(gate, oldest)
	}
	in, of := 0, 0
	for m := max(v.from, oldest); m <= min(v.to, newest); m++ {
		of++
		if isAlpha(gate, m) {
			in++
		}
	}
	switch {
	case v.doubt != "":
		doubt = v.doubt
	case in < of:
		doubt = "it is not alpha in all of " + v.from.String() + " to " + v.to.String() + ", one of which the component may be"
	case v.to > newest:
		doubt = "the table of feature gates knows up to " + newest.String()
	}
	return doubt, in > 0
}

// isAlpha leaves out an alpha gate that is on by default: setting it changes nothing.
func isAlpha(gate string, m featuregates.Minor) bool {
	spec, _ := featuregates.Lookup(gate, m)
	return spec.Stage == featuregates.Alpha && !spec.Default
}

// neverKnown says whether a name could be that of a gate newer than the table.
func neverKnown(gate string) bool {
	return gate != "" && len(gate) <= 64 && !strings.ContainsFunc(gate, func(r rune) bool { return !isNameRune(r) }) &&
		len(featuregates.Ranges(gate)) == 0
}

func isNameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
}
