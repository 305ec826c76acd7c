// SPDX-License-Identifier: Apache-2.0

package rules

// policyTree is a part of a policy as maps and lists. A field of another type than expected reads as absent: the
// project's own schema refuses it.
type policyTree map[string]any

func (t policyTree) has(name string) bool {
	_, ok := t[name]
	return ok
}

func (t policyTree) at(name string) policyTree {
	m, _ := t[name].(map[string]any)
	return m
}

func (t policyTree) text(name string) string {
	s, _ := t[name].(string)
	return s
}

func (t policyTree) anys(name string) []any {
	l, _ := t[name].([]any)
	return l
}

func (t policyTree) list(name string) []policyTree {
	var list []policyTree
	for _, item := range t.anys(name) {
		m, _ := item.(map[string]any)
		list = append(list, m)
	}
	return list
}

func (t policyTree) anyRule(name string, is func(policyTree) bool) bool {
	for _, item := range t.anys(name) {
		if m, ok := item.(map[string]any); ok && is(m) {
			return true
		}
	}
	return false
}

// bare says whether a rule of Calico's is about all traffic: it has an action, and nothing that narrows it.
func (t policyTree) bare() bool {
	for name, value := range t {
		if m, ok := value.(map[string]any); name != "action" && name != "metadata" && (!ok || len(m) > 0) {
			return false
		}
	}
	return true
}

func hasWord(list []any, word string) bool {
	for _, item := range list {
		if item == any(word) {
			return true
		}
	}
	return false
}
