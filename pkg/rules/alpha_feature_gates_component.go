// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"errors"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// component judges the flags of one component.
func (p *gatePod) component(place object.Place, c kubecomponent.Component) {
	p.servedAPIs(place, c)
	settings := featuregates.FromArgs(c.Texts())
	versions := versionsOf(c, p.in)
	for _, s := range settings {
		if !s.Enabled || s.Err != nil || p.allowed[s.Gate] || (s.Component != "" && s.Component != "kube") {
			continue
		}
		doubt, alpha := versions.alpha(s.Gate)
		if !alpha {
			continue
		}
		f := turnsOn(s.Gate, c.Name, argPath(place, gateArg(c, s.Gate)))
		f.Fix = gateFix(s.Gate, c, versions, p.in)
		f.Doubt = doubts(evidenceDoubt(c), doubt, flagDoubt(c, s, settings))
		f.AtMost = p.atMost(c)
		p.found.add(f)
	}
}

// gateArg returns the argument in which a gate is set: the last that names it, since the last setting counts.
func gateArg(c kubecomponent.Component, gate string) kubecomponent.Arg {
	for i := len(c.Args) - 1; i >= 0; i-- {
		if strings.Contains(c.Args[i].Text, gate) {
			return c.Args[i]
		}
	}
	return c.Args[0] // Not reached: the setting came from one of them.
}

func evidenceDoubt(c kubecomponent.Component) string {
	switch c.Evidence {
	case kubecomponent.ByCommand:
		return "only the command says that this is " + c.Name + ", not the image"
	case kubecomponent.ByImage:
		return "only the image's name says that this is " + c.Name + ", no command"
	case kubecomponent.ByScript:
		return "a script runs " + c.Name + ", and may decide otherwise"
	}
	return ""
}

// flagDoubt says what in the flags themselves leaves open whether the gate is on.
func flagDoubt(c kubecomponent.Component, s featuregates.Setting, all []featuregates.Setting) string {
	if s.Doubt {
		return "the arguments can be read in two ways"
	}
	for _, a := range c.Args {
		if !a.Known && (!strings.HasPrefix(a.Text, "--") || strings.HasPrefix(a.Text, "--feature")) {
			return "a variable among the arguments is not known here"
		}
	}
	for _, other := range all {
		switch {
		case errors.Is(other.Err, featuregates.ErrTooLong):
			return "the flag is too long to be read"
		case other.Err != nil:
			return "the flag is malformed, so the component may not start"
		case other.Gate == s.Gate && !other.Enabled:
			return "another argument turns the gate off"
		}
	}
	if len(c.Flag("emulated-version")) > 0 {
		return "the component emulates another version"
	}
	return ""
}

// atMost bounds what a finding may become. An API server in a pod serves another cluster, and so do its neighbours and
// whatever is told where its API server is. An autoscaler only simulates with the gates.
func (p *gatePod) atMost(c kubecomponent.Component) policy.Mode {
	switch c.Name {
	case kubecomponent.ClusterAutoscaler:
		return policy.Warn
	case kubecomponent.Kubelet, kubecomponent.Proxy:
		// Both are told so in every cluster.
	default:
		if toldItsCluster(c) {
			return policy.Audit
		}
	}
	if c.Name == kubecomponent.APIServer || p.hasAPIServer() {
		return policy.Audit
	}
	return ""
}

// toldItsCluster says whether flags lead a component to its API server. For that of its own cluster a pod needs none.
func toldItsCluster(c kubecomponent.Component) bool {
	return slices.ContainsFunc([]string{"kubeconfig", "master", "authentication-kubeconfig", "authorization-kubeconfig"},
		func(flag string) bool { return len(c.Flag(flag)) > 0 })
}
