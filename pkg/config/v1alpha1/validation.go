// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// EveryRule in an exemption stands for all rules.
const EveryRule policy.ID = "*"

// Validate returns everything that is wrong with a configuration. The rules are those that it may name; their
// parameters are checked where the engine is built, since only a rule knows its own.
func (c *Configuration) Validate(rules []policy.Rule) field.ErrorList {
	var errs field.ErrorList
	if c.APIVersion != APIVersion {
		errs = append(errs, field.NotSupported(field.NewPath("apiVersion"), c.APIVersion, []string{APIVersion}))
	}
	if c.Kind != Kind {
		errs = append(errs, field.NotSupported(field.NewPath("kind"), c.Kind, []string{Kind}))
	}
	v := validator{known: ids(rules)}
	errs = append(errs, v.mode(field.NewPath("mode"), c.Mode)...)
	errs = append(errs, v.rules(field.NewPath("rules"), c.Rules)...)
	errs = append(errs, v.exemptions(field.NewPath("exemptions"), c.Exemptions)...)
	return append(errs, v.marks(field.NewPath("marks", "honour"), c.Marks.Honour)...)
}

type validator struct{ known []policy.ID }

func ids(rules []policy.Rule) []policy.ID {
	var known []policy.ID
	for _, r := range rules {
		known = append(known, r.ID)
	}
	slices.Sort(known)
	return known
}

func (v validator) mode(path *field.Path, m policy.Mode) field.ErrorList {
	if m == "" || slices.Contains(policy.Modes(), m) {
		return nil
	}
	return field.ErrorList{field.NotSupported(path, m, policy.Modes())}
}

func (v validator) rules(path *field.Path, rules map[policy.ID]Rule) field.ErrorList {
	var errs field.ErrorList
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		if !slices.Contains(v.known, id) {
			errs = append(errs, field.NotSupported(path, id, v.known))
		}
		errs = append(errs, v.mode(path.Key(string(id)).Child("mode"), rules[id].Mode)...)
	}
	return errs
}

func (v validator) exemptions(path *field.Path, exemptions []Exemption) field.ErrorList {
	var errs field.ErrorList
	first := map[string]int{}
	for i, e := range exemptions {
		at := path.Index(i)
		if j, taken := first[e.Name]; taken && e.Name != "" {
			errs = append(errs, field.Invalid(at.Child("name"), e.Name,
				fmt.Sprintf("must be unique: %s has it already", path.Index(j).Child("name"))))
		} else {
			first[e.Name] = i
		}
		errs = append(errs, v.exemption(at, e)...)
	}
	return errs
}

func (v validator) exemption(path *field.Path, e Exemption) field.ErrorList {
	var errs field.ErrorList
	if e.Name == "" {
		errs = append(errs, field.Required(path.Child("name"), "must name the exemption: verdicts and metrics show it"))
	}
	if strings.TrimSpace(e.Reason) == "" {
		errs = append(errs, field.Required(path.Child("reason"), "must say why, for whoever reads the audit"))
	}
	if len(e.Rules) == 0 {
		errs = append(errs, field.Required(path.Child("rules"), `must name the rules, or be ["*"] for all`))
	}
	for i, id := range e.Rules {
		if id != EveryRule && !slices.Contains(v.known, id) {
			errs = append(errs, field.NotSupported(path.Child("rules").Index(i), id, append([]policy.ID{EveryRule}, v.known...)))
		}
	}
	return append(errs, validateMatch(path.Child("match"), e.Match)...)
}

func validateMatch(path *field.Path, m Match) field.ErrorList {
	if m.empty() {
		return field.ErrorList{field.Required(path, "must select something: namespaces, namespaceSelector, objectSelector, kinds, names, users or groups")}
	}
	errs := validateSelector(path.Child("namespaceSelector"), m.NamespaceSelector)
	errs = append(errs, validateSelector(path.Child("objectSelector"), m.ObjectSelector)...)
	for _, list := range []struct {
		name     string
		values   []string
		patterns bool
	}{
		{"namespaces", m.Namespaces, true}, {"names", m.Names, true},
		{"kinds", m.Kinds, false}, {"users", m.Users, false}, {"groups", m.Groups, false},
	} {
		errs = append(errs, validateNames(path.Child(list.name), list.values, list.patterns)...)
	}
	return errs
}

func (m Match) empty() bool {
	return len(m.Namespaces)+len(m.Kinds)+len(m.Names)+len(m.Users)+len(m.Groups) == 0 &&
		m.NamespaceSelector == nil && m.ObjectSelector == nil
}

func validateSelector(path *field.Path, s *metav1.LabelSelector) field.ErrorList {
	if s == nil {
		return nil
	}
	if len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		return field.ErrorList{field.Required(path, "must not be empty: it would select everything")}
	}
	return validation.ValidateLabelSelector(s, validation.LabelSelectorValidationOptions{}, path)
}

func validateNames(path *field.Path, names []string, patterns bool) field.ErrorList {
	var errs field.ErrorList
	for i, name := range names {
		star := strings.Index(name, "*")
		switch {
		case name == "":
			errs = append(errs, field.Required(path.Index(i), "must not be empty"))
		case star >= 0 && !patterns:
			errs = append(errs, field.Invalid(path.Index(i), name, "must be exact: no * here"))
		case star >= 0 && star != len(name)-1:
			errs = append(errs, field.Invalid(path.Index(i), name, "may have a * at its end only"))
		}
	}
	return errs
}

func (v validator) marks(path *field.Path, places []MarkPlace) field.ErrorList {
	var errs field.ErrorList
	for i, p := range places {
		if !slices.Contains(MarkPlaces(), p) {
			errs = append(errs, field.NotSupported(path.Index(i), p, MarkPlaces()))
		}
	}
	return errs
}
