// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/config"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// load reads a configuration and builds the engine from it; without a path, from the defaults. The error holds
// everything that is wrong: with the file, and with the parameters that it gives to rules.
func (a *app) load(path string) (*engine.Engine, *v1alpha1.Configuration, error) {
	cfg := v1alpha1.Default()
	if path != "" {
		loaded, err := config.Load(path, a.rules)
		if err != nil {
			return nil, nil, errors.Join(err, a.paramErrors(path))
		}
		cfg = loaded
	}
	e, err := engine.New(a.rules, a.profile, cfg)
	if err != nil && path != "" {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return e, cfg, err
}

// paramErrors checks the parameters in a configuration that is otherwise wrong already. Only the rules know what is
// right in them, so the engine finds their errors, and it takes nothing but a configuration that is valid else.
func (a *app) paramErrors(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil // said already
	}
	var file v1alpha1.Configuration
	if yaml.Unmarshal(raw, &file) != nil {
		return nil
	}
	cfg := v1alpha1.Default()
	cfg.Rules = map[policy.ID]v1alpha1.Rule{}
	for _, r := range a.rules {
		cfg.Rules[r.ID] = v1alpha1.Rule{Params: file.Rules[r.ID].Params}
	}
	if _, err := engine.New(a.rules, a.profile, cfg); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// warnExpired names the exemptions that have run out.
func (a *app) warnExpired(path string, cfg *v1alpha1.Configuration) {
	now := a.now()
	for i, e := range cfg.Exemptions {
		if e.Expires != nil && !now.Before(e.Expires.Time) {
			at := field.NewPath("exemptions").Index(i).Child("expires")
			a.warn("%s: %s: exemption %q ran out on %s and no longer counts", path, at, e.Name, e.Expires.UTC().Format("2006-01-02 15:04 MST"))
		}
	}
}

// effective returns the configuration with nothing left to defaults: each rule's mode and parameters.
func (a *app) effective(cfg *v1alpha1.Configuration) (*v1alpha1.Configuration, error) {
	full := *cfg
	full.Rules = map[policy.ID]v1alpha1.Rule{}
	for i := range a.rules {
		r := &a.rules[i]
		set := cfg.Rules[r.ID]
		if set.Mode == "" {
			set.Mode = r.Default
		}
		if r.Params != nil {
			raw, err := params(r, set.Params)
			if err != nil {
				return nil, err
			}
			set.Params = raw
		}
		full.Rules[r.ID] = set
	}
	return &full, nil
}

// params returns the parameters of a rule with its defaults where they are not set.
func params(r *policy.Rule, set policy.RawParams) (policy.RawParams, error) {
	values := r.Params.Defaults()
	if len(set) > 0 {
		if err := json.UnmarshalCaseSensitivePreserveInts(set, values); err != nil {
			return nil, fmt.Errorf("parameters of %s: %w", r.ID, err)
		}
	}
	doc, err := yaml.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("parameters of %s: %w", r.ID, err)
	}
	return yaml.YAMLToJSON(doc)
}

// rule finds a rule by its ID.
func (a *app) rule(id policy.ID) (*policy.Rule, bool) {
	i := slices.IndexFunc(a.rules, func(r policy.Rule) bool { return r.ID == id })
	if i < 0 {
		return nil, false
	}
	return &a.rules[i], true
}
