// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (v *validator) ledger() {
	for i := range v.profile.Ledger {
		v.customisation(field.NewPath("ledger").Index(i), &v.profile.Ledger[i])
	}
}

func (v *validator) customisation(path *field.Path, c *Customisation) {
	v.id(path.Child("id"), "customisation", c.ID)
	v.required(path.Child("title"), c.Title, "what the customer changes")
	v.notEmpty(path.Child("rules"), len(c.Rules), "the rules that it is subtracted from")
	for i, rule := range c.Rules {
		v.kebab(path.Child("rules").Index(i), rule)
	}
	oneOf(v, path.Child("effect"), c.Effect, Pass, Warn)
	v.where(path.Child("where"), &c.Where)
	for i, f := range c.Fields {
		if !isFieldPattern(f) {
			v.invalid(path.Child("fields").Index(i), f, "must be a field path, such as spec.containers[*].resources")
		}
	}
	v.requirement(path.Child("if"), c.If)
	for i, suffix := range c.DataKeySuffixes {
		v.required(path.Child("dataKeySuffixes").Index(i), suffix, "the ending of a key")
	}
	v.source(path, c.Source)
}

func (v *validator) where(path *field.Path, w *Where) {
	v.notEmpty(path.Child("kinds"), len(w.Kinds), "the kinds of the objects")
	for i, kind := range w.Kinds {
		v.kind(path.Child("kinds").Index(i), kind)
	}
	if w.Cluster && len(w.Namespaces) > 0 {
		v.invalid(path.Child("namespaces"), w.Namespaces, "must be empty where cluster is true")
	}
	for i, name := range w.Namespaces {
		v.required(path.Child("namespaces").Index(i), name, "a managed namespace")
		v.managedNamespace(path.Child("namespaces").Index(i), name)
	}
	for i, name := range w.Names {
		v.pattern(path.Child("names").Index(i), name)
	}
	for i, l := range w.Labels {
		v.required(path.Child("labels").Index(i).Child("key"), l.Key, "a label key")
	}
	for i, image := range w.Images {
		v.required(path.Child("images").Index(i), image, "an image, up to its tag or digest")
	}
	for i, op := range w.Operations {
		oneOf(v, path.Child("operations").Index(i), op, "CREATE", "UPDATE", "DELETE", "CONNECT")
	}
}

func (v *validator) requirement(path *field.Path, r *Requirement) {
	switch {
	case r == nil:
	case r.Annotation != nil:
		v.required(path.Child("annotation", "key"), r.Annotation.Key, "an annotation key")
	case !r.HostProcess:
		v.add(field.Required(path, "must demand something"))
	}
}

// isFieldPattern says whether s is spelt as Customisation.Fields wants it: a name, then more names with a dot before
// each, and positions or keys in brackets.
func isFieldPattern(s string) bool {
	name, rest := cutName(s)
	for name != "" {
		for strings.HasPrefix(rest, "[") {
			key, after, closed := strings.Cut(rest[1:], "]")
			if !closed || key == "" || strings.Contains(key, "[") {
				return false
			}
			rest = after
		}
		if rest == "" {
			return true
		}
		if rest[0] != '.' {
			return false
		}
		name, rest = cutName(rest[1:])
	}
	return false
}

// cutName cuts a member's name off the front: letters and digits, beginning with a small letter.
func cutName(s string) (name, rest string) {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return "", s
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !isAlphanumeric(r) })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
