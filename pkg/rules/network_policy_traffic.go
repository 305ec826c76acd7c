// SPDX-License-Identifier: Apache-2.0

package rules

import "github.com/demarc-dev/demarc/pkg/provider"

// cutOff is what a policy keeps from the pods that it selects.
type cutOff struct {
	ingress, egress bool
	// denies: only what a rule denies is lost, and not everything that none allows.
	denies    bool
	redirects bool
}

func (c cutOff) or(other cutOff) cutOff {
	if c == (cutOff{}) {
		return other
	}
	return cutOff{c.ingress || other.ingress, c.egress || other.egress, c.denies && other.denies, c.redirects || other.redirects}
}

// String ends the sentence "the pods lose".
func (c cutOff) String() string {
	traffic := "ingress and egress"
	switch {
	case c.redirects:
		return "traffic that it redirects"
	case !c.egress:
		traffic = "ingress"
	case !c.ingress:
		traffic = "egress"
	}
	if c.denies {
		return traffic + " that it denies"
	}
	return "all " + traffic + " that it doesn't allow"
}

// cutByKubernetes: a direction that the policy speaks of is closed, but for what its rules let through. An empty rule
// lets everything through.
func cutByKubernetes(spec policyTree) cutOff {
	closed := func(direction, rules, peers string, unsaid bool) bool {
		if types, said := spec["policyTypes"].([]any); said && len(types) > 0 {
			unsaid = hasWord(types, direction)
		}
		return unsaid && !spec.anyRule(rules, func(r policyTree) bool { return len(r.anys(peers)) == 0 && len(r.anys("ports")) == 0 })
	}
	return cutOff{
		ingress: closed("Ingress", "ingress", "from", true),
		egress:  closed("Egress", "egress", "to", len(spec.anys("egress")) > 0),
	}
}

// cutByCilium: a direction with rules is closed, unless the policy says otherwise or a rule lets everybody through.
func cutByCilium(spec policyTree) cutOff {
	closed := func(direction, entities string) (shut, denied bool) {
		denied = len(spec.anys(direction+"Deny")) > 0
		if open, said := spec.at("enableDefaultDeny")[direction].(bool); said && !open {
			return false, denied
		}
		everybody := func(r policyTree) bool {
			return hasWord(r.anys(entities), "all") && !r.has("toPorts") && !r.has("icmps") && !r.has("authentication")
		}
		return (denied || len(spec.anys(direction)) > 0) && !spec.anyRule(direction, everybody), denied
	}
	in, inDenied := closed("ingress", "fromEntities")
	out, outDenied := closed("egress", "toEntities")
	return cutOff{ingress: in || inDenied, egress: out || outDenied, denies: !in && !out && (inDenied || outDenied)}
}

// cutByCalico: a direction that the policy speaks of is closed, but for what its rules let through or leave to others,
// in their order.
func cutByCalico(spec policyTree) cutOff {
	closed := func(direction, rules string, unsaid bool) bool {
		if types, said := spec["types"].([]any); said && len(types) > 0 {
			unsaid = hasWord(types, direction)
		}
		if !unsaid {
			return false
		}
		for _, r := range spec.list(rules) {
			action := r.text("action")
			if action == "Deny" {
				return true
			}
			if (action == "Allow" || action == "Pass") && r.bare() {
				return false
			}
		}
		return true
	}
	egress := len(spec.anys("egress")) > 0
	return cutOff{
		ingress: closed("Ingress", "ingress", !egress || len(spec.anys("ingress")) > 0),
		egress:  closed("Egress", "egress", egress),
	}
}

// cutByAdmin: only what a rule denies is closed.
func cutByAdmin(spec policyTree) cutOff {
	deny := func(r policyTree) bool { return r.text("action") == "Deny" }
	c := cutOff{ingress: spec.anyRule("ingress", deny), egress: spec.anyRule("egress", deny)}
	c.denies = c.ingress || c.egress
	return c
}

func redirected(policyTree) cutOff { return cutOff{redirects: true} }

// clause is what of the policy the loss is about: what AKS's pods must reach, or only who reaches them.
func (c cutOff) clause() provider.ClauseID {
	if c.egress || c.redirects {
		return "egress"
	}
	return "managed-components"
}
