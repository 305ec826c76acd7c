// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/audit"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/managedfields"
	"github.com/demarc-dev/demarc/pkg/openreports"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/report"
)

// auditOptions are the flags of `demarc audit`.
type auditOptions struct {
	kubeconfig, config      string
	contexts                []string
	namespaces, rules       []string
	allContexts             bool
	nodeMetrics, showPassed bool
	timeout                 time.Duration
	failOn                  *choice
	report                  reportOptions
}

func (a *app) audit() *cobra.Command {
	var o auditOptions
	c := &cobra.Command{
		Use:   "audit",
		Short: "Judge what stands in live clusters",
		Long: `Judge what stands in live clusters already, against the provider's support policy. Nothing is changed there.

The cluster is the one that kubectl would ask, or those of --context. Objects of the kinds that rules judge are listed in
pages of 500; of Secrets nothing is ever read but metadata. What may not be listed is named, with the rules that saw less.

A pod repeats what its workload's template says, so findings are told of the workload: the report counts its pods and
ReplicaSets there. Rules about requests have nothing to judge here; the report names them.

With --baseline, findings that are in an earlier report count no more. With --redact, the report has pseudonyms in place of
what a customer calls things, for a support ticket.

Exit code: 0 if nothing was found, 1 for findings at --fail-on or above, 2 for bad input, for a cluster that could not be
audited, and for objects that could not be judged.`,
		Example: `  demarc audit
  demarc audit --context prod-west --context prod-north -o json > fleet.json
  demarc audit -o html > audit.html
  demarc audit --baseline fleet.json --redact -o csv
  demarc audit -n shop -n payments --rules node-access,node-host-files`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			// Not left to itself as other commands are: it stops soon, and takes its progress bar away.
			err := a.runAudit(c.Context(), o)
			if ctx := c.Context(); ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				return errInterrupted
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "the kubeconfig `file` that names the clusters")
	f.StringArrayVar(&o.contexts, "context", nil, "the `name` of a context of the kubeconfig; may be given again")
	f.BoolVar(&o.allContexts, "all-contexts", false, "every context of the kubeconfig, each cluster once")
	f.StringArrayVarP(&o.namespaces, "namespace", "n", nil,
		"judge only what stands in this `namespace`, and no posture rules; may be given again")
	f.StringSliceVar(&o.rules, "rules", nil, "ask these rules only, by their `IDs`")
	f.BoolVar(&o.nodeMetrics, "node-metrics", false,
		"read feature gates from the metrics of one kubelet in each pool; needs the right to get nodes/proxy")
	f.DurationVar(&o.timeout, "timeout", 0, "how long one cluster may take; 0 is as long as it takes")
	f.BoolVarP(&o.showPassed, "show-passed", "v", false, "show what passed too: exempt and documented findings, skipped rules")
	configFlag := configFlag(c)
	o.report.flags(c, "text", "json", "sarif", "junit", "csv", "html", "openreports")
	o.failOn = choiceFlag(c, "fail-on", "", "the mildest finding that makes the exit code 1",
		string(policy.Deny), string(policy.Warn), string(policy.Audit))
	complete(c, "kubeconfig", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	})
	complete(c, "context", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return (&clusterOptions{kubeconfig: o.kubeconfig}).contexts(), cobra.ShellCompDirectiveNoFileComp
	})
	complete(c, "rules", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return a.ruleIDs(), cobra.ShellCompDirectiveNoFileComp
	})
	complete(c, "namespace", cobra.NoFileCompletions)
	complete(c, "timeout", cobra.NoFileCompletions)
	c.PreRun = func(*cobra.Command, []string) { o.config = *configFlag }
	return c
}

func (a *app) ruleIDs() []string {
	var ids []string
	for i := range a.rules {
		ids = append(ids, string(a.rules[i].ID))
	}
	return ids
}

func (o *auditOptions) validate(a *app) error {
	if o.allContexts && len(o.contexts) > 0 {
		return usagef("--all-contexts and --context exclude each other")
	}
	for _, ns := range o.namespaces {
		if bad := validation.IsDNS1123Label(ns); bad != nil {
			return usagef("--namespace is %q: %s", ns, bad[0])
		}
	}
	for _, id := range o.rules {
		if _, ok := a.rule(policy.ID(id)); !ok {
			return usagef("--rules names %q: there is no such rule; `demarc rules` lists them", id)
		}
	}
	if o.timeout < 0 {
		return usagef("--timeout is %s: must not be negative", o.timeout)
	}
	return nil
}

