// SPDX-License-Identifier: Apache-2.0

// Package cli is demarc's command line, one file for each subcommand.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/version"
)

// The exit codes.
const (
	exitClean    = 0
	exitFindings = 1
	exitBad      = 2 // bad input: flags, files, configuration
)

// Main runs demarc and returns its exit code.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{
		stdin: stdin, stdout: stdout, stderr: stderr, getenv: os.Getenv, now: time.Now,
		rules: catalogue.All(), profile: provider.AKS(),
	}
	return a.run(ctx, args)
}

// app is what the subcommands share: the world outside, and what demarc knows.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	rules          []policy.Rule
	profile        *provider.Profile
}

// errFindings ends a command that did what it was asked, and found something. Everything is said already.
var errFindings = errors.New("findings")

// errBadInput ends a command that could not judge all of its input. What was wrong is said already.
var errBadInput = errors.New("bad input")

func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	command, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitClean
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, errBadInput):
		return exitBad
	}
	a.complain(err)
	if u := (*usageError)(nil); errors.As(err, &u) {
		fmt.Fprintf(a.stderr, "Run '%s --help' for how it is used.\n", command.CommandPath())
	}
	return exitBad
}

// usageError is a mistake in how a command was called.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "demarc",
		Short: "Keep a cluster within its provider's support policy",
		Long: `demarc watches the line where the provider's responsibility for a Kubernetes cluster ends and yours begins.
It warns about, refuses or records changes that would take an AKS cluster out of Microsoft's support policy: in the
cluster as an admission webhook, and here on files before they get there.`,
		Example: `  # Check manifests, as files or as another program renders them
  demarc check -f deploy/
  helm template ./chart | demarc check -f -

  # What is checked, and why
  demarc rules
  demarc explain privileged-daemonset`,
		Version:       version.Get().Version,
		Args:          subcommandNeeded,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	// No SetUsageTemplate nor SetVersionTemplate: they bring in text/template, and with it every method of every type in
	// the program, since templates call methods by name. That is 10 MiB on disk and in memory.
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.SetHelpCommand(&cobra.Command{Use: "help [command]", Short: "Say more about a command", RunE: help})
	root.AddCommand(a.check(), a.audit(), a.auditor(), a.preview(), a.webhooks(), a.stopCheck(), a.upgradeCheck(), a.ruleList(), a.explain(),
		a.config(), a.version(), newServeCommand(), a.enforce(), a.emergencyOff())
	return root
}

// subcommandNeeded refuses what is no subcommand, and says what it may have been meant to be.
func subcommandNeeded(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	near := c.SuggestionsFor(args[0])
	if len(near) == 0 {
		return usagef("%s has no command %q", c.CommandPath(), args[0])
	}
	return usagef("%s has no command %q: did you mean %s?", c.CommandPath(), args[0], strings.Join(near, " or "))
}

// noArguments is for commands that take flags only.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments, got %q", c.Name(), args[0])
	}
	return nil
}

// help is the command of that name; without it, the flag does the same.
func help(c *cobra.Command, args []string) error {
	target, rest, err := c.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return usagef("there is no command %q", strings.Join(args, " "))
	}
	return target.Help()
}
