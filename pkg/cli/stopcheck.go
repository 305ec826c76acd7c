// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/admissionconfig/live"
)

func (a *app) stopCheck() *cobra.Command {
	var cluster clusterOptions
	c := &cobra.Command{
		Use:   "stop-check",
		Short: "May this cluster be stopped and started again?",
		Long: `May this cluster be stopped by az aks stop, and will it come back by az aks start?

AKS refuses to stop a cluster for webhooks that fail closed over what it manages meanwhile: nodes, leases, clusterroles, and any
wildcard. After a start no pod of a webhook runs: one that fails closed on what its own pods or the tunnel to the nodes need keeps
the cluster from coming back. A stop drains all nodes, so pods that nobody makes again are lost.

The answer is one line, then the reasons with what to do. Nothing is changed in the cluster. What does not show inside it is
not judged: private endpoints, for one, have to be made anew after a start.

Exit code: 0 for yes, 1 for no, 2 for perhaps, for bad input and for a cluster that can't be asked.`,
		Example: `  demarc stop-check
  demarc stop-check --context dev -o json`,
		Args: noArguments,
	}
	cluster.which(c)
	output := choiceFlag(c, "output", "o", "the format", "text", "json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return interruptible(c.Context(), func() error {
			cfg, err := cluster.rest()
			if err != nil {
				return err
			}
			w, err := a.askStop(c.Context(), cfg, cluster.name(cfg))
			if err != nil {
				return err
			}
			return a.writeAnswer(w, output.value)
		})
	}
	return c
}

// askStop reads the cluster and collects the reasons.
func (a *app) askStop(ctx context.Context, cfg *rest.Config, name string) (*answer, error) {
	s, err := a.readHooks(ctx, cfg, name)
	if err != nil {
		return nil, err
	}
	reader, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	drained, err := reader.Drained(ctx, &s.State)
	if err != nil {
		return nil, err
	}
	w := &answer{Question: "May the cluster be stopped and started again?", Cluster: name, Version: s.Version}
	for i := range s.verdicts {
		v := &s.verdicts[i]
		if grave, short := a.stopWeight(s, v); grave != "" {
			w.Reasons = append(w.Reasons, verdictReason(v, grave, short))
		}
	}
	w.Reasons = append(w.Reasons, drainReasons(drained)...)
	for _, u := range s.Unread {
		w.Unread = append(w.Unread, unreadLine(u))
	}
	return w, nil
}

// stopWeight says what a verdict means for a stop and a start; empty if nothing.
func (a *app) stopWeight(s *hookState, v *admissionconfig.Verdict) (weight, string) {
	who := v.Configuration.Name
	switch v.Class {
	case admissionconfig.BlocksAzAKSStop:
		return against, "az aks stop may be refused for " + who
	case admissionconfig.FailsClosedOnItself:
		return against, who + " may keep the cluster from coming back"
	case admissionconfig.FailClosedOnManagedNamespaces:
		return unsure, "AKS's own pods wait for " + who + " after a start"
	case admissionconfig.BackendMissing, admissionconfig.CABundle:
		if a.holdsUp(s, v) {
			return unsure, who + " can't be asked, and refuses"
		}
	case admissionconfig.ExternalURL, admissionconfig.ProviderGuardChanged, admissionconfig.OwnRegistrationChanged,
		admissionconfig.RewrittenByEnforcer, admissionconfig.NeedlessOptOut, admissionconfig.SlowOnHotResources:
	}
	return "", ""
}

// The sentences on draining and Node Auto-Provisioning follow AKS's page on stopping a cluster: articles/aks/start-stop-cluster.md.
func drainReasons(d *live.Drained) []reason {
	var list []reason
	if d.AutoProvisioned {
		list = append(list, reason{Weight: unsure, Class: "node-auto-provisioning", short: "AKS does not stop clusters with Node Auto-Provisioning",
			Message: "must not have Node Auto-Provisioning: the API group karpenter.azure.com is served",
			Fix:     "scale its node pools to 0 instead, or switch it off first: az aks update --node-provisioning-mode Manual",
			Doubt:   "a self-hosted Karpenter serves the same group"})
	}
	if len(d.Standalone) > 0 {
		list = append(list, reason{Weight: aside, Class: "standalone-pods",
			Message: fmt.Sprintf("Are lost with a stop, since nothing makes them again: %s", firstFew(d.Standalone, 5)),
			Fix:     "keep their manifests, or let a Deployment or Job make them"})
	}
	if len(d.Budgets) > 0 {
		list = append(list, reason{Weight: aside, Class: "disruption-budgets",
			Message: fmt.Sprintf("Allow no disruption now, so the drain takes longer: %s", firstFew(d.Budgets, 5)),
			Fix:     "scale the workloads up or relax the budgets before a stop"})
	}
	return list
}
