// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/alphaapis"
	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// way says whether AKS goes from the server's version to the aim at all.
func way(s policy.State, to featuregates.Minor) []policy.Sighting {
	server, ok := featuregates.ParseMinor(s.Cluster.ServerVersion)
	if !ok || to <= server+1 {
		return nil
	}
	return []policy.Sighting{{Finding: policy.Finding{
		Message: fmt.Sprintf("must pass through %s first: AKS upgrades one minor version at a time, and the server is %s", server+1, server),
		Fix:     "run az aks upgrade -g <group> -n <cluster> --kubernetes-version " + (server + 1).String(),
		Doubt:   "with long-term support, or from a version out of support, AKS may offer more than one step: see az aks get-upgrades"}}}
}

// kubeletsLeftBehind finds nodes that would be too old once the control plane is there. Pools are upgraded after it.
func kubeletsLeftBehind(s policy.State, to featuregates.Minor) []policy.Sighting {
	behind, known := s.Provider.KubernetesVersions.Behind(int(to))
	if !known {
		return nil
	}
	var found []policy.Sighting
	for _, p := range poolsOf(s) {
		late := outside(p, func(kubelet featuregates.Minor) bool { return int(to-kubelet) > behind })
		if late.count == 0 {
			continue
		}
		aim := to - 1
		if server, ok := featuregates.ParseMinor(s.Cluster.ServerVersion); ok {
			aim = min(aim, server)
		}
		found = append(found, late.sighting(p, fmt.Sprintf("must be at most %s older than a control plane of %s",
			counted(behind, "minor version"), to), p.upgrade(late.first.Name, "--kubernetes-version "+aim.String())))
	}
	return found
}

// systemsLeftBehind finds operating systems that AKS doesn't offer with the aim.
func systemsLeftBehind(s policy.State, to featuregates.Minor) []policy.Sighting {
	var found []policy.Sighting
	for _, p := range poolsOf(s) {
		for _, on := range systemsOf(&s.Provider.NodeSystems, p) {
			last, bounded := on.system.LastMinor()
			if !bounded || int(to) <= last {
				continue
			}
			f := policy.Finding{
				Path: field.NewPath("status", "nodeInfo", "osImage"),
				Message: fmt.Sprintf("must be a system that AKS offers with %s: it offers %s up to %s (%s)",
					to, on.system.Title, on.system.Last, p.share(len(on.nodes))),
				Fix: changeSystem(p, on)}
			if on.system.Follows {
				f.Doubt, f.AtMost = "a pool whose SKU names no version goes on to the next system by itself", policy.Audit
			}
			found = append(found, policy.Sighting{Object: on.nodes[0].Subject, Finding: f})
		}
	}
	return found
}

// gatesLeftBehind finds feature gates that somebody switched on and that the aim does not know: a component which is told
// of an unknown gate does not start.
func gatesLeftBehind(s policy.State, to featuregates.Minor) []policy.Sighting {
	if _, newest := featuregates.Known(); to > newest {
		return nil
	}
	say := func(gates []string, where string) policy.Finding {
		return policy.Finding{
			Message: fmt.Sprintf("must not be told of gates that %s no longer has, or it does not start: %s%s", to, few(gates), where),
			Fix:     "take the gates out of the component's configuration"}
	}
	return bySource(s, say, func(f policy.FeatureState, at featuregates.Minor) bool {
		now, known := featuregates.Lookup(f.Name, at)
		_, then := featuregates.Lookup(f.Name, to)
		return known && !now.Default && !then
	})
}

// apisLeftBehind finds objects of alpha APIs that the aim can't serve.
func apisLeftBehind(s policy.State, to featuregates.Minor) []policy.Sighting {
	if _, newest := alphaapis.Known(); to > newest {
		return nil
	}
	var found []policy.Sighting
	for _, a := range s.AlphaUse {
		version, known := alphaVersion(a)
		if !known || a.Objects == 0 || version.In(to) {
			continue
		}
		found = append(found, policy.Sighting{Finding: policy.Finding{
			Message: fmt.Sprintf("must hold nothing of %s, which %s does not serve: %s", apiName(a), to, objects(a)),
			Fix:     "move the objects to a version that it serves, or delete them"}})
	}
	return found
}
