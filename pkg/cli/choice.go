// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// choice is a flag that takes one of a few words, however they are capitalised.
type choice struct {
	value   string
	allowed []string
}

func (c *choice) String() string { return c.value }

// Type is what help prints as the flag's value.
func (c *choice) Type() string { return strings.Join(c.allowed, "|") }

// Set takes one of the words.
func (c *choice) Set(s string) error {
	i := slices.IndexFunc(c.allowed, func(w string) bool { return strings.EqualFold(w, s) })
	if i < 0 {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = c.allowed[i]
	return nil
}

// choiceFlag adds such a flag, with completion. The first word is the default.
func choiceFlag(c *cobra.Command, name, shorthand, usage string, allowed ...string) *choice {
	v := &choice{value: allowed[0], allowed: allowed}
	c.Flags().VarP(v, name, shorthand, usage)
	complete(c, name, cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp))
	return v
}

// complete registers the completion of a flag that the command has.
func complete(c *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err) // a flag that the command doesn't have: every test of the command meets it
	}
}
