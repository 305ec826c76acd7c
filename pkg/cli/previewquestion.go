// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// question is what a preview is asked.
type question struct {
	engine *engine.Engine
	only   []policy.ID
	since  time.Time
	words  string
}

func (a *app) question(o previewOptions) (q question, err error) {
	_, cfg, err := a.load(o.config)
	if err != nil {
		return q, err
	}
	a.warnExpired(o.config, cfg)
	if o.mode != "" {
		if cfg.Mode, err = previewMode("--mode", o.mode); err != nil {
			return q, err
		}
	}
	if cfg.Rules == nil {
		cfg.Rules = map[policy.ID]v1alpha1.Rule{}
	}
	var turned []string
	for _, setting := range o.rules {
		id, mode, err := a.ruleSetting(setting)
		if err != nil {
			return q, err
		}
		rule := cfg.Rules[id]
		rule.Mode = mode
		cfg.Rules[id] = rule
		turned = append(turned, string(id)+" to "+string(mode))
		if o.mode == "" && o.config == "" {
			q.only = append(q.only, id)
		}
	}
	if q.since, err = since(o.since, a.now()); err != nil {
		return q, err
	}
	q.words = questionWords(o, cfg, turned)
	q.engine, err = engine.New(a.rules, a.profile, cfg)
	return q, err
}

// questionWords begins the sentence that the answer ends.
func questionWords(o previewOptions, cfg *v1alpha1.Configuration, turned []string) string {
	if o.config == "" && o.mode == "" && len(turned) > 0 {
		return "Turning " + strings.Join(turned, " and ")
	}
	words := "With mode " + string(cfg.Mode)
	if o.config != "" {
		words = "With " + report.Clean(o.config)
		if o.mode != "" {
			words += " and mode " + string(cfg.Mode)
		}
	}
	if len(turned) > 0 {
		words += " and " + strings.Join(turned, " and ")
	}
	return words + ", demarc"
}

func previewMode(flag, value string) (policy.Mode, error) {
	for _, m := range policy.Modes() {
		if strings.EqualFold(string(m), value) {
			return m, nil
		}
	}
	return "", usagef("%s is %q: must be one of Deny, Warn, Audit, Off", flag, value)
}

func (a *app) ruleSetting(setting string) (policy.ID, policy.Mode, error) {
	id, value, ok := strings.Cut(setting, "=")
	if !ok {
		return "", "", usagef("--rule is %q: must be RULE=MODE, such as privileged-daemonset=Deny", setting)
	}
	r, known := a.rule(policy.ID(id))
	if !known {
		return "", "", usagef("--rule names the unknown rule %q: `demarc rules` lists the rules", id)
	}
	if r.Survey != nil {
		return "", "", usagef("--rule names %s, which judges a cluster as it stands and no request", id)
	}
	mode, err := previewMode("--rule "+id, value)
	return r.ID, mode, err
}

// since returns the time from which on things count.
func since(value string, now time.Time) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(value, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n < 10_000 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return time.Time{}, usagef("--since is %q: must be a duration such as 36h or 7d", value)
	}
	return now.Add(-d), nil
}
