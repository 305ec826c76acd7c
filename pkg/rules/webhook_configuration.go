// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strconv"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var webhookConfiguration = policy.Rule{
	ID:      "webhook-configuration",
	Title:   "webhook that AKS rewrites, can't reach, or that keeps the cluster from coming back",
	Clauses: []provider.ClauseID{"webhook-scope", "webhook-reachability", "webhook-start-stop", "webhook-availability", "admissions-enforcer"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Doc: policy.Doc{
		Why: "AKS allows admission webhooks, and asks that they leave its own namespaces out. Its Admissions Enforcer appends terms to " +
			"each webhook's `namespaceSelector`, without a word, and whoever deploys from Git sees drift for ever. Its API server " +
			"calls webhooks inside the cluster only. A webhook that fails closed can refuse the nodes and pods that it needs itself " +
			"after a restart, and `az aks stop` may be refused for one that reaches nodes, leases or cluster roles.",
		Fix: "Commit the terms that AKS appends, narrow the rules to the resources that you need, and set `failurePolicy: Ignore` " +
			"where a webhook reaches what the cluster itself lives on. docs/webhooks.md has each kind of finding with its YAML.",
		Note: "The kind of each finding stands in brackets. AKS's own webhooks pass, and those of demarc as its chart renders them. " +
			"No webhook is asked about these objects, so manifests and live objects are judged, and no request.",
	},
	Match: policy.OnEach([]object.Resource{object.ValidatingWebhookConfigurations, object.MutatingWebhookConfigurations}, policy.AtRest),
	Check: checkWebhookConfiguration,
}

func checkWebhookConfiguration(in policy.Input) []policy.Finding {
	var hooks []*admissionconfig.Hook
	if c, ok := object.As[*admissionregistrationv1.ValidatingWebhookConfiguration](in.Object); ok {
		hooks = admissionconfig.FromValidating(c)
	} else if c, ok := object.As[*admissionregistrationv1.MutatingWebhookConfiguration](in.Object); ok {
		hooks = admissionconfig.FromMutating(c)
	}
	// One object tells nothing of what else is in the cluster: what is gone, and who serves it, is left to others.
	server := &admissionconfig.Server{}
	if in.Cluster != nil {
		server.Minor = minorOf(in.Cluster.ServerVersion)
	}
	var findings []policy.Finding
	for _, v := range admissionconfig.Judge(server, in.Provider, hooks, nil) {
		findings = append(findings, policy.Finding{
			Path: v.Path, Message: v.Message, Fix: v.Fix, Doubt: v.Doubt, AtMost: v.AtMost,
			Clause: webhookClauses[v.Class], Kind: string(v.Class), YAML: v.YAML})
	}
	return findings
}

// webhookClauses say which clause each class is about, so that a selector that AKS completes doesn't count as what takes
// a cluster out of support.
var webhookClauses = map[admissionconfig.Class]provider.ClauseID{
	admissionconfig.ProviderGuardChanged:          "webhook-scope",
	admissionconfig.OwnRegistrationChanged:        "admissions-enforcer",
	admissionconfig.FailsClosedOnItself:           "webhook-availability",
	admissionconfig.FailClosedOnManagedNamespaces: "webhook-scope",
	admissionconfig.BlocksAzAKSStop:               "webhook-start-stop",
	admissionconfig.ExternalURL:                   "webhook-reachability",
	admissionconfig.BackendMissing:                "webhook-availability",
	admissionconfig.CABundle:                      "webhook-availability",
	admissionconfig.RewrittenByEnforcer:           "admissions-enforcer",
	admissionconfig.NeedlessOptOut:                "admissions-enforcer",
	admissionconfig.SlowOnHotResources:            "webhook-availability",
}

// minorOf returns N of "v1.N.3", and 0 for what isn't a version.
func minorOf(version string) int {
	_, rest, _ := strings.Cut(version, ".")
	digits, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}
