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
	// KubernetesVersions and NodeSystems say of when the calendars are that an audit judges by.
	KubernetesVersions calendar `json:"kubernetesVersions"`
	NodeSystems        calendar `json:"nodeSystems"`
}

// calendar is what is known of a table of dates.
type calendar struct {
	AsOf string `json:"asOf"`
	// Oldest and Newest are versions of Kubernetes; empty for a table of something else.
	Oldest string `json:"oldest,omitempty"`
	Newest string `json:"newest,omitempty"`
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
			FeatureGates:       gateRange{oldest.String(), newest.String()},
			KubernetesVersions: a.calendarOfVersions(), NodeSystems: calendar{AsOf: a.profile.NodeSystems.AsOf.String()},
		}
		if output.value == "json" {
			return writeJSON(a.stdout, b)
		}
		_, err := fmt.Fprintf(a.stdout, `demarc %s
  commit         %s
  built with     %s for %s
  profile        %s, %d rules
  feature gates  Kubernetes %s to %s
%s`, b.Version, b.Commit, b.Go, b.Platform, b.Profile, b.Rules, oldest, newest, b.calendars())
		return err
	}
	return c
}

func (a *app) calendarOfVersions() calendar {
	table := &a.profile.KubernetesVersions
	if len(table.Versions) == 0 {
		return calendar{}
	}
	oldest, newest := table.Known()
	return calendar{table.AsOf.String(), featuregates.Minor(oldest).String(), featuregates.Minor(newest).String()}
}

// calendars says of when the profile's tables are; nothing for a profile that has none.
func (b build) calendars() string {
	var text string
	if k := b.KubernetesVersions; k.AsOf != "" {
		text = fmt.Sprintf("  versions       Kubernetes %s to %s, as of %s\n", k.Oldest, k.Newest, k.AsOf)
	}
	if b.NodeSystems.AsOf != "" {
		text += fmt.Sprintf("  node systems   as of %s\n", b.NodeSystems.AsOf)
	}
	return text
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
