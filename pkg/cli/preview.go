// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/demarc-dev/demarc/pkg/cli/judge"
	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/preview"
	"github.com/demarc-dev/demarc/pkg/report"
)

// previewOptions are the flags of `demarc preview`.
type previewOptions struct {
	logs, auditLogs, reports []string
	config, mode, since      string
	rules                    []string
	top, maxLine             int
	dryRuns                  bool
	output, failOn           *choice
	contextFiles             []string
	serverVersion            string
	cluster                  clusterOptions
}

func (a *app) preview() *cobra.Command {
	var o previewOptions
	c := &cobra.Command{
		Use:   "preview --log FILE|--audit-log FILE|--report FILE...",
		Short: "Tell what a stricter mode would do",
		Long: `Tell what a stricter mode would do: who would have been refused or warned, how often, by rule, namespace, user and
kind. Nothing is changed anywhere.

What is known of the past comes from three sources, and each answers for itself:

  --log        demarc's own log: what it recorded, with the mode that each finding would have had
  --audit-log  the API server's audit log: demarc's annotations where it was asked, and the objects of the events where it
               was not. Events of audit.k8s.io/v1, as JSON lines or a JSON array, bare or as AKS exports them through Azure
               Monitor: properties.log, log_s, or rows of AKSAudit and AKSAuditAdmin
  --report     live objects: what "demarc audit -o json" found, as if each object were made anew

Each may be given again, as a file, a directory or - for standard input, compressed by gzip or not.

The question is --mode, the ceiling over all rules, --config, a configuration to try, and --rule, the mode of single rules.
Without any, every rule has its default and nothing holds it down. With --rule alone the answer is about those rules. What
exempted a request then still does, unless --config says otherwise.

A refusal is certain, or "perhaps" where the record does not tell everything: the labels of a namespace, or an object as it
was before the change. --context-objects and --cluster help with the former. Findings in doubt, those that were there
before, and what the provider documents only warn, as they would in the cluster.

Exit code: 0 if nothing would come to --fail-on or above, 1 if something would, 2 for input that could not be read.`,
		Example: `  # A week of mode Audit: what would Deny do?
  kubectl logs -n demarc-system -l app.kubernetes.io/name=demarc --tail=-1 | demarc preview --log -

  # From AKS's audit log, before demarc is installed anywhere
  az monitor log-analytics query -w $WORKSPACE -o json --analytics-query \
    'AKSAuditAdmin | where TimeGenerated > ago(7d)' > audit.json
  demarc preview --audit-log audit.json --cluster

  # One rule, one configuration
  demarc preview --log demarc.log --rule privileged-daemonset=Deny
  demarc preview --audit-log audit/ --config new.yaml -o csv > preview.csv`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			return interruptible(c.Context(), func() error { return a.runPreview(c.Context(), o) })
		},
	}
	a.previewFlags(c, &o)
	return c
}

func (a *app) previewFlags(c *cobra.Command, o *previewOptions) {
	f := c.Flags()
	f.StringArrayVar(&o.logs, "log", nil, "demarc's log: a `file`, a directory, or - for standard input; may be given again")
	f.StringArrayVar(&o.auditLogs, "audit-log", nil, "a Kubernetes audit log: a `file`, a directory, or - for standard input; may be given again")
	f.StringArrayVar(&o.reports, "report", nil, "a `file` that demarc audit -o json wrote, or - for standard input; may be given again")
	f.StringVar(&o.mode, "mode", "", "the `mode` to try, a ceiling over all rules: Deny, Warn, Audit (default: that of --config, else Deny)")
	f.StringArrayVar(&o.rules, "rule", nil, "the mode of one rule to try, `RULE=MODE`; may be given again")
	f.StringVar(&o.since, "since", "", "leave out what is older than this `duration`, such as 36h or 7d")
	f.IntVar(&o.top, "top", 10, "how many rows of each table the text shows; 0 for all")
	f.IntVar(&o.maxLine, "max-line", preview.DefaultMaxLine, "the longest record that is read, in `bytes`; a longer one is named and passed over")
	f.BoolVar(&o.dryRuns, "dry-runs", false, "count dry runs like all other requests")
	f.StringArrayVar(&o.contextFiles, "context-objects", nil, "a `file` or directory of objects that are in the cluster; may be given again")
	f.StringVar(&o.serverVersion, "server-version", "", "the API server's `version`, such as v1.34.2")
	o.cluster.flags(c)
	config := configFlag(c)
	o.output = choiceFlag(c, "output", "o", "the format", "text", "json", "csv")
	o.failOn = choiceFlag(c, "fail-on", "", "the mildest outcome that makes the exit code 1",
		string(policy.Deny), string(policy.Warn), string(policy.Audit))
	complete(c, "context-objects", yamlFiles)
	for _, flag := range []string{"since", "top", "max-line", "server-version"} {
		complete(c, flag, cobra.NoFileCompletions)
	}
	complete(c, "mode", cobra.FixedCompletions([]string{"Deny", "Warn", "Audit"}, cobra.ShellCompDirectiveNoFileComp))
	complete(c, "rule", a.completeRuleMode)
	c.PreRun = func(*cobra.Command, []string) { o.config = *config }
}

