// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// view is how a hook's conditions get to see a request's objects: in their own kind, or in an equivalent one.
type view struct {
	kind      schema.GroupVersionKind
	converted bool
	// unsure is true where a version that isn't known may be the one.
	unsure bool
}

// matches says whether criteria select a request, and as what.
func (s *Server) matches(h *Hook, c *Criteria, r *Request) (Answer, view) {
	own := view{kind: r.Kind}
	namespace := c.selectsNamespace(r)
	object := c.selectsObject(r)
	if namespace.Reach == No || object.Reach == No {
		return and(namespace, object), own
	}
	excluded, _ := s.inRules(c, c.Exclude, r)
	if excluded == Yes {
		return no(c.reason("excludeResourceRules", "a rule excludes the request")), own
	}
	rules, seen := Yes, own
	if len(c.Rules) > 0 || h.Configuration.Kind.Webhook() {
		rules, seen = s.inRules(c, c.Rules, r)
	}
	selected := Answer{Reach: Yes}
	switch rules {
	case No:
		return no(c.reason(c.RulesField, "no rule matches the request")), own
	case Maybe:
		selected = maybe(c.reason(c.RulesField, "a rule may match by a name or a version that isn't known"))
	case Yes:
	}
	unexcluded := Answer{Reach: Yes}
	if excluded == Maybe {
		unexcluded = maybe(c.reason("excludeResourceRules", "a rule may exclude the request"))
	}
	return and(selected, unexcluded, namespace, object), seen
}

func (c *Criteria) reason(f, text string) Reason {
	var path *field.Path
	if c.Path != nil {
		path = c.Path.Child(f)
	} else {
		path = field.NewPath(f)
	}
	return Reason{Field: path.String(), InBinding: c.Binding, Text: text}
}

// inRules says whether one of the rules matches, first as the request is spelt, then as its equivalents are.
func (s *Server) inRules(c *Criteria, rules []admissionregistrationv1.NamedRuleWithOperations, r *Request) (Reach, view) {
	own := view{kind: r.Kind}
	best := No
	for i := range rules {
		if best = max(best, ruleMatches(&rules[i], r, r.Resource)); best == Yes {
			return Yes, own
		}
	}
	if c.MatchPolicy != admissionregistrationv1.Equivalent {
		return best, own
	}
	seen := own
	equivalents, known := s.equivalents(r.Resource, r.Subresource)
	for i := range rules {
		for _, e := range equivalents {
			if e.Resource == r.Resource {
				continue
			}
			m := ruleMatches(&rules[i], r, e.Resource)
			if m > best {
				best, seen = m, view{kind: e.Kind, converted: true, unsure: best == Maybe}
			}
			if best == Yes {
				return Yes, seen
			}
		}
		if !known && best == No && otherVersion(&rules[i], r) {
			best, seen = Maybe, view{kind: r.Kind, converted: true, unsure: true}
		}
	}
	return best, seen
}

// otherVersion says whether a rule would match the request in some version that this one isn't.
func otherVersion(rule *admissionregistrationv1.NamedRuleWithOperations, r *Request) bool {
	for _, v := range rule.APIVersions {
		resource := r.Resource
		resource.Version = v
		if ruleMatches(rule, r, resource) != No {
			return true
		}
	}
	return false
}

// ruleMatches is Maybe only where the request's name isn't known and matters.
func ruleMatches(rule *admissionregistrationv1.NamedRuleWithOperations, r *Request, as schema.GroupVersionResource) Reach {
	if !inScope(rule.Scope, r, as) || !hasOperation(rule.Operations, r.Operation) ||
		!has(rule.APIGroups, as.Group) || !has(rule.APIVersions, as.Version) ||
		!hasResource(rule.Resources, as.Resource, r.Subresource) {
		return No
	}
	switch {
	case len(rule.ResourceNames) == 0:
		return Yes
	case r.AnyName:
		return Maybe
	case slices.Contains(rule.ResourceNames, r.Name):
		return Yes
	}
	return No
}

func inScope(scope *admissionregistrationv1.ScopeType, r *Request, as schema.GroupVersionResource) bool {
	if scope == nil || *scope == admissionregistrationv1.AllScopes {
		return true
	}
	inside := as != namespaceResource && r.namespaced()
	switch *scope {
	case admissionregistrationv1.NamespacedScope:
		return inside
	case admissionregistrationv1.ClusterScope:
		return !inside
	}
	return false
}

func has(items []string, item string) bool {
	return slices.Contains(items, "*") || slices.Contains(items, item)
}

func hasOperation(items []admissionregistrationv1.OperationType, op admissionregistrationv1.OperationType) bool {
	return slices.Contains(items, admissionregistrationv1.OperationAll) || slices.Contains(items, op)
}

// hasResource: "*" is every resource and no subresource, "pods/*" all of pods and pods itself, "*/scale" every scale.
func hasResource(items []string, resource, subresource string) bool {
	for _, item := range items {
		res, sub, _ := strings.Cut(item, "/")
		if (res == "*" || res == resource) && (sub == "*" || sub == subresource) {
			return true
		}
	}
	return false
}

// selectsNamespace holds the namespaceSelector against a request. What is in no namespace, and isn't one, matches every
// selector.
func (c *Criteria) selectsNamespace(r *Request) Answer {
	if !r.isNamespace() && r.Namespace == nil {
		return Answer{Reach: Yes}
	}
	return c.answer("namespaceSelector", selects(&c.NamespaceSelector, r.namespaceLabels()))
}

// selectsObject holds the objectSelector against a request: it is enough that the new or the old object matches. The
// options of a CONNECT have no labels at all, not even an empty set.
func (c *Criteria) selectsObject(r *Request) Answer {
	if empty(&c.ObjectSelector) {
		return Answer{Reach: Yes}
	}
	best := No
	if r.Operation != admissionregistrationv1.Connect {
		for _, o := range []*Object{r.Object, r.OldObject} {
			if o != nil {
				best = max(best, selects(&c.ObjectSelector, r.objectLabels(o)))
			}
		}
	}
	return c.answer("objectSelector", best)
}

func (c *Criteria) answer(f string, m Reach) Answer {
	switch m {
	case No:
		return no(c.reason(f, "the selector leaves it out"))
	case Maybe:
		return maybe(c.reason(f, "the selector depends on labels that aren't known"))
	}
	return Answer{Reach: Yes}
}

func empty(s *metav1.LabelSelector) bool {
	return len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0
}

// selects holds a selector against labels, of which there may be more than are known. A requirement that the API server
// couldn't parse makes it Maybe.
func selects(s *metav1.LabelSelector, set labelSet) Reach {
	least := Yes
	for key, want := range s.MatchLabels {
		least = min(least, set.meets(key, metav1.LabelSelectorOpIn, []string{want}))
	}
	for _, e := range s.MatchExpressions {
		least = min(least, set.meets(e.Key, e.Operator, e.Values))
	}
	return least
}

func (l labelSet) meets(key string, op metav1.LabelSelectorOperator, values []string) Reach {
	value, there := l.labels[key]
	if !there && !l.all && !slices.Contains(l.without, key) {
		return Maybe
	}
	var holds bool
	switch op {
	case metav1.LabelSelectorOpIn:
		holds = there && slices.Contains(values, value)
	case metav1.LabelSelectorOpNotIn:
		holds = !there || !slices.Contains(values, value)
	case metav1.LabelSelectorOpExists:
		holds = there
	case metav1.LabelSelectorOpDoesNotExist:
		holds = !there
	default:
		return Maybe
	}
	if holds {
		return Yes
	}
	return No
}
