// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// resource is a resource in one version.
type resource struct {
	group, version, plural, kind string
	namespaced                   bool
}

// readDiscovery returns every resource that a server of the release can serve and that keeps objects. Reviews, which can
// be made and not read, leave nothing behind that the next release could lose.
func readDiscovery(release fs.FS, dir string) ([]resource, error) {
	files, err := fs.Glob(release, path.Join(dir, "apis__*__*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("no discovery in " + dir)
	}
	var served []resource
	for _, name := range files {
		raw, err := fs.ReadFile(release, name)
		if err != nil {
			return nil, err
		}
		var list metav1.APIResourceList
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, fmt.Errorf("decode %s: %w", name, err)
		}
		group, version, ok := strings.Cut(list.GroupVersion, "/")
		if !ok {
			return nil, fmt.Errorf("%s: %q is no group and version", name, list.GroupVersion)
		}
		for _, r := range list.APIResources {
			if !strings.Contains(r.Name, "/") && slices.Contains(r.Verbs, "get") {
				served = append(served, resource{group, version, r.Name, r.Kind, r.Namespaced})
			}
		}
	}
	return served, nil
}
