// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/audit"
	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/posture"
)

func (a *app) upgradeCheck() *cobra.Command {
	var cluster clusterOptions
	var to string
	c := &cobra.Command{
		Use:   "upgrade-check --to 1.N",
		Short: "May this cluster be upgraded to a minor version of Kubernetes?",
		Long: `May this cluster be upgraded to a minor version of Kubernetes, and what would hold that up or break it?

It asks what the rule upgrade-readiness asks, with the version that you name: lost and stuck pods, nodes that failed or would be
too old, budgets that allow no disruption, operating systems and feature gates and alpha APIs that the version no longer has.
To that comes whether AKS offers the version today, which alpha APIs are in use at all, and which webhooks would keep new nodes or
AKS's own pods from starting.

The answer is one line, then the reasons with what to do. Nothing is changed in the cluster.

Exit code: 0 for yes, 1 for no, 2 for perhaps, for bad input and for a cluster that can't be asked.`,
		Example: `  demarc upgrade-check --to 1.35
  demarc upgrade-check --to 1.35 --context prod -o json`,
		Args: noArguments,
	}
	cluster.which(c)
	c.Flags().StringVar(&to, "to", "", "the minor `version` of Kubernetes to go to, such as 1.35")
	complete(c, "to", cobra.NoFileCompletions)
	output := choiceFlag(c, "output", "o", "the format", "text", "json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		minor, ok := featuregates.ParseMinor(to)
		if !ok {
			return usagef("--to is %q: must be a minor version of Kubernetes such as 1.35", to)
		}
		cfg, err := cluster.rest()
		if err != nil {
			return err
		}
		// Not left to itself as other commands are: it stops soon, and takes its progress bar away.
		w, err := a.askUpgrade(c.Context(), cfg, cluster.name(cfg), minor)
		if ctx := c.Context(); ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return errInterrupted
		}
		if err != nil {
			return err
		}
		return a.writeAnswer(w, output.value)
	}
	return c
}

// askUpgrade reads the cluster and collects the reasons.
func (a *app) askUpgrade(ctx context.Context, cfg *rest.Config, name string, to featuregates.Minor) (*answer, error) {
	bar := a.progressBar(name)
	defer bar.erase()
	state, unread, err := audit.Gather(ctx, cfg, audit.Options{Name: name, Profile: a.profile, Posture: posture.New(a.profile),
		Wants: posture.Wants(), Now: a.now, Progress: bar.show})
	if err != nil {
		return nil, err
	}
	bar.erase()
	s, err := a.readHooks(ctx, cfg, name)
	if err != nil {
		return nil, err
	}
	w := &answer{Question: fmt.Sprintf("May the cluster be upgraded to %s?", to), Cluster: name, Version: s.Version}
	w.Reasons = append(w.Reasons, offered(state, to)...)
	if server, ok := featuregates.ParseMinor(state.Cluster.ServerVersion); !ok || to > server {
		for _, sighting := range posture.UpgradeReadiness(state, to) {
			w.Reasons = append(w.Reasons, sightingReason(&sighting, "upgrade-readiness", upgradeShort(&sighting)))
		}
		w.Reasons = append(w.Reasons, alphaReasons(state)...)
		for i := range s.verdicts {
			v := &s.verdicts[i]
			if grave, short := a.upgradeWeight(s, v); grave != "" {
				w.Reasons = append(w.Reasons, verdictReason(v, grave, short))
			}
		}
	}
	for _, u := range unread {
		w.Unread = append(w.Unread, u.What+": "+u.Why)
	}
	for _, u := range s.Unread {
		w.Unread = append(w.Unread, unreadLine(u))
	}
	return w, nil
}

// upgradeShort is a sighting's part of the first line; all of it is told below.
func upgradeShort(s *policy.Sighting) string {
	if s.Object.Name == "" {
		must, _, _ := strings.Cut(s.Message, ":")
		return "the cluster " + must
	}
	name := s.Object.Name
	if s.Object.Namespace != "" {
		name = s.Object.Namespace + "/" + name
	}
	return s.Object.Resource.Kind + " " + name + " is in the way"
}

// offered says whether AKS has the version at all, and whether it is a step forward.
func offered(s policy.State, to featuregates.Minor) []reason {
	const class = "kubernetes-version"
	table := &s.Provider.KubernetesVersions
	if server, ok := featuregates.ParseMinor(s.Cluster.ServerVersion); ok && to <= server {
		short := fmt.Sprintf("the API server is %s already", server)
		return []reason{{Weight: against, Class: class, short: short, Message: "must be newer than the API server, which is " + server.String(),
			Fix: fmt.Sprintf("name a later version: --to %s", server+1)}}
	}
	version, known := table.Find(int(to))
	switch {
	case len(table.Versions) == 0:
		return nil
	case !known:
		return []reason{{Weight: unsure, Class: class, short: "the table of AKS's versions does not know " + to.String(),
			Message: fmt.Sprintf("must be a version that AKS offers: the table as of %s does not know %s", table.AsOf, to),
			Fix:     "look at az aks get-upgrades -g <group> -n <cluster>, or update demarc"}}
	case version.EndOfLife.Over(s.Now):
		return []reason{{Weight: unsure, Class: class, short: fmt.Sprintf("support of %s ended on %s", to, version.EndOfLife),
			Message: fmt.Sprintf("must be a supported version: support of %s ended on %s", to, version.EndOfLife),
			Fix:     "go on to a later version right after, or look whether long-term support covers it"}}
	case version.GA.IsZero() || !version.GA.Begun(s.Now):
		return []reason{{Weight: unsure, Class: class, short: to.String() + " is not generally available on AKS yet",
			Message: fmt.Sprintf("must be generally available for production: %s is not yet, by the table as of %s", to, table.AsOf),
			Fix:     "wait, or upgrade a cluster without production first"}}
	}
	return nil
}

// alphaReasons names alpha APIs that hold something: the next version may drop any of them.
func alphaReasons(s policy.State) []reason {
	var list []reason
	for _, u := range s.AlphaUse {
		if u.Objects == 0 {
			continue
		}
		count := fmt.Sprintf("%d objects", u.Objects)
		if u.Objects < 0 {
			count = "nobody knows how many objects"
		}
		list = append(list, reason{Weight: aside, Class: "alpha-use", Object: u.GVR.Resource + "." + u.GVR.Group + "/" + u.GVR.Version,
			Message: "Is alpha, which AKS does not support and any version may drop; in use: " + count,
			Fix:     "move the objects to a beta or stable version before the upgrade"})
	}
	return list
}

// upgradeWeight says what a verdict means for an upgrade, in which every node is replaced; empty if nothing.
func (a *app) upgradeWeight(s *hookState, v *admissionconfig.Verdict) (weight, string) {
	who := v.Configuration.Name
	switch v.Class {
	case admissionconfig.FailsClosedOnItself:
		return unsure, who + " may keep new nodes from joining once its pods are drained"
	case admissionconfig.FailClosedOnManagedNamespaces:
		return unsure, "AKS's own pods wait for " + who
	case admissionconfig.BackendMissing, admissionconfig.CABundle:
		if v.AtMost != policy.Audit && a.holdsUp(s, v) {
			return against, who + " can't be asked, and refuses"
		}
	case admissionconfig.ProviderGuardChanged:
		return aside, ""
	case admissionconfig.BlocksAzAKSStop, admissionconfig.ExternalURL, admissionconfig.OwnRegistrationChanged,
		admissionconfig.RewrittenByEnforcer, admissionconfig.NeedlessOptOut, admissionconfig.SlowOnHotResources:
	}
	return "", ""
}
