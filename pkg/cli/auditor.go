// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/demarc-dev/demarc/pkg/admissionwatch"
	"github.com/demarc-dev/demarc/pkg/audit"
	"github.com/demarc-dev/demarc/pkg/auditor"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/version"
)

// auditHere audits the cluster that demarc itself runs in, by the engine in force.
func (a *app) auditHere(ctx context.Context, cfg *rest.Config, e *engine.Engine) (*report.Report, error) {
	return audit.Run(ctx, cfg, audit.Options{Name: "in-cluster", Engine: e, Rules: a.rules, Profile: a.profile,
		Posture: posture.New(a.profile), Wants: posture.Wants(), Attribute: attribute, Now: a.now})
}

func (a *app) auditor() *cobra.Command {
	var o auditor.Options
	var kubeconfig, level string
	var watchWebhooks bool
	cmd := &cobra.Command{
		Use:   "auditor",
		Short: "Audit the cluster from inside, again and again",
		Long: `Audit the cluster from inside, again and again.

It audits at its start, every hour, whenever the configuration file changes, and whenever somebody asks:

  kubectl -n demarc-system annotate configmap demarc-audit demarc.dev/requested="$(date +%s)" --overwrite

Of several replicas one audits; a Lease says which. It reads what rules judge, a page at a time; of what it
audits it watches nothing. What it found it keeps as reports (openreports.io/v1alpha1, or wgpolicyk8s.io/v1alpha2 where only that is
installed), as metrics, and as Events on the provider's objects.

Beside that it watches webhook configurations, and tells within seconds what is wrong with a new or changed one.`,
		Example: `  demarc auditor --namespace demarc-system --config /etc/demarc/config.yaml`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Namespace == "" {
				return usagef("--namespace must say where the Lease and the ConfigMap demarc-audit are")
			}
			if o.Every < time.Minute {
				return usagef("--every is %s: must be 1m or more", o.Every)
			}
			var err error
			if o.Logger, _, err = newLogger(level); err != nil {
				return err
			}
			if o.REST, err = restConfig(kubeconfig); err != nil {
				return err
			}
			if o.Identity, err = os.Hostname(); err != nil {
				return fmt.Errorf("find a name for this replica: %w", err)
			}
			o.Audit = func(ctx context.Context, e *engine.Engine) (*report.Report, error) {
				return a.auditHere(ctx, o.REST, e)
			}
			if watchWebhooks {
				watch, err := a.webhookWatch(o)
				if err != nil {
					return err
				}
				o.Alongside = append(o.Alongside, watch)
			}
			v := version.Get()
			o.Logger.Info("starting", "version", v.Version, "commit", v.Commit)
			return auditor.Run(cmd.Context(), a.rules, a.profile, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.ConfigFile, "config", "", "configuration `file`; without it every rule has its defaults")
	f.DurationVar(&o.ConfigInterval, "config-interval", 5*time.Second, "how often the configuration file is looked at")
	f.StringVar(&o.Namespace, "namespace", "", "`namespace` of the Lease and of the ConfigMap demarc-audit")
	f.DurationVar(&o.Every, "every", time.Hour, "how often to audit, give or take a tenth")
	f.DurationVar(&o.Timeout, "timeout", 30*time.Minute, "how long an audit may take")
	f.BoolVar(&o.Events, "events", true, "tell of new findings on the provider's objects by Events")
	f.BoolVar(&watchWebhooks, "watch-webhooks", true, "judge webhook configurations within seconds of a change, and tell by metric and Event")
	f.StringVar(&o.Owner, "owner", "", "`ClusterRole` that owns the reports, so that they go with it")
	f.StringVar(&o.MetricsAddress, "metrics-bind-address", "127.0.0.1:8080", "where metrics are served, without TLS; 0 for nowhere")
	f.StringVar(&o.ProbeAddress, "health-probe-bind-address", ":8081", "where /healthz and /readyz are served; 0 for nowhere")
	f.StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig `file`; without it the pod's own service account")
	f.StringVar(&level, "log-level", "info", "debug, info, warn or error")
	return cmd
}

// webhookWatch watches other people's webhook configurations beside the audits.
func (a *app) webhookWatch(o auditor.Options) (*admissionwatch.Watch, error) {
	client, err := kubernetes.NewForConfig(o.REST)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	return admissionwatch.New(admissionwatch.Options{REST: o.REST, Client: client, Profile: a.profile,
		Metrics: admissionwatch.NewMetrics(crmetrics.Registry), Logger: o.Logger.WithName("webhooks")})
}
