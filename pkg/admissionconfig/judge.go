// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/provider"
)

type judge struct {
	server     *Server
	profile    *provider.Profile
	world      *World
	namespaces []Namespace
}

// opinion is a verdict before it is joined with those that say the same of other webhooks.
type opinion struct {
	Verdict
	patch *patch
}

// subject is one hook in the light in which most classes see it.
type subject struct {
	*Hook
	// after is the hook as the enforcer leaves it: what the cluster will have.
	after    *Hook
	optedOut bool
}

func (j *judge) all(hooks []*Hook) []Verdict {
	var opinions []opinion
	for _, h := range hooks {
		switch {
		case !h.Configuration.Kind.Webhook():
			// A policy runs inside the API server: it can't be down, out of reach or slow, and nothing rewrites it.
		case j.providers(h.Configuration):
			opinions = append(opinions, j.guardEdited(h)...)
		case ours(h):
			opinions = append(opinions, j.ownEdited(h)...)
		default:
			opinions = append(opinions, j.others(h)...)
		}
	}
	opinions = append(opinions, j.gone(hooks)...)
	return joined(opinions)
}

// others judges a webhook that is neither the provider's nor ours.
func (j *judge) others(h *Hook) []opinion {
	s := subject{Hook: h, after: h, optedOut: OptedOut(j.profile, h.Configuration.Labels, h.Configuration.Annotations)}
	if !j.world.Elsewhere {
		s.after, _ = h.Enforced(j.profile)
	}
	var all []opinion
	for _, class := range []func(subject) *opinion{
		j.failsClosedOnItself, j.failClosedOnManaged, j.blocksStop, j.externalURL, j.backendMissing, j.caBundle,
		j.rewritten, j.needlessOptOut, j.slow,
	} {
		if o := class(s); o != nil {
			all = append(all, *o)
		}
	}
	return all
}

// about makes a verdict of a class on one field of a hook.
func about(h *Hook, c Class, path *field.Path) *opinion {
	return &opinion{Verdict: Verdict{Class: c, Configuration: h.Configuration, Hook: h.Name, Index: h.Index, Path: path}}
}

// joined makes one verdict of those that say the same of several webhooks of a configuration, and orders by
// configuration as they came, and then by class.
func joined(opinions []opinion) []Verdict {
	var groups [][]opinion
	for _, o := range opinions {
		i := slices.IndexFunc(groups, func(g []opinion) bool { return g[0].says(o) })
		if i < 0 {
			groups = append(groups, []opinion{o})
			continue
		}
		groups[i] = append(groups[i], o)
	}
	verdicts := make([]Verdict, 0, len(groups))
	for _, g := range groups {
		v := g[0].Verdict
		patches := make([]*patch, 0, len(g))
		for i, o := range g {
			patches = append(patches, o.patch)
			if i > 0 {
				v.Others = append(v.Others, o.Hook)
			}
		}
		v.YAML = snippet(v.Configuration, patches)
		if n := len(v.Others); n > 0 {
			v.Message += fmt.Sprintf(" (%d webhooks)", n+1)
		}
		verdicts = append(verdicts, v)
	}
	return ordered(verdicts)
}

func (o opinion) says(other opinion) bool {
	return o.Class == other.Class && o.Configuration.Kind == other.Configuration.Kind && o.Configuration.Name == other.Configuration.Name &&
		o.Message == other.Message && o.Doubt == other.Doubt && o.AtMost == other.AtMost
}

func ordered(verdicts []Verdict) []Verdict {
	place := map[string]int{}
	for _, v := range verdicts {
		if _, ok := place[v.Configuration.String()]; !ok {
			place[v.Configuration.String()] = len(place)
		}
	}
	classes := Classes()
	slices.SortStableFunc(verdicts, func(a, b Verdict) int {
		if d := place[a.Configuration.String()] - place[b.Configuration.String()]; d != 0 {
			return d
		}
		return slices.Index(classes, a.Class) - slices.Index(classes, b.Class)
	})
	return verdicts
}
