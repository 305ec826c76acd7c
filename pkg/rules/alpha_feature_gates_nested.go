// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// hasAPIServer says whether one of the pod's containers runs an API server: the pod is another cluster's control plane.
func (p *gatePod) hasAPIServer() bool {
	if p.asked {
		return p.nested
	}
	p.asked = true
	var scripts kubecomponent.ScriptReader
	for _, c := range p.pod.Containers() {
		for _, component := range kubecomponent.Identify(c, &scripts) {
			p.nested = p.nested || component.Name == kubecomponent.APIServer
		}
	}
	return p.nested
}

// servedAPIs records an API server that serves alpha APIs. It is never this cluster's.
func (p *gatePod) servedAPIs(place object.Place, c kubecomponent.Component) {
	if c.Name != kubecomponent.APIServer {
		return
	}
	for _, value := range c.Flag("runtime-config") {
		for item := range strings.SplitSeq(value.Text, ",") {
			api, on, _ := strings.Cut(strings.TrimSpace(item), "=")
			if !servesAlpha(api) || on != "" && on != "true" {
				continue
			}
			p.found.add(policy.Finding{
				Path:    argPath(place, value),
				Message: "must not serve alpha APIs: " + quoteCut(api, 40),
				Fix:     "leave alpha APIs out of --runtime-config",
				Doubt:   "an API server in a pod serves another cluster, not this one",
				AtMost:  policy.Audit,
			})
		}
	}
}

// servesAlpha says whether a key of --runtime-config stands for alpha APIs. All that an API server takes there are its own.
func servesAlpha(api string) bool {
	if api == "api/all" || api == "api/alpha" {
		return true
	}
	_, version, _ := strings.Cut(api, "/")
	version, _, _ = strings.Cut(version, "/")
	return strings.HasPrefix(version, "v") && strings.Contains(version, "alpha")
}
