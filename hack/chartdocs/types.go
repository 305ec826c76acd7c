// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/policy"
)

const (
	dnsName  = `^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`
	quantity = `^[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?(m|k|Ki|[MGTPE]i?)?$`
	key      = `^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`
	label    = `^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$`
)

// types are the types that a default can't show: @type names one.
var types = map[string]func() schema{
	"affinity":        func() schema { return reflected[corev1.Affinity]() },
	"annotations":     func() schema { return keyed(schema{"type": "string"}) },
	"arguments":       func() schema { return list(schema{"type": "string", "pattern": "^--?[a-z]"}) },
	"exemptions":      func() schema { return list(reflected[v1alpha1.Exemption]()) },
	"issuerRef":       issuerRef,
	"labels":          func() schema { return keyed(schema{"type": "string", "pattern": label}) },
	"marks":           marks,
	"matchConditions": func() schema { return list(reflected[admissionregistrationv1.MatchCondition]()) },
	"namePatterns":    func() schema { return set(schema{"type": "string", "pattern": `^[a-z0-9][a-z0-9.-]{0,252}[*]?$`}) },
	"names":           func() schema { return set(schema{"type": "string", "pattern": dnsName}) },
	"peers":           func() schema { return list(reflected[networkingv1.NetworkPolicyPeer]()) },
	"ports":           func() schema { return nonEmpty(set(schema{"type": "integer", "minimum": 1, "maximum": 65535})) },
	"resources":       resources,
	"rules":           ruleSettings,
	"tolerations":     func() schema { return list(reflected[corev1.Toleration]()) },
}

func reflected[T any]() schema { return reflectType(reflect.TypeFor[T]()) }

func list(items schema) schema { return schema{"type": "array", "items": items} }

// set is a list whose elements the API server tells apart by their value: twice the same is an error of its own there.
func set(items schema) schema {
	s := list(items)
	s["uniqueItems"] = true
	return s
}

func nonEmpty(s schema) schema {
	s["minItems"] = 1
	return s
}

func object(properties schema, required ...string) schema {
	s := schema{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// keyed is a mapping from names as Kubernetes has them for labels, annotations and resources.
func keyed(values schema) schema {
	// Not propertyNames: Helm's error for it names another place.
	return schema{"type": "object", "patternProperties": schema{key: values}, "additionalProperties": false}
}

func issuerRef() schema {
	text := schema{"type": "string", "minLength": 1}
	s := object(schema{"name": text, "kind": text, "group": text})
	// Empty, or with a name.
	s["dependencies"] = schema{"kind": []string{"name"}, "group": []string{"name"}}
	return s
}

func marks() schema {
	return set(schema{"enum": v1alpha1.MarkPlaces()})
}

// resources leaves out claims: demarc uses no device.
func resources() schema {
	amounts := keyed(schema{"type": []string{"string", "number"}, "pattern": quantity, "minimum": 0})
	return object(schema{"requests": amounts, "limits": amounts})
}

// ruleSettings has every rule by its name, so that a typo is found before it is installed.
func ruleSettings() schema {
	properties := schema{}
	all := catalogue.All()
	for i := range all {
		setting := schema{"mode": mode()}
		if p := all[i].Params; p != nil {
			setting["params"] = reflectType(reflect.TypeOf(p.Defaults()))
		}
		s := object(setting)
		s["description"] = all[i].Title
		properties[string(all[i].ID)] = s
	}
	return object(properties)
}

func mode() schema {
	s := schema{}
	var names []string
	for _, m := range policy.Modes() {
		names = append(names, string(m))
	}
	s["enum"] = names
	bareOff(s)
	return s
}
