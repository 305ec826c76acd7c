// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/spf13/cobra"

	"github.com/demarc-dev/demarc/pkg/enforcer"
	"github.com/demarc-dev/demarc/pkg/version"
)

func (a *app) enforce() *cobra.Command {
	var kubeconfig, level string
	p := enforcer.Process{Patience: enforcer.DefaultPatience()}
	c := &cobra.Command{
		Use:   "enforce",
		Short: "Keep other people's webhooks away from managed namespaces where AKS doesn't",
		Long: `Keep other people's webhooks away from managed namespaces, for clusters without AKS's Admissions Enforcer.

It watches all ValidatingWebhookConfigurations and MutatingWebhookConfigurations, and adds to each namespaceSelector the terms
that AKS's Admissions Enforcer would add, by server-side apply under the field manager demarc-enforcer. It leaves alone what
carries admissions.enforcer/disabled: "true" as label or annotation, what --exempt names, AKS's own and demarc's own. Where
somebody sets its change back again and again it gives up for hours; where AKS's enforcer is at work it writes nothing.

By default it only says what it would write: in the log, by Events, and by the metric demarc_enforcer_pending.`,
		Example: `  demarc enforce --namespace demarc-system
  demarc enforce --namespace demarc-system --dry-run=false --exempt cert-manager-webhook`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			log, _, err := newLogger(level)
			if err != nil {
				return err
			}
			if p.Namespace == "" {
				return usagef("--namespace says where the Lease is kept: it is needed")
			}
			if p.REST, err = restConfig(kubeconfig); err != nil {
				return err
			}
			p.Logger = log
			v := version.Get()
			log.Info("starting", "version", v.Version, "commit", v.Commit)
			return enforcer.Run(c.Context(), a.profile, p)
		},
	}
	f := c.Flags()
	f.BoolVar(&p.DryRun, "dry-run", true, "only say what would be written")
	f.StringSliceVar(&p.Exempt, "exempt", nil, "`names` of configurations to leave alone, exact or ending in *")
	f.IntVar(&p.Patience.Reverts, "reverts", p.Patience.Reverts, "how often somebody may set a configuration back before it is left alone")
	f.DurationVar(&p.Patience.Within, "within", p.Patience.Within, "within which time")
	f.DurationVar(&p.Patience.Pause, "pause", p.Patience.Pause, "for how long it is left alone; twice as long each time, up to --longest-pause")
	f.DurationVar(&p.Patience.LongestPause, "longest-pause", p.Patience.LongestPause, "the longest time for which a configuration is left alone")
	f.StringVar(&p.Namespace, "namespace", "", "`namespace` of the Lease demarc-enforcer, by which one of several processes is chosen")
	f.StringVar(&p.MetricsAddress, "metrics-bind-address", "127.0.0.1:8080", "where metrics are served, without TLS; 0 for nowhere")
	f.StringVar(&p.ProbeAddress, "health-probe-bind-address", ":8081", "where /healthz and /readyz are served; 0 for nowhere")
	f.StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig `file`; without it the pod's own service account")
	f.StringVar(&level, "log-level", "info", "debug, info, warn or error")
	return c
}
