// SPDX-License-Identifier: Apache-2.0

package azureobject

// Slim returns the part of an object that Chain and Locate read of an owner, for those who keep many. What it returns
// shares nothing with the object that could change.
func Slim(tree map[string]any) map[string]any {
	slim := map[string]any{}
	copyTexts(slim, tree, "apiVersion", "kind")
	meta := keep(at(tree, "metadata"), "name", "namespace", "uid", "resourceVersion")
	attach(meta, "annotations", keep(at(tree, "metadata", "annotations"), externalName, resourceID))
	attach(slim, "metadata", meta)

	spec := keep(at(tree, "spec"), "azureName")
	attach(spec, "owner", keep(at(tree, "spec", "owner"), "name", "armId"))
	parameters := keep(at(tree, "spec", "forProvider"), crossplaneFields...)
	for _, name := range crossplaneRefs {
		attach(parameters, name, keep(at(tree, "spec", "forProvider", name), "name", "namespace"))
	}
	attach(spec, "forProvider", parameters)
	attach(slim, "spec", spec)

	status := keep(at(tree, "status"), "id")
	attach(status, "atProvider", keep(at(tree, "status", "atProvider"), "id"))
	attach(slim, "status", status)
	return slim
}

// crossplaneFields and crossplaneRefs are the fields of spec.forProvider that say what something lies in.
var crossplaneFields, crossplaneRefs = crossplaneNames()

func crossplaneNames() (fields, refs []string) {
	seen := map[string]bool{"": true}
	for _, k := range kinds {
		if !seen[k.field] {
			seen[k.field] = true
			fields, refs = append(fields, k.field), append(refs, k.ref)
		}
		if !seen[k.outer] {
			seen[k.outer] = true
			fields = append(fields, k.outer)
		}
	}
	return fields, refs
}

// keep copies the members of a map that are texts.
func keep(from map[string]any, names ...string) map[string]any {
	to := map[string]any{}
	copyTexts(to, from, names...)
	return to
}

func copyTexts(to, from map[string]any, names ...string) {
	for _, name := range names {
		if s, ok := from[name].(string); ok {
			to[name] = s
		}
	}
}

func attach(to map[string]any, name string, m map[string]any) {
	if len(m) > 0 {
		to[name] = m
	}
}
