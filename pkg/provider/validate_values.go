// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What follows are the checks of single values, shared by all lists of a profile.

func (v *validator) add(err *field.Error) { v.errs = append(v.errs, err) }

func (v *validator) invalid(path *field.Path, value any, must string) {
	v.add(field.Invalid(path, value, must))
}

func (v *validator) required(path *field.Path, value, what string) {
	if strings.TrimSpace(value) == "" {
		v.add(field.Required(path, what))
	}
}

func (v *validator) notEmpty(path *field.Path, n int, what string) {
	if n == 0 {
		v.add(field.Required(path, what))
	}
}

func oneOf[T ~string](v *validator, path *field.Path, value T, legal ...T) {
	if !slices.Contains(legal, value) {
		v.add(field.NotSupported(path, value, legal))
	}
}

// unique lets a value stand once in its list.
func (v *validator) unique(path *field.Path, list, value string) {
	key := list + "\x00" + value
	if value != "" && v.seen[key] {
		v.add(field.Duplicate(path, value))
	}
	v.seen[key] = true
}

func (v *validator) id(path *field.Path, list, id string) {
	v.kebab(path, id)
	v.unique(path, list, id)
}

func (v *validator) kebab(path *field.Path, s string) {
	for word := range strings.SplitSeq(s, "-") {
		if word == "" || strings.ContainsFunc(word, func(r rune) bool { return !isAlphanumeric(r) || r >= 'A' && r <= 'Z' }) {
			v.invalid(path, s, "must be small letters and digits, with single hyphens between words")
			return
		}
	}
}

// pattern lets a star stand at the end only, where MatchName looks for it.
func (v *validator) pattern(path *field.Path, s string) {
	switch at := strings.IndexByte(s, '*'); {
	case s == "":
		v.add(field.Required(path, "exact, or a prefix and *"))
	case s == "*" || at >= 0 && at < len(s)-1:
		v.invalid(path, s, "must be exact, or a prefix and *")
	}
}

func (v *validator) kind(path *field.Path, kind string) {
	odd := strings.ContainsFunc(kind, func(r rune) bool { return !isAlphanumeric(r) })
	if kind == "" || kind[0] < 'A' || kind[0] > 'Z' || odd {
		v.invalid(path, kind, "must be a kind, such as Deployment")
	}
}

// managedNamespace lets an entry speak of the profile's own namespaces only; empty stands for what has none.
func (v *validator) managedNamespace(path *field.Path, name string) {
	known := slices.ContainsFunc(v.profile.Namespaces, func(n ManagedNamespace) bool { return n.Name == name })
	if name != "" && !known {
		v.invalid(path, name, "must be one of the profile's namespaces")
	}
}

func (v *validator) source(entry *field.Path, s Source) {
	path := entry.Child("source")
	v.required(path.Child("document"), s.Document, "the page or file that says so")
	oneOf(v, path.Child("confidence"), s.Confidence, "A", "B", "C", "D")
	if s.URL != "" && !strings.HasPrefix(s.URL, "https://") {
		v.invalid(path.Child("url"), s.URL, "must begin with https://")
	}
}
