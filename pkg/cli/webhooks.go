// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/admissionconfig/live"
	"github.com/demarc-dev/demarc/pkg/cli/judge"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// never is the --fail-on that no finding reaches.
const never = "Never"

// webhookOptions are the flags of `demarc webhooks`.
type webhookOptions struct {
	cluster        clusterOptions
	files          []string
	output, failOn *choice
}

func (a *app) webhooks() *cobra.Command {
	var o webhookOptions
	c := &cobra.Command{
		Use:   "webhooks",
		Short: "Who sees and who can block which requests: all webhooks and admission policies",
		Long: `Who sees and who can block which requests: all webhooks and admission policies of a cluster, or of manifests.

REACHES is what the rules and selectors let through once AKS's Admissions Enforcer has completed the selectors. BLOCKS is what
the cluster lives by and what is refused while a webhook that fails closed can't be asked. Below the table stands what is wrong
with each configuration, what to do, and the YAML to commit. AKS's own configurations are marked AKS and judged for changes
only; demarc's own too.

The cluster is read once and nothing is changed there: the configurations, the namespaces, the Services that webhooks name with
their endpoints, and the labels of a few pods behind those. What may not be read is named. With -f nobody is asked, and
backends are not judged.

Exit code: 0 if nothing was found, 1 for findings at --fail-on or above, 2 for bad input and for a cluster that can't be asked.`,
		Example: `  demarc webhooks
  demarc webhooks --context prod-west -o wide
  helm template ./chart | demarc webhooks -f -`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			return interruptible(c.Context(), func() error { return a.runWebhooks(c.Context(), o) })
		},
	}
	o.cluster.which(c)
	c.Flags().StringArrayVarP(&o.files, "file", "f", nil, "judge this `file`, directory or - for standard input, and no cluster; may be given again")
	o.output = choiceFlag(c, "output", "o", "the format", "text", "wide", "json")
	o.failOn = choiceFlag(c, "fail-on", "", "the mildest finding that makes the exit code 1", string(policy.Warn), string(policy.Audit), never)
	complete(c, "file", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	})
	return c
}

// hookState is what is known of a cluster's hooks, or of those in files.
type hookState struct {
	live.State
	// Name is what the user calls the cluster; empty for files.
	Name     string
	hooks    []*admissionconfig.Hook
	verdicts []admissionconfig.Verdict
}

// readHooks reads a cluster's.
func (a *app) readHooks(ctx context.Context, cfg *rest.Config, name string) (*hookState, error) {
	reader, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	state, err := reader.Read(ctx, a.now())
	if err != nil {
		return nil, err
	}
	return a.judgeHooks(state, name), nil
}

func (a *app) judgeHooks(state *live.State, name string) *hookState {
	s := &hookState{State: *state, Name: name, hooks: state.Set.Hooks()}
	s.verdicts = admissionconfig.Judge(s.Server, a.profile, s.hooks, s.World)
	return s
}

// hooksOf takes those of files. What else stands there is passed over, and what can't be read is an error.
func (a *app) hooksOf(files []string) (*hookState, error) {
	stdin := 0
	for _, f := range files {
		if f == manifest.Stdin {
			stdin++
		}
	}
	if stdin > 1 {
		return nil, usagef("standard input can be read once only")
	}
	contents := manifest.Read(files, a.stdin)
	state := &live.State{Server: &admissionconfig.Server{}}
	bad := len(contents.Problems) > 0
	for _, n := range contents.Problems {
		fmt.Fprintf(a.stderr, "demarc: error: %s: %s\n", judge.Place(n.Place), report.Clean(n.Message))
	}
	for _, d := range contents.Documents {
		if _, err := state.Set.Add(d.Raw); err != nil {
			bad = true
			fmt.Fprintf(a.stderr, "demarc: error: %s: %s\n", judge.Place(d.Place), report.Clean(err.Error()))
		}
	}
	if bad {
		return nil, errBadInput
	}
	s := a.judgeHooks(state, "")
	if len(s.hooks) == 0 {
		a.warn("no webhook configuration and no admission policy in what was given")
	}
	return s, nil
}

func (a *app) runWebhooks(ctx context.Context, o webhookOptions) error {
	s, err := a.hooks(ctx, o)
	if err != nil {
		return err
	}
	switch o.output.value {
	case "json":
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(a.webhooksJSON(s))
	case "wide":
		_, err = fmt.Fprint(a.stdout, wideTable(a.rows(s)))
	default:
		_, err = fmt.Fprint(a.stdout, a.webhooksText(s))
	}
	if err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	if o.output.value == "wide" {
		for _, u := range s.Unread {
			a.warn("%s", unreadLine(u))
		}
	}
	if slices.ContainsFunc(s.verdicts, func(v admissionconfig.Verdict) bool { return reaches(v, o.failOn.value) }) {
		return errFindings
	}
	return nil
}

func (a *app) hooks(ctx context.Context, o webhookOptions) (*hookState, error) {
	if len(o.files) > 0 {
		if o.cluster.kubeconfig != "" || o.cluster.context != "" {
			return nil, usagef("-f and a cluster exclude each other")
		}
		return a.hooksOf(o.files)
	}
	cfg, err := o.cluster.rest()
	if err != nil {
		return nil, err
	}
	return a.readHooks(ctx, cfg, o.cluster.name(cfg))
}

// mode is how grave a verdict is at most: no webhook sees a webhook configuration, so none is refused.
func mode(v admissionconfig.Verdict) policy.Mode {
	if v.AtMost == policy.Audit {
		return policy.Audit
	}
	return policy.Warn
}

func reaches(v admissionconfig.Verdict, failOn string) bool {
	return failOn != never && (failOn == string(policy.Audit) || mode(v) == policy.Warn)
}

func unreadLine(u live.Unread) string { return u.What + ": " + u.Why + "; so " + u.Loss }
