// SPDX-License-Identifier: Apache-2.0

// Package config reads configuration files.
package config

import (
	"errors"
	"fmt"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// Load reads, defaults and validates the configuration in a file. The error names the file and holds everything that
// is wrong with it.
func Load(path string, rules []policy.Rule) (*v1alpha1.Configuration, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	c, err := Parse(raw, rules)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse reads a configuration from YAML or JSON, strictly: an unknown or doubled field is an error.
func Parse(raw []byte, rules []policy.Rule) (*v1alpha1.Configuration, error) {
	if err := checkKind(raw); err != nil {
		return nil, err
	}
	doc, err := yaml.YAMLToJSONStrict(raw)
	if err != nil {
		return nil, err
	}
	c := &v1alpha1.Configuration{}
	unknown, err := json.UnmarshalStrict(doc, c)
	if err != nil {
		return nil, err
	}
	c.SetDefaults()
	if err := errors.Join(errors.Join(unknown...), validate(c, rules)); err != nil {
		return nil, err
	}
	return c, nil
}

// checkKind comes first, so that a file of another kind isn't answered with a list of its fields.
func checkKind(raw []byte) error {
	var t metav1.TypeMeta
	if err := yaml.Unmarshal(raw, &t); err != nil {
		return err
	}
	if t.APIVersion == v1alpha1.APIVersion && t.Kind == v1alpha1.Kind {
		return nil
	}
	return fmt.Errorf("apiVersion and kind are %q and %q: must be %q and %q",
		t.APIVersion, t.Kind, v1alpha1.APIVersion, v1alpha1.Kind)
}

func validate(c *v1alpha1.Configuration, rules []policy.Rule) error {
	if errs := c.Validate(rules); len(errs) > 0 {
		return errs.ToAggregate()
	}
	return nil
}
