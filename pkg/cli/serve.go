// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/serve"
	"github.com/demarc-dev/demarc/pkg/version"
)

func newServeCommand() *cobra.Command {
	var o serve.Options
	var kubeconfig, level string
	var certificates, secret string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the admission webhook",
		Long: `Run the admission webhook.

It answers on /validate and /validate-managed, for the two registrations in config/webhook. The configuration file and
the certificate are read again when they change; a broken one leaves the last good one in force, and log and metrics
say so. Logs are JSON, one line for each finding.`,
		Example: `  demarc serve --cert-dir /etc/demarc/tls --config /etc/demarc/config.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, left, err := newLogger(level)
			if err != nil {
				return err
			}
			defer left.tell(log)
			defer repeat(time.Minute, func() { left.tell(log) })()
			switch certificates {
			case "builtin":
				o.CertificateSecret = secret
			case "files":
			default:
				return usagef("--certificates is %q: must be builtin or files", certificates)
			}
			if o.REST, err = restConfig(kubeconfig); err != nil {
				return err
			}
			o.Logger = log
			v := version.Get()
			log.Info("starting", "version", v.Version, "commit", v.Commit)
			return serve.Run(cmd.Context(), catalogue.All(), provider.AKS(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.ConfigFile, "config", "", "configuration `file`; without it every rule has its defaults")
	f.DurationVar(&o.ConfigInterval, "config-interval", 5*time.Second, "how often the configuration file is looked at")
	f.StringVar(&o.CertDir, "cert-dir", "/etc/demarc/tls", "`folder` with tls.crt and tls.key")
	f.StringVar(&o.Host, "host", "", "address to listen on (default all)")
	f.IntVar(&o.Port, "port", 9443, "port to listen on")
	f.DurationVar(&o.Timeout, "timeout", 3*time.Second, "timeoutSeconds of the registrations")
	f.DurationVar(&o.DrainDelay, "drain-delay", 10*time.Second, "how long requests are accepted after the signal to stop")
	f.BoolVar(&o.AllowTLS12, "allow-tls12", false, "accept TLS 1.2 besides 1.3, for FIPS set-ups")
	f.StringVar(&certificates, "certificates", "files", "who makes the serving certificate: `builtin` for demarc itself, files for somebody else")
	f.StringVar(&secret, "certificate-secret", "demarc-tls", "with builtin: the `Secret` that keeps it, in --namespace")
	f.StringVar(&o.RegistrationDir, "registration-dir", "", "`folder` with what the registrations should be, to watch over them; without it nobody does")
	f.DurationVar(&o.GuardInterval, "guard-interval", 10*time.Second, "how often the registrations are looked at")
	f.StringVar(&o.Namespace, "namespace", "", "`namespace` of demarc's Service and Secret")
	f.StringVar(&o.Service, "service", "demarc", "`Service` that the registrations call")
	f.DurationVar(&o.CanaryInterval, "canary-interval", 0, "how often the API server is asked, by dry run, whether requests are judged; 0 for never")
	f.DurationVar(&o.LeafLife, "certificate-life", 90*24*time.Hour, "with builtin: how long a serving certificate is valid")
	f.DurationVar(&o.AuthorityLife, "authority-life", 2*365*24*time.Hour, "with builtin: how long its authority is valid")
	f.DurationVar(&o.Settle, "settle", 2*time.Minute, "with builtin: how long each phase of a change of authority takes")
	f.StringVar(&o.MetricsAddress, "metrics-bind-address", "127.0.0.1:8080", "where metrics are served, without TLS; 0 for nowhere")
	f.StringVar(&o.ProbeAddress, "health-probe-bind-address", ":8081", "where /healthz and /readyz are served; 0 for nowhere")
	f.StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig `file`; without it the pod's own service account")
	f.StringVar(&level, "log-level", "info", "debug, info, warn or error")
	return cmd
}

// restConfig is how to reach the API server: a kubeconfig, else the pod's service account, else the user's default.
func restConfig(file string) (*rest.Config, error) {
	if file == "" {
		cfg, err := ctrl.GetConfig()
		if err != nil {
			return nil, fmt.Errorf("find the API server: %w", err)
		}
		return cfg, nil
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	return cfg, nil
}
