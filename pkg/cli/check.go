// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/demarc-dev/demarc/pkg/cli/judge"
	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// checkOptions are the flags of `demarc check`.
type checkOptions struct {
	files, contextFiles              []string
	config, namespace, serverVersion string
	failOn                           *choice
	strict, showPassed               bool
	cluster                          clusterOptions
	report                           reportOptions
}

const checkHelp = `Check manifests and admission requests against the provider's support policy.

Files hold YAML or JSON, any number of documents in each. Directories are read with all .yaml, .yml and .json files below
them; directories whose names begin with a dot are left out, and so are symbolic links that lead elsewhere.

A manifest is judged as what it would make, without a user or an earlier state. An AdmissionReview document
(admission.k8s.io/v1) is judged as the request that it is, with its user, its operation and the old object.

What a document does not say of the cluster comes from --context-objects: the labels of Namespaces, Nodes, the objects
that subresources belong to, and those that resources in Azure lie in, as Azure Service Operator and Crossplane spell
them. With --cluster, what is not there is asked of a live cluster, read-only. Last come the checked documents: their
Namespaces, and what others of them lie in. Rules that lack a fact are skipped; -v names them.

With --baseline, findings that are in an earlier report count no more: only what is new is written and makes the exit
code. With --redact, the report has pseudonyms in place of what a customer calls things, for a support ticket; the
provider's own names stay.

Exit code: 0 if nothing was found, 1 for findings at --fail-on or above, 2 for bad input.`

func (a *app) check() *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check -f FILE|DIR|-...",
		Short: "Check manifests and admission requests",
		Long:  checkHelp,
		Example: `  demarc check -f deploy/
  helm template ./chart | demarc check -n shop -f -
  demarc check -f deploy/ -o sarif > demarc.sarif
  demarc check -f deploy/ -o html > demarc.html

  # From now on, only what is new
  demarc check -f deploy/ -o json > baseline.json
  demarc check -f deploy/ --baseline baseline.json

  # With what a cluster knows
  kubectl get namespaces,nodes -o yaml > cluster.yaml
  demarc check -f deploy/ --context-objects cluster.yaml --server-version v1.34.2
  demarc check -f deploy/ --cluster`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("files are named by -f: demarc check -f %s", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			return interruptible(c.Context(), func() error { return a.runCheck(c.Context(), o) })
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&o.files, "filename", "f", nil, "a `file`, a directory, or - for standard input; may be given again")
	f.StringArrayVar(&o.contextFiles, "context-objects", nil, "a `file` or directory of objects that are in the cluster; may be given again")
	f.StringVarP(&o.namespace, "namespace", "n", "default", "the `namespace` of documents that name none")
	f.StringVar(&o.serverVersion, "server-version", "", "the API server's `version`, such as v1.34.2")
	f.BoolVar(&o.strict, "strict", false, "documents that are no Kubernetes objects are bad input")
	f.BoolVarP(&o.showPassed, "show-passed", "v", false, "show what passed too: exempt and documented findings, skipped rules")
	o.cluster.flags(c)
	configFlag := configFlag(c)
	o.report.flags(c, "text", "json", "sarif", "junit", "csv", "github", "html")
	o.failOn = choiceFlag(c, "fail-on", "", "the mildest finding that makes the exit code 1",
		string(policy.Deny), string(policy.Warn), string(policy.Audit))
	for _, flag := range []string{"filename", "context-objects"} {
		complete(c, flag, yamlFiles)
	}
	complete(c, "namespace", cobra.NoFileCompletions)
	complete(c, "server-version", cobra.NoFileCompletions)
	c.PreRun = func(*cobra.Command, []string) { o.config = *configFlag }
	return c
}

var errInterrupted = errors.New("interrupted")

// interruptible returns when f does, or as soon as the context ends: reading from a terminal or a pipe can't be
// interrupted otherwise.
func interruptible(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return errInterrupted
		}
		return err
	case <-ctx.Done():
		return errInterrupted
	}
}

