// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// ruleEntry is a rule as `demarc rules -o json` prints it.
type ruleEntry struct {
	ID      policy.ID           `json:"id"`
	Title   string              `json:"title"`
	Default policy.Mode         `json:"default"`
	Mode    policy.Mode         `json:"mode"`   // the one in force: the configuration's, below its ceiling
	Judges  string              `json:"judges"` // requests, or clusters as an audit finds them
	Since   string              `json:"since"`
	Clauses []provider.ClauseID `json:"clauses"`
	Why     string              `json:"why"`
	Fix     string              `json:"fix"`
	Note    string              `json:"note,omitempty"`
}

func (a *app) ruleList() *cobra.Command {
	c := &cobra.Command{
		Use:   "rules",
		Short: "List the rules",
		Long: "List the rules: what each finds, which clauses of the policy it guards, and what happens to its findings.\n" +
			"Most judge requests, and the same objects in files and live clusters. Some judge a cluster as it stands, by an audit.",
		Example: `  demarc rules
  demarc rules --config demarc.yaml
  demarc rules -o json | jq -r '.[].id'`,
		Args: noArguments,
	}
	path := configFlag(c)
	output := choiceFlag(c, "output", "o", "the format", "text", "json")
	c.RunE = func(*cobra.Command, []string) error {
		_, cfg, err := a.load(*path)
		if err != nil {
			return err
		}
		entries := a.entries(cfg)
		if output.value == "json" {
			return writeJSON(a.stdout, entries)
		}
		return a.ruleTable(entries, *path != "")
	}
	return c
}

func (a *app) entries(cfg *v1alpha1.Configuration) []ruleEntry {
	entries := []ruleEntry{}
	for i := range a.rules {
		r := &a.rules[i]
		mode := r.Default
		if set := cfg.Rules[r.ID].Mode; set != "" {
			mode = set
		}
		entries = append(entries, ruleEntry{
			ID: r.ID, Title: r.Title, Default: r.Default, Mode: policy.Least(mode, cfg.Mode), Judges: judges(r), Since: r.Since,
			Clauses: r.Clauses, Why: r.Doc.Why, Fix: r.Doc.Fix, Note: r.Doc.Note,
		})
	}
	return entries
}

// judges says what a rule looks at.
func judges(r *policy.Rule) string {
	if r.Survey != nil {
		return "clusters"
	}
	return "requests"
}

func (a *app) ruleTable(entries []ruleEntry, configured bool) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 3, ' ', 0)
	row := func(id, judges, def, mode, title, clauses string) {
		cells := []string{id, judges, def, title, clauses}
		if configured {
			cells = []string{id, judges, def, mode, title, clauses}
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	row("RULE", "JUDGES", "DEFAULT", "MODE", "FINDS", "CLAUSES")
	for _, e := range entries {
		var clauses []string
		for _, c := range e.Clauses {
			clauses = append(clauses, string(c))
		}
		row(string(e.ID), e.Judges, string(e.Default), string(e.Mode), e.Title, strings.Join(clauses, ", "))
	}
	return w.Flush()
}

// configFlag adds the flag that names a configuration.
func configFlag(c *cobra.Command) *string {
	path := c.Flags().String("config", "", "a configuration `file`: modes, parameters, exemptions")
	complete(c, "config", yamlFiles)
	return path
}
