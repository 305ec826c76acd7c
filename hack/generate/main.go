// SPDX-License-Identifier: Apache-2.0

// Command generate writes what follows from the rules, the profile and the configuration's types: the registrations,
// the roles and the reference docs. Run it from the root: `make generate`.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// pages is what every page and manifest is generated from.
type pages struct {
	rules   []policy.Rule
	profile *provider.Profile
}

func main() {
	c := pages{catalogue.All(), provider.AKS()}
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"registrations", c.registrations},
		{"roles", c.roles},
		{"provider facts", c.providerFacts},
		{"rule pages", c.rulePages},
		{"coverage page", c.coveragePage},
		{"ledger page", c.ledgerPage},
		{"configuration page", configurationPage},
		{"words of reports", c.words},
	} {
		if err := step.run(); err != nil {
			fmt.Fprintf(os.Stderr, "generate %s: %v\n", step.name, err)
			os.Exit(1)
		}
	}
}

// write writes a file and the folders above it.
func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

// only removes every file of a folder that was not just written: a page of a rule that is gone must go too.
func only(dir string, written map[string]bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !written[e.Name()] {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
