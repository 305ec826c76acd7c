// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/json"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// bind joins a rule with what the configuration says of it.
func bind(rule *policy.Rule, cfg v1alpha1.Rule) (*bound, field.ErrorList) {
	b := &bound{rule: rule, mode: rule.Default, check: rule.Check}
	if cfg.Mode != "" {
		b.mode = cfg.Mode
	}
	path := field.NewPath("rules").Key(string(rule.ID)).Child("params")
	if rule.Params == nil {
		if len(cfg.Params) > 0 {
			return b, field.ErrorList{field.Forbidden(path, "this rule has no parameters")}
		}
		return b, nil
	}
	// A new value each time: decoding into a shared default would change it for everybody.
	params := rule.Params.Defaults()
	if len(cfg.Params) > 0 {
		unknown, err := json.UnmarshalStrict(cfg.Params, params)
		if err := errors.Join(append(unknown, err)...); err != nil {
			return b, field.ErrorList{field.Invalid(path, string(cfg.Params), err.Error())}
		}
	}
	check, errs := rule.Params.Bind(params, path)
	b.check = check
	return b, errs
}
