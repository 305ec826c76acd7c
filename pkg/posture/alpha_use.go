// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"slices"

	"github.com/demarc-dev/demarc/pkg/alphaapis"
	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// alphaVersion returns what the table knows of an alpha API; false for one of another project.
func alphaVersion(a policy.AlphaState) (alphaapis.Version, bool) {
	for _, r := range alphaapis.All() {
		if r.Group != a.GVR.Group || r.Plural != a.GVR.Resource {
			continue
		}
		if v, ok := r.Version(a.GVR.Version); ok && v.Maturity() == alphaapis.Alpha {
			return v, true
		}
	}
	return alphaapis.Version{}, false
}

func apiName(a policy.AlphaState) string {
	return a.GVR.Resource + " of " + a.GVR.Group + "/" + a.GVR.Version
}

func objects(a policy.AlphaState) string {
	if a.Objects < 0 {
		return "how many objects it holds is not known"
	}
	return "it holds " + counted(a.Objects, "object")
}

// source is the components that are configured alike: the API server, or the kubelets of a pool.
type source struct {
	pool         pool
	nodes, gates []string
}

// bySource puts the gates that are wanted together by pool, and those of the API server by themselves, first of all. want
// is asked with the minor version of the component, 0 if that is not known.
func bySource(s policy.State, say func(gates []string, where string) policy.Finding,
	want func(policy.FeatureState, featuregates.Minor) bool) []policy.Sighting {
	sources, places := sourcesOf(s)
	minors := minorsOf(s)
	for _, f := range s.Features {
		i, known := places[f.Source.Name]
		if !known || !want(f, minors[f.Source.Name]) {
			continue
		}
		at := &sources[i]
		at.gates, at.nodes = append(at.gates, f.Name), append(at.nodes, f.Source.Name)
	}
	var found []policy.Sighting
	for _, at := range sources {
		if len(at.gates) == 0 {
			continue
		}
		slices.Sort(at.gates)
		slices.Sort(at.nodes)
		gates, nodes := slices.Compact(at.gates), slices.Compact(at.nodes)
		if at.pool.nodes == nil {
			found = append(found, policy.Sighting{Finding: say(gates, ", on the API server")})
			continue
		}
		first := slices.IndexFunc(at.pool.nodes, func(n *policy.NodeState) bool { return n.Name == nodes[0] })
		found = append(found, policy.Sighting{Object: at.pool.nodes[first].Subject,
			Finding: say(gates, ", on "+at.pool.share(len(nodes)))})
	}
	return found
}

// sourcesOf returns the sources, and in which of them each component is: the API server under no name.
func sourcesOf(s policy.State) (sources []source, places map[string]int) {
	sources, places = []source{{}}, map[string]int{"": 0}
	for _, p := range poolsOf(s) {
		for _, n := range p.nodes {
			places[n.Name] = len(sources)
		}
		sources = append(sources, source{pool: p})
	}
	return sources, places
}

// minorsOf returns the minor version of each component: the API server's under no name.
func minorsOf(s policy.State) map[string]featuregates.Minor {
	minors := map[string]featuregates.Minor{}
	put := func(name, version string) {
		if m, ok := featuregates.ParseMinor(version); ok {
			minors[name] = m
		}
	}
	put("", s.Cluster.ServerVersion)
	for i := range s.Nodes {
		put(s.Nodes[i].Name, s.Nodes[i].Info.KubeletVersion)
	}
	return minors
}
