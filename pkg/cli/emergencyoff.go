// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/registration"
)

func (a *app) emergencyOff() *cobra.Command {
	var cluster clusterOptions
	var yes, dryRun bool
	c := &cobra.Command{
		Use:   "emergency-off",
		Short: "Turn demarc off in a cluster, at once and for everybody",
		Long: `Turn demarc off in a cluster, at once and for everybody.

It deletes demarc's two registrations, so that the API server asks demarc nothing any more. Pods, configuration and
everything else stay. Without this program, the same is done by

  kubectl delete validatingwebhookconfigurations demarc demarc-managed

Install demarc again in the way that you installed it to turn it on: helm upgrade, or a sync of your GitOps tool. That tool may do
so by itself within minutes; suspend it first where demarc must stay off.`,
		Example: `  demarc emergency-off
  demarc emergency-off --context production --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := cluster.rest()
			if err != nil {
				return err
			}
			name := cluster.name(cfg)
			if !yes && !dryRun {
				if err := a.confirm(name); err != nil {
					return err
				}
			}
			return a.turnOff(c.Context(), cfg, name, dryRun)
		},
	}
	cluster.which(c)
	f := c.Flags()
	f.BoolVarP(&yes, "yes", "y", false, "do not ask")
	f.BoolVar(&dryRun, "dry-run", false, "only say what would be deleted")
	return c
}

// confirm asks whether it is meant.
func (a *app) confirm(cluster string) error {
	fmt.Fprintf(a.stderr, "Turn demarc off in %s? Nothing will be judged there until it is installed again. Type yes: ", cluster)
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if strings.TrimSpace(answer) == "yes" {
		return nil
	}
	if err != nil && answer == "" {
		fmt.Fprintln(a.stderr)
		return usagef("nobody is there to ask: give --yes")
	}
	return errors.New("nothing was done")
}

func (a *app) turnOff(ctx context.Context, cfg *rest.Config, cluster string, dryRun bool) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("reach the cluster: %w", err)
	}
	options, done := metav1.DeleteOptions{}, "deleted"
	if dryRun {
		options.DryRun, done = []string{metav1.DryRunAll}, "would be deleted"
	}
	var errs []error
	for _, name := range []string{registration.Customers, registration.Managed} {
		err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(ctx, name, options)
		switch {
		case err == nil:
			fmt.Fprintf(a.stdout, "validatingwebhookconfiguration %s %s\n", name, done)
		case apierrors.IsNotFound(err):
			fmt.Fprintf(a.stdout, "validatingwebhookconfiguration %s is not there\n", name)
		default:
			errs = append(errs, fmt.Errorf("delete validatingwebhookconfiguration %s: %w", name, err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if !dryRun {
		fmt.Fprintf(a.stdout, "demarc is off in %s. To turn it on again, install it again: helm upgrade, or a sync of your GitOps tool.\n", cluster)
	}
	return nil
}
