// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// reflectType makes the schema of a Go type from its JSON tags: strict, with what may not be left out required.
func reflectType(t reflect.Type) schema {
	switch t {
	case reflect.TypeFor[metav1.Time]():
		return schema{"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(Z|[+-][0-9]{2}:[0-9]{2})$`}
	case reflect.TypeFor[policy.ID]():
		return schema{"enum": ids()}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return reflectType(t.Elem())
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return schema{"type": "integer"}
	case reflect.Slice:
		return list(reflectType(t.Elem()))
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": reflectType(t.Elem())}
	case reflect.Struct:
		return reflectStruct(t)
	}
	panic(fmt.Sprintf("no schema for %s", t))
}

func reflectStruct(t reflect.Type) schema {
	properties := schema{}
	var required []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			panic(fmt.Sprintf("%s.%s: no JSON name", t, f.Name))
		}
		s := reflectType(f.Type)
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			required = append(required, name)
			filled(s)
		}
		properties[name] = s
	}
	return object(properties, required...)
}

// filled forbids what is there and says nothing, where something must be said.
func filled(s schema) {
	switch s["type"] {
	case "string":
		s["minLength"] = 1
	case "array":
		s["minItems"] = 1
	case "object":
		s["minProperties"] = 1
	}
}

func ids() []string {
	list := []string{string(v1alpha1.EveryRule)}
	all := catalogue.All()
	for i := range all {
		list = append(list, string(all[i].ID))
	}
	return list
}
