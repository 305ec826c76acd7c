// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
)

// sound are atoms that never fail, whatever the request.
var sound = []string{
	"request.operation == 'CREATE'",
	"request.operation in ['UPDATE', 'CONNECT']",
	"request.resource.resource in ['pods', 'deployments', 'widgets', 'events']",
	"request.resource.version == 'v1'",
	"request.requestResource.version == 'v1beta1'",
	"request.requestKind.kind in ['Widget', 'Scale', 'Pod', 'Lease']",
	"request.kind.kind == 'Scale'",
	"request.kind.group == ''",
	"has(request.namespace)",
	"has(request.name)",
	"has(request.name) && request.name == 'old'",
	"has(request.namespace) && request.namespace.endsWith('-0')",
	"has(request.subResource)",
	"has(request.subResource) && request.subResource == 'status'",
	"request.userInfo.username.startsWith('system:')",
	"has(request.userInfo.groups) && 'system:masters' in request.userInfo.groups",
	"has(request.userInfo.groups) && request.userInfo.groups.exists(g, g.startsWith('team-'))",
	"request.dryRun",
	"object == null",
	"oldObject != null",
	"has(object.metadata) && has(object.metadata.labels) && 'app' in object.metadata.labels",
	"object != null && object.kind == 'Pod'",
	"object != null && has(object.spec) && has(object.spec.replicas) && object.spec.replicas > 1",
	"oldObject != null && has(oldObject.metadata.labels) && oldObject.metadata.labels.exists(k, oldObject.metadata.labels[k] == 'web')",
	"object != null && has(object.data) && object.data.size() > 0",
	"namespaceObject == null",
	"has(request.options) && has(request.options.fieldManager) && request.options.fieldManager == 'reach'",
	"object.?metadata.?labels.?tier.orValue('none') == 'front'",
	"'1.2.3'.matches('^[0-9.]+$')",
}

// brittle are atoms that fail on some requests.
var brittle = []string{
	"object.metadata.labels['app'] == 'shop'",
	"oldObject.metadata.name == 'old'",
	"object.spec.containers.all(c, c.image.startsWith('registry.example/'))",
	"object.spec.replicas < 3",
	"request.name.startsWith('n')",
	"request.namespace != 'reach'",
	"object.data['k'] == 'v'",
	"namespaceObject.metadata.name == 'x'",
	"request.options.fieldManager == 'reach'",
	"object.metadata.name.size() > 3",
	"object.apiVersion == 'v1'",
	"request.userInfo.extra['team'][0] == 'blue'",
	"int(object.metadata.labels['app']) == 1",
}

// undecided are atoms that ask what isn't in the request.
var undecided = []string{
	"authorizer.group('').resource('pods').namespace('default').check('get').allowed()",
	"authorizer.requestResource.check('frobnicate').allowed()",
}

// temper says which atoms conditions are made of.
type temper int

const (
	calm    temper = iota // nothing fails
	touchy                // something may
	curious               // something asks the authorizer
)

func (g *generator) expression(t temper, depth int) string {
	if depth == 0 || g.chance(30) {
		switch {
		case t == touchy && g.chance(60):
			return pick(g, brittle...)
		case t == curious && g.chance(40):
			return pick(g, undecided...)
		}
		return pick(g, sound...)
	}
	a, b := g.expression(t, depth-1), g.expression(t, depth-1)
	switch g.IntN(6) {
	case 0, 1:
		return fmt.Sprintf("(%s || %s)", a, b)
	case 2:
		return fmt.Sprintf("(%s && %s)", a, b)
	case 3:
		return fmt.Sprintf("!(%s)", a)
	case 4:
		return fmt.Sprintf("(%s ? %s : %s)", pick(g, sound...), a, b)
	}
	return fmt.Sprintf("(%s) == (%s)", a, b)
}

func (g *generator) conditions(t temper) []admissionregistrationv1.MatchCondition {
	var list []admissionregistrationv1.MatchCondition
	for i := range max(0, g.IntN(4)-1) {
		list = append(list, admissionregistrationv1.MatchCondition{Name: fmt.Sprintf("c%d", i), Expression: g.expression(t, 2)})
	}
	return list
}

// gate keeps every request away but those that name the hook: a hook that makes the API server refuse a request would
// hide what the others do.
func gate(id string) admissionregistrationv1.MatchCondition {
	return admissionregistrationv1.MatchCondition{Name: "gate", Expression: fmt.Sprintf(
		"has(request.userInfo.extra) && 'gate' in request.userInfo.extra && '%s' in request.userInfo.extra['gate']", id)}
}
