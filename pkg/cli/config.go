// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

func (a *app) config() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Validate or print a configuration",
		Args:  subcommandNeeded,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.configValidate(), a.configPrint())
	return c
}

func (a *app) configValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE...",
		Short: "Say everything that is wrong with configuration files",
		Long: `Say everything that is wrong with configuration files, all at once. Exemptions that have run out are named, and
are no error: they stop nothing.

Exit code: 0 if all are valid, 2 if one isn't.`,
		Example:           `  demarc config validate demarc.yaml`,
		Args:              filesNeeded,
		ValidArgsFunction: yamlFiles,
		RunE: func(_ *cobra.Command, paths []string) error {
			var errs []error
			for _, path := range paths {
				_, cfg, err := a.load(path)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				a.warnExpired(path, cfg)
				fmt.Fprintf(a.stderr, "%s: valid\n", path)
			}
			return errors.Join(errs...)
		},
	}
}

func (a *app) configPrint() *cobra.Command {
	return &cobra.Command{
		Use:   "print [FILE]",
		Short: "Print the configuration in force, with every default",
		Long: `Print the configuration in force: that of the file, with the mode and the parameters of every rule and all else
that is left to defaults. Without a file, it is the defaults alone: a good start for a file of your own.`,
		Example: `  demarc config print > demarc.yaml
  demarc config print demarc.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("config print takes one FILE at most")
			}
			return nil
		},
		ValidArgsFunction: yamlFiles,
		RunE: func(_ *cobra.Command, args []string) error {
			path := ""
			if len(args) == 1 {
				path = args[0]
			}
			_, cfg, err := a.load(path)
			if err != nil {
				return err
			}
			a.warnExpired(path, cfg)
			full, err := a.effective(cfg)
			if err != nil {
				return err
			}
			doc, err := yaml.Marshal(full)
			if err != nil {
				return fmt.Errorf("print configuration: %w", err)
			}
			_, err = a.stdout.Write(doc)
			return err
		},
	}
}

func filesNeeded(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%s needs a FILE", c.Name())
	}
	return nil
}

func yamlFiles(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
}
