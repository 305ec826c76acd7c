// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"fmt"
	"slices"
	"strings"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// What demarc registers itself as.
const (
	ownHooks = ".demarc.dev"
	again    = "install demarc's chart again, and see who changed it"
)

// ours says whether a hook is of one of demarc's own registrations.
func ours(h *Hook) bool {
	c := h.Configuration
	return c.Kind == ValidatingWebhook && (c.Name == policy.CustomersRegistration || c.Name == policy.ManagedRegistration) &&
		(c.Labels["app.kubernetes.io/name"] == "demarc" || strings.HasSuffix(h.Name, ownHooks))
}

func (j *judge) providers(r Ref) bool {
	return j.profile.Guards.Owns(string(r.Kind), r.Name, r.Labels)
}

// ownEdited holds one of demarc's webhooks against what was installed, or where that isn't known against what every
// installation has.
func (j *judge) ownEdited(h *Hook) []opinion {
	for _, want := range j.world.Own {
		if want.Configuration.Name == h.Configuration.Name && want.Name == h.Name {
			return append(h.differs(want), j.optedIn(h)...)
		}
	}
	if j.world.Own != nil {
		o := about(h, OwnRegistrationChanged, h.Path)
		o.Message, o.Fix = "must not be there: demarc's chart installed no such webhook", again
		return []opinion{*o}
	}
	return j.ownByItself(h)
}

// differs names the first field of each kind in which a hook isn't as it was installed. A bundle is no difference: it is
// filled in and renewed while demarc runs.
func (h *Hook) differs(want *Hook) []opinion {
	var all []opinion
	for _, f := range []struct {
		name      string
		have, was any
	}{
		{"rules", h.Criteria[0].Rules, want.Criteria[0].Rules},
		{"namespaceSelector", h.Criteria[0].NamespaceSelector, want.Criteria[0].NamespaceSelector},
		{"objectSelector", h.Criteria[0].ObjectSelector, want.Criteria[0].ObjectSelector},
		{"matchPolicy", h.Criteria[0].MatchPolicy, want.Criteria[0].MatchPolicy},
		{"matchConditions", h.MatchConditions, want.MatchConditions},
		{"failurePolicy", h.FailurePolicy, want.FailurePolicy},
		{"timeoutSeconds", h.TimeoutSeconds, want.TimeoutSeconds},
	} {
		if !apiequality.Semantic.DeepEqual(f.have, f.was) {
			o := about(h, OwnRegistrationChanged, h.Path.Child(f.name))
			o.Message, o.Fix = "must be as demarc's chart installed it", again
			all = append(all, *o)
		}
	}
	return all
}

func (j *judge) ownByItself(h *Hook) []opinion {
	var all []opinion
	say := func(path *field.Path, message string) {
		o := about(h, OwnRegistrationChanged, path)
		o.Message, o.Fix = message, again
		all = append(all, *o)
	}
	c := &h.Criteria[0]
	if len(c.Rules) == 0 {
		say(h.Path.Child("rules"), "must not be empty: nothing is judged")
	}
	if len(h.MatchConditions) == 0 {
		say(h.Path.Child("matchConditions"), "must keep the provider's own requests out")
	}
	if !empty(&c.ObjectSelector) {
		say(h.Path.Child("objectSelector"), "must be empty: objects that it leaves out are not judged")
	}
	if h.Configuration.Name == policy.CustomersRegistration {
		if missing := j.missing(h); len(missing) > 0 {
			say(h.Path.Child("namespaceSelector"), "must hold "+spellTerms(missing)+", or AKS rewrites it")
		}
		return all
	}
	all = append(all, j.optedIn(h)...)
	if j.leavesOutManaged(h) {
		say(h.Path.Child("namespaceSelector"), "must select AKS's namespaces by their label, and selects none")
	}
	if h.FailsClosed() {
		say(h.Path.Child("failurePolicy"), "must be Ignore: failing closed over kube-system can keep a cluster from coming back")
	}
	return all
}

// optedIn tells of our registration for the provider's namespaces without the mark that keeps the enforcer away.
func (j *judge) optedIn(h *Hook) []opinion {
	if h.Configuration.Name != policy.ManagedRegistration || OptedOut(j.profile, h.Configuration.Labels, h.Configuration.Annotations) {
		return nil
	}
	o := about(h, OwnRegistrationChanged, field.NewPath("metadata", "labels").Key(j.profile.Marks.Exempts.Key))
	o.Message, o.Fix = "must be true, or AKS takes its namespaces out", again
	return []opinion{*o}
}

// guardEdited tells of one of the provider's webhooks that no longer gets what it is there for. What else it should be
// like nobody documents.
func (j *judge) guardEdited(h *Hook) []opinion {
	guard := j.guard(h.Configuration)
	if guard == nil {
		return nil
	}
	for _, t := range named(guard.Gets) {
		r := t.In(nil)
		r.User = nil // whoever it is
		if a := j.server.Reaches(h, r); a.Reach == No {
			o := about(h, ProviderGuardChanged, h.Path)
			o.Message = fmt.Sprintf("must get every request by which %s, and doesn't (%s): it %s", t.Title, a.Why, guard.Does)
			o.Fix = "delete it so that AKS makes it again, or open a ticket, and see who may change webhook configurations"
			o.Doubt = "AKS does not document what its webhooks ask for"
			return []opinion{*o}
		}
	}
	return nil
}

func (j *judge) guard(r Ref) *provider.Guard {
	for i := range j.profile.Guards.Webhooks {
		if g := &j.profile.Guards.Webhooks[i]; g.Kind == string(r.Kind) && provider.MatchName(g.Name, r.Name) {
			return g
		}
	}
	return nil
}

// gone tells of the provider's webhooks, and ours, that aren't there or are empty, where all configurations are known.
func (j *judge) gone(hooks []*Hook) []opinion {
	if j.world.Present == nil {
		return nil
	}
	var all []opinion
	say := func(c Class, ref Ref, message, fix, doubt string) {
		all = append(all, opinion{Verdict: Verdict{
			Class: c, Configuration: ref, Index: -1, Message: message, Fix: fix, Doubt: doubt}})
	}
	if !j.world.Elsewhere && slices.ContainsFunc(j.world.Present, j.providers) {
		for i := range j.profile.Guards.Webhooks {
			g := &j.profile.Guards.Webhooks[i]
			ref := Ref{Kind: Kind(g.Kind), Name: g.Name}
			if g.Everywhere && !asks(hooks, ref) {
				say(ProviderGuardChanged, ref, "must be there and hold a webhook: it "+g.Does,
					"open a ticket if AKS does not make it again, and see who may delete webhook configurations",
					"AKS does not document which clusters have it")
			}
		}
	}
	var told []string
	for _, own := range j.world.Own {
		if ref := own.Configuration; !asks(hooks, ref) && !slices.Contains(told, ref.Name) {
			told = append(told, ref.Name)
			say(OwnRegistrationChanged, Ref{Kind: ref.Kind, Name: ref.Name}, "must be there and hold a webhook, or nothing is judged", again, "")
		}
	}
	return all
}

func asks(hooks []*Hook, ref Ref) bool {
	return slices.ContainsFunc(hooks, func(h *Hook) bool {
		return h.Configuration.Kind == ref.Kind && h.Configuration.Name == ref.Name
	})
}
