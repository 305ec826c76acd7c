// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/version"
)

// build is what `demarc version` prints.
type build struct {
	version.Info
	Profile string `json:"profile"`
	Rules   int    `json:"rules"`
	// FeatureGates is the range of Kubernetes versions whose feature gates are known.
	FeatureGates gateRange `json:"featureGates"`
}

type gateRange struct {
	Oldest string `json:"oldest"`
	Newest string `json:"newest"`
}

func (a *app) version() *cobra.Command {
	c := &cobra.Command{Use: "version", Short: "Print the version, and of what it knows", Args: noArguments}
	output := choiceFlag(c, "output", "o", "the format", "text", "json")
	c.RunE = func(*cobra.Command, []string) error {
		oldest, newest := featuregates.Known()
		b := build{
			Info: version.Get(), Profile: a.profile.Name, Rules: len(a.rules),
			FeatureGates: gateRange{oldest.String(), newest.String()},
		}
		if output.value == "json" {
			return writeJSON(a.stdout, b)
		}
		_, err := fmt.Fprintf(a.stdout, `demarc %s
  commit         %s
  built with     %s for %s
  profile        %s, %d rules
  feature gates  Kubernetes %s to %s
`, b.Version, b.Commit, b.Go, b.Platform, b.Profile, b.Rules, oldest, newest)
		return err
	}
	return c
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
