// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/report/html"
	"github.com/demarc-dev/demarc/pkg/version"
)

// reportOptions say how a report is written, and what of it counts.
type reportOptions struct {
	output       *choice
	baselineFile string
	redact       bool

	baseline *report.Baseline // nil without one
}

// flags adds the flags, for the formats that the command can write, the first of which is the default.
func (o *reportOptions) flags(c *cobra.Command, formats ...string) {
	o.output = choiceFlag(c, "output", "o", "the format", formats...)
	f := c.Flags()
	f.StringVar(&o.baselineFile, "baseline", "", "a `file` that an earlier run wrote with -o json: what is in there is known")
	f.BoolVar(&o.redact, "redact", false, "replace names, addresses and ids by pseudonyms")
	complete(c, "baseline", jsonFiles)
}

// load reads the baseline before any work is done.
func (o *reportOptions) load() error {
	if o.baselineFile == "" {
		return nil
	}
	f, err := os.Open(o.baselineFile)
	if err != nil {
		return fmt.Errorf("read the baseline: %w", err)
	}
	defer f.Close() //nolint:errcheck // it is read only
	if o.baseline, err = report.ReadBaseline(f); err != nil {
		return fmt.Errorf("read the baseline %s: %w", o.baselineFile, err)
	}
	return nil
}

// compare leaves of a report what is new since the baseline, and says what isn't.
func (a *app) compare(r *report.Report, o *reportOptions) *report.Report {
	if o.baseline == nil {
		return r
	}
	fresh, _, _ := r.Since(o.baseline)
	fmt.Fprintln(a.stderr, "demarc: "+fresh.Compared.String())
	return fresh
}

// redacted is what is written of a report.
func (o *reportOptions) redacted(r *report.Report) *report.Report {
	if o.redact {
		return r.Redact()
	}
	return r
}

// format writes a report for programs. It is false for the format that is for people.
func (a *app) format(r *report.Report, o *reportOptions) (bool, error) {
	w := a.stdout
	switch o.output.value {
	case "json":
		return true, r.WriteJSON(w)
	case "sarif":
		return true, r.WriteSARIF(w, version.Get().Version)
	case "github":
		return true, r.WriteGitHub(w)
	case "junit":
		return true, r.WriteJUnit(w)
	case "csv":
		return true, r.WriteCSV(w)
	case "html":
		return true, html.Write(w, r, html.Options{Version: version.Get().Version, Now: a.now()})
	}
	return false, nil
}

// jsonFiles completes the names of files and folders.
func jsonFiles(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{"json"}, cobra.ShellCompDirectiveFilterFileExt
}
