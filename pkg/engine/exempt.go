// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// exemption is an exemption of the configuration with its selectors compiled; a nil selector was not set.
type exemption struct {
	v1alpha1.Exemption
	namespace, object labels.Selector
}

func compile(list []v1alpha1.Exemption) ([]exemption, error) {
	var compiled []exemption
	for i, e := range list {
		namespace, err := selector(e.Match.NamespaceSelector)
		if err != nil {
			return nil, fmt.Errorf("exemptions[%d].match.namespaceSelector: %w", i, err)
		}
		objects, err := selector(e.Match.ObjectSelector)
		if err != nil {
			return nil, fmt.Errorf("exemptions[%d].match.objectSelector: %w", i, err)
		}
		compiled = append(compiled, exemption{e, namespace, objects})
	}
	return compiled, nil
}

func selector(s *metav1.LabelSelector) (labels.Selector, error) {
	if s == nil {
		return nil, nil
	}
	return metav1.LabelSelectorAsSelector(s)
}

// exempt returns the name of the exemption that covers a rule for this request, and of one that would, had it not
// run out.
func (e *Engine) exempt(rule policy.ID, in policy.Input, now time.Time) (name, expired string) {
	for i := range e.exemptions {
		x := &e.exemptions[i]
		if !x.speaksOf(rule) || !x.selects(in) {
			continue
		}
		if x.Expires == nil || now.Before(x.Expires.Time) {
			return x.Name, ""
		}
		expired = x.Name
	}
	return "", expired
}

func (x *exemption) speaksOf(rule policy.ID) bool {
	return slices.Contains(x.Rules, rule) || slices.Contains(x.Rules, v1alpha1.EveryRule)
}

func (x *exemption) selects(in policy.Input) bool {
	m := x.Match
	return matches(m.Namespaces, namespaceOf(in)) && matches(m.Names, in.Name) && x.selectsKind(in) &&
		x.selectsUser(in) && x.selectsNamespace(in) && x.selectsObject(in)
}

// namespaceOf is the namespace that a request is about: for a Namespace, itself.
func namespaceOf(in policy.Input) string {
	if in.Resource == object.Namespaces {
		return in.Name
	}
	return in.NamespaceName
}

func matches(patterns []string, name string) bool {
	return len(patterns) == 0 || provider.MatchAny(patterns, name)
}

func (x *exemption) selectsKind(in policy.Input) bool {
	kinds, gk := x.Match.Kinds, in.Resource.GroupKind()
	return len(kinds) == 0 || slices.Contains(kinds, gk.Kind) || slices.Contains(kinds, gk.String())
}

func (x *exemption) selectsUser(in policy.Input) bool {
	users, groups := x.Match.Users, x.Match.Groups
	if len(users)+len(groups) == 0 {
		return true
	}
	if in.User == nil {
		return false
	}
	return (len(users) == 0 || slices.Contains(users, in.User.Username)) &&
		(len(groups) == 0 || slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(in.User.Groups, g) }))
}

// selectsNamespace judges a Namespace by its old labels, so that nobody exempts a change by the change.
func (x *exemption) selectsNamespace(in policy.Input) bool {
	if x.namespace == nil {
		return true
	}
	if in.Resource == object.Namespaces {
		before := in.Before()
		return before != nil && x.namespace.Matches(labels.Set(before.Meta.Labels))
	}
	return in.Namespace != nil && x.namespace.Matches(labels.Set(in.Namespace.Labels))
}

func (x *exemption) selectsObject(in policy.Input) bool {
	if x.object == nil {
		return true
	}
	if in.Object == nil && in.Old == nil {
		return false
	}
	return (in.Object == nil || x.object.Matches(labels.Set(in.Object.Meta.Labels))) &&
		(in.Old == nil || x.object.Matches(labels.Set(in.Old.Meta.Labels)))
}