func (o *checkOptions) validate() error {
	if len(o.files) == 0 {
		return usagef("nothing to check: name a file, a directory or - by -f")
	}
	stdin := 0
	for _, path := range slices.Concat(o.files, o.contextFiles) {
		if path == manifest.Stdin {
			stdin++
		}
	}
	if stdin > 1 {
		return usagef("standard input can be read once only")
	}
	if o.serverVersion != "" {
		if _, ok := featuregates.ParseMinor(o.serverVersion); !ok {
			return usagef("--server-version is %q: must be a version of Kubernetes such as v1.34.2", o.serverVersion)
		}
	}
	return o.cluster.validate()
}

func (a *app) runCheck(ctx context.Context, o checkOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	if err := o.report.load(); err != nil {
		return err
	}
	engine, cfg, err := a.load(o.config)
	if err != nil {
		return err
	}
	a.warnExpired(o.config, cfg)
	surroundings := manifest.Read(o.contextFiles, a.stdin)
	contents := manifest.Read(o.files, a.stdin)
	j := judge.New(engine, judge.Options{Namespace: o.namespace, ServerVersion: o.serverVersion, Now: a.now(),
		NodeFacts: &a.profile.Facts})
	r := &report.Report{Profile: a.profile}
	j.Learn(r, surroundings.Documents)
	if o.cluster.ask {
		q, err := a.inquire(o.cluster)
		if err != nil {
			return err
		}
		if err := q.learn(ctx, j); err != nil {
			return err
		}
		j.Cluster = q.single(ctx)
	}
	j.LearnDocuments(contents.Documents)
	for _, d := range contents.Documents {
		j.Judge(r, d)
	}
	a.notes(r, o, surroundings, contents)
	for _, pending := range j.Pending {
		a.warn("%s", pending)
	}
	r = a.compare(r, &o.report)
	if err := a.write(o.report.redacted(r), o); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return outcomeOf(r, policy.Mode(o.failOn.value))
}

// notes tells of what could not be read and of what was passed over.
func (a *app) notes(r *report.Report, o checkOptions, all ...*manifest.Contents) {
	for _, c := range all {
		for _, n := range c.Problems {
			r.Problems = append(r.Problems, judge.Problem(n))
		}
		for _, n := range c.Skipped {
			if o.strict {
				r.Problems = append(r.Problems, judge.Problem(n))
				continue
			}
			a.warn("%s: skipped: %s", judge.Place(n.Place), n.Message)
		}
	}
	if contents := all[len(all)-1]; len(contents.Documents)+len(r.Problems) == 0 {
		n := manifest.Note{Message: "no Kubernetes object to check"}
		if len(o.files) == 1 && o.files[0] != manifest.Stdin {
			n.File = o.files[0]
		}
		if o.strict {
			r.Problems = append(r.Problems, judge.Problem(n))
		} else {
			a.warn("%s: %s", judge.Place(n.Place), n.Message)
		}
	}
	for _, line := range r.Trouble() {
		fmt.Fprintln(a.stderr, "demarc: error: "+line)
	}
}

func (a *app) write(r *report.Report, o checkOptions) error {
	if done, err := a.format(r, &o.report); done {
		return err
	}
	t := a.terminal()
	if err := r.WriteText(a.stdout, report.TextOptions{Color: t.color, Width: t.width, Verbose: o.showPassed}); err != nil {
		return err
	}
	if o.showPassed || isTerminal(a.stderr) {
		// An empty line keeps it apart from the findings where both end up on one screen.
		separator := ""
		if isTerminal(a.stdout) && len(r.Results) > 0 {
			separator = "\n"
		}
		fmt.Fprintln(a.stderr, separator+"demarc: "+r.Summary())
	}
	return nil
}

// outcomeOf is what the exit code says: input that was not judged weighs more than a finding.
func outcomeOf(r *report.Report, failOn policy.Mode) error {
	switch {
	case len(r.Trouble()) > 0:
		return errBadInput
	case r.Reaches(failOn):
		return errFindings
	}
	return nil
}
