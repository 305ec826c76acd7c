// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/demarc-dev/demarc/pkg/featuregates"
)

// listFiles are the places at which releases since 1.32 keep the gates that their own linter found.
var listFiles = []string{
	"test/compatibility_lifecycle/reference/versioned_feature_list.yaml",
	"test/compatibility_lifecycle/reference/unversioned_feature_list.yaml",
	"test/featuregates_linter/test_data/versioned_feature_list.yaml",
	"test/featuregates_linter/test_data/unversioned_feature_list.yaml",
}

// listedGates returns what the lists of a release say about its own minor version; releases before 1.32 have none.
func listedGates(p pin, kubernetes module) (gates, error) {
	result := gates{}
	for _, name := range listFiles {
		text, err := os.ReadFile(filepath.Join(kubernetes.Dir, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the list of gates: %w", err)
		}
		if err := readList(string(text), p.minor, result); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	return result, nil
}

// entry is one versioned spec while its lines are read.
type entry struct {
	name, stage        string
	spec               featuregates.Spec
	version, minCompat string
}

// readList reads the one form in which Kubernetes writes these lists, not YAML at large; what it doesn't know is an
// error. The specs of a gate are in the order of their versions, so the last that applies wins.
func readList(text string, minor featuregates.Minor, into gates) error {
	var e entry
	for line := range strings.Lines(text) {
		field, begins := strings.CutPrefix(strings.TrimSpace(line), "- ")
		if begins {
			if err := e.settle(minor, into); err != nil {
				return err
			}
			e = entry{name: e.name}
		}
		if err := e.field(field); err != nil {
			return fmt.Errorf("line %q: %w", line, err)
		}
	}
	return e.settle(minor, into)
}

func (e *entry) field(text string) error {
	if text == "" || text[0] == '#' || text == "[]" {
		return nil
	}
	key, value, _ := strings.Cut(text, ":")
	value = strings.Trim(strings.TrimSpace(value), `"`)
	switch key {
	case "name":
		e.name = value
	case "versionedSpecs":
	case "default":
		e.spec.Default = value == "true"
	case "lockToDefault":
		e.spec.Locked = value == "true"
	case "preRelease":
		e.stage = value
	case "version":
		e.version = value
	case "minCompatibilityVersion":
		e.minCompat = value
	default:
		return fmt.Errorf("field %s is not known", key)
	}
	return nil
}

// settle records the entry if it applies to the minor version: a component of 1.N must get along with 1.N-1 unless told
// otherwise, which is what minCompatibilityVersion is compared with.
func (e *entry) settle(minor featuregates.Minor, into gates) error {
	if e.stage == "" {
		return nil
	}
	switch e.stage {
	case "Alpha", "Beta", "GA", "Deprecated":
		e.spec.Stage = featuregates.Stage(strings.ToLower(e.stage))
	default:
		return fmt.Errorf("gate %s: stage %s is not known", e.name, e.stage)
	}
	current, err := notAfter(e.version, minor)
	if err != nil {
		return fmt.Errorf("gate %s: %w", e.name, err)
	}
	compatible, err := notAfter(e.minCompat, minor-1)
	if err != nil {
		return fmt.Errorf("gate %s: %w", e.name, err)
	}
	if current && compatible {
		into[e.name] = e.spec
	}
	return nil
}

// notAfter compares a version of the lists. Unversioned specs, and those of before 1.0, apply always.
func notAfter(version string, limit featuregates.Minor) (bool, error) {
	if version == "" || strings.HasPrefix(version, "0.") {
		return true, nil
	}
	since, ok := featuregates.ParseMinor(version)
	if !ok {
		return false, fmt.Errorf("%q is no version", version)
	}
	return since <= limit, nil
}