func (a *app) runAudit(ctx context.Context, o auditOptions) error {
	if err := errors.Join(o.validate(a), o.report.load()); err != nil {
		return err
	}
	e, cfg, err := a.load(o.config)
	if err != nil {
		return err
	}
	a.warnExpired(o.config, cfg)
	if len(o.rules) > 0 {
		if e, err = a.only(cfg, o.rules); err != nil {
			return err
		}
	}
	clusters, err := o.clusters()
	if err != nil {
		return err
	}
	if len(clusters) > 1 && o.report.output.value == "openreports" {
		return usagef("-o openreports is for one cluster, whose objects they become: name one --context")
	}
	var reports []*report.Report
	for _, c := range clusters {
		r, err := a.auditOne(ctx, c, e, o)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r = failed(c.name, a.now(), err)
		}
		reports = append(reports, r)
	}
	r := report.Merge(reports...)
	r.Profile = a.profile
	for _, line := range r.Trouble() {
		fmt.Fprintln(a.stderr, "demarc: error: "+line)
	}
	r = a.compare(r, &o.report)
	if err := a.writeAudit(o.report.redacted(r), o); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return outcomeOf(r, policy.Mode(o.failOn.value))
}

// only makes an engine of the same configuration that asks some rules and no others.
func (a *app) only(cfg *v1alpha1.Configuration, ids []string) (*engine.Engine, error) {
	narrow := *cfg
	narrow.Rules = maps.Clone(cfg.Rules)
	if narrow.Rules == nil {
		narrow.Rules = map[policy.ID]v1alpha1.Rule{}
	}
	for i := range a.rules {
		if id := a.rules[i].ID; !slices.Contains(ids, string(id)) {
			off := narrow.Rules[id]
			off.Mode = policy.Off
			narrow.Rules[id] = off
		}
	}
	return engine.New(a.rules, a.profile, &narrow)
}

// auditedCluster is a cluster to audit.
type auditedCluster struct {
	name string
	cfg  *rest.Config
	err  error // why it can't be asked
}

// clusters finds what the flags name. A context that can't be used is a cluster that can't be audited; the others go on.
func (o *auditOptions) clusters() ([]auditedCluster, error) {
	names := o.contexts
	if o.allContexts {
		names = (&clusterOptions{kubeconfig: o.kubeconfig}).contexts()
	}
	if len(names) == 0 {
		which := clusterOptions{kubeconfig: o.kubeconfig}
		cfg, err := which.rest()
		if err != nil {
			return nil, err
		}
		return []auditedCluster{{name: which.name(cfg), cfg: cfg}}, nil
	}
	var list []auditedCluster
	seen := map[string]bool{}
	for _, name := range names {
		which := clusterOptions{kubeconfig: o.kubeconfig, context: name}
		cfg, err := which.rest()
		if err == nil && o.allContexts {
			if seen[cfg.Host] {
				continue // another user's context of the same cluster
			}
			seen[cfg.Host] = true
		}
		if !slices.ContainsFunc(list, func(c auditedCluster) bool { return c.name == name }) {
			list = append(list, auditedCluster{name, cfg, err})
		}
	}
	return list, nil
}

func (a *app) auditOne(ctx context.Context, c auditedCluster, e *engine.Engine, o auditOptions) (*report.Report, error) {
	if c.err != nil {
		return nil, c.err
	}
	if o.timeout > 0 {
		bounded, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("it took longer than %s", o.timeout))
		defer cancel()
		ctx = bounded
	}
	bar := a.progressBar(c.name)
	defer bar.erase()
	r, err := audit.Run(ctx, c.cfg, audit.Options{Name: c.name, Engine: e, Rules: a.rules, Profile: a.profile,
		Namespaces: o.namespaces, Posture: posture.New(a.profile), Wants: posture.Wants(), NodeMetrics: o.nodeMetrics,
		Attribute: attribute, Now: a.now, Progress: bar.show})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return r, err
}

// failed is the report of a cluster that could not be audited.
func failed(name string, now time.Time, err error) *report.Report {
	c := report.Cluster{Name: report.Clean(name), Started: now.UTC(), Kinds: []report.Kind{}, Error: strings.Join(report.ErrorLines(err), "; ")}
	return &report.Report{Clusters: []report.Cluster{c}}
}

func (a *app) writeAudit(r *report.Report, o auditOptions) error {
	done, err := a.format(r, &o.report)
	switch {
	case done:
	case o.report.output.value == "openreports":
		err = openreports.Write(a.stdout, r, openreports.Options{})
	default:
		t := a.terminal()
		return r.WriteText(a.stdout, report.TextOptions{Color: t.color, Width: t.width, Verbose: o.showPassed, Now: a.now()})
	}
	if err == nil && (o.showPassed || isTerminal(a.stderr)) {
		fmt.Fprintln(a.stderr, "demarc: "+r.Summary())
	}
	return err
}

// attribute says who last set a field of a live object.
func attribute(raw []byte, path *field.Path) *report.Change {
	c, ok := managedfields.Last(raw, path)
	if !ok {
		return nil
	}
	return report.ChangeFrom(*c)
}