// completeRuleMode offers each rule, then its modes.
func (a *app) completeRuleMode(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var list []cobra.Completion
	id, _, named := strings.Cut(typed, "=")
	for _, r := range a.rules {
		switch {
		case r.Survey != nil:
		case !named && strings.HasPrefix(string(r.ID), id):
			list = append(list, string(r.ID)+"=\t"+r.Title)
		case named && string(r.ID) == id:
			for _, m := range policy.Modes() {
				list = append(list, id+"="+string(m))
			}
		}
	}
	if named {
		return list, cobra.ShellCompDirectiveNoFileComp
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func (o *previewOptions) validate() error {
	stdin := 0
	for _, list := range [][]string{o.logs, o.auditLogs, o.reports, o.contextFiles} {
		for _, path := range list {
			if path == manifest.Stdin {
				stdin++
			}
		}
	}
	switch {
	case len(o.logs)+len(o.auditLogs)+len(o.reports) == 0:
		return usagef("nothing to read: name a source by --log, --audit-log or --report")
	case stdin > 1:
		return usagef("standard input can be read once only")
	case o.top < 0:
		return usagef("--top is %d: must be 0 or more", o.top)
	case o.maxLine < 1024:
		return usagef("--max-line is %d: must be 1024 or more", o.maxLine)
	}
	if o.serverVersion != "" {
		if _, ok := featuregates.ParseMinor(o.serverVersion); !ok {
			return usagef("--server-version is %q: must be a version of Kubernetes such as v1.34.2", o.serverVersion)
		}
	}
	return o.cluster.validate()
}

func (a *app) runPreview(ctx context.Context, o previewOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	q, err := a.question(o)
	if err != nil {
		return err
	}
	j := judge.New(q.engine, judge.Options{ServerVersion: o.serverVersion, Now: a.now(), NodeFacts: &a.profile.Facts})
	surroundings := &report.Report{Profile: a.profile}
	context := manifest.Read(o.contextFiles, a.stdin)
	j.Learn(surroundings, context.Documents)
	for _, n := range context.Problems {
		surroundings.Problems = append(surroundings.Problems, judge.Problem(n))
	}
	for _, line := range surroundings.Trouble() {
		a.trouble("%s", line)
	}
	if o.cluster.ask {
		asked, err := a.inquire(o.cluster)
		if err != nil {
			return err
		}
		if err := asked.learn(ctx, j); err != nil {
			return err
		}
		j.Cluster = asked.single(ctx)
	}
	p := preview.New(preview.Options{Engine: q.engine, Rules: a.rules, Profile: a.profile, Only: q.only, KeepExemptions: o.config == "",
		Complete: j.Complete, Now: a.now(), Since: q.since, DryRuns: o.dryRuns, MaxLine: o.maxLine})
	unread, err := a.readSources(ctx, p, o)
	if err != nil {
		return err
	}
	r := p.Result()
	r.Question = q.words
	if err := a.writePreview(r, o); err != nil {
		return fmt.Errorf("write the preview: %w", err)
	}
	switch {
	case unread || len(r.Problems) > 0 || len(surroundings.Trouble()) > 0:
		return errBadInput
	case r.Reaches(policy.Mode(o.failOn.value)):
		return errFindings
	}
	return nil
}

// trouble says that something could not be read.
func (a *app) trouble(format string, args ...any) {
	fmt.Fprintln(a.stderr, "demarc: error: "+report.Clean(fmt.Sprintf(format, args...)))
}
