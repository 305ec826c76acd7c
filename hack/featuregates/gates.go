// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/demarc-dev/demarc/pkg/featuregates"
)

// gates are the gates of one minor version.
type gates map[string]featuregates.Spec

// produce returns the gates of one release.
func produce(ctx context.Context, p pin) (gates, error) {
	kubernetes, err := download(ctx, "k8s.io/kubernetes@"+p.release())
	if err != nil {
		return nil, err
	}
	found, err := runtimeGates(ctx, p, kubernetes)
	if err != nil {
		return nil, err
	}
	listed, err := listedGates(p, kubernetes)
	if err != nil {
		return nil, err
	}
	return unite(found, listed)
}

// unite adds to the gates of the runtime those that only the lists have: the gates that the main functions of components
// register. Where both know a gate they must agree, or one of the two is read wrongly.
func unite(found, listed gates) (gates, error) {
	result := maps.Clone(found)
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		spec := listed[name]
		_, isThere := found[name]
		real, isMisnamed := misnamed[name]
		if !isThere && isMisnamed {
			name = real
		}
		other, ok := found[name]
		switch {
		case !ok && isMisnamed:
			problems = append(problems, fmt.Errorf("gate %s: the lists' %s is not in the runtime", real, name))
		case !ok:
			result[name] = spec
		case other != spec:
			problems = append(problems, fmt.Errorf("gate %s: runtime %v, list %v", name, other, spec))
		}
	}
	return result, errors.Join(problems...)
}
