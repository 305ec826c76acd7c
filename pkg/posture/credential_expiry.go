// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"
	"time"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var credentialExpiry = policy.Rule{
	ID:    "credential-expiry",
	Title: "expired credential of the cluster's own at Azure",
	Doc: policy.Doc{
		Why: "A cluster with a service principal has a credential that runs out, by default after a year. From then on load balancers, " +
			"volumes and new nodes fail, one by one, and the reason stands in Events only.",
		Fix: "Renew it with `az aks update-credentials --reset-service-principal`, or change to a managed identity, which needs no renewal.",
		Note: "Only Events of components that act with the cluster's own credential count. The same words about an application's own " +
			"credential pass, and so does an Event older than a day.",
	},
	Clauses: []provider.ClauseID{"expired-credentials"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Survey:  surveyCredentialExpiry,
}

func surveyCredentialExpiry(s policy.State) []policy.Sighting {
	c := &s.Provider.Credentials
	var found []policy.Sighting
	for i := range c.Signs {
		if f := signSeen(c, &c.Signs[i], s); f != nil {
			found = append(found, policy.Sighting{Finding: *f})
		}
	}
	return found
}

// signSeen puts the Events of one sign together. It is as sure as the surest of them.
func signSeen(c *provider.Credentials, sign *provider.CredentialSign, s policy.State) *policy.Finding {
	count, sure, doubt := 0, false, ""
	var latest *policy.EventState
	for i := range s.Events {
		e := &s.Events[i]
		seen, ok := c.Sign(e.Message)
		if !ok || seen.Text != sign.Text || s.Now.Sub(e.Last) > time.Duration(c.FreshHours)*time.Hour {
			continue
		}
		r, ok := c.Reporter(e.Source, e.Reason, e.Message)
		if !ok {
			continue
		}
		count += int(max(e.Count, 1))
		if sure = sure || r.Doubt == ""; r.Doubt != "" {
			doubt = r.Doubt
		}
		if latest == nil || !e.Last.Before(latest.Last) {
			latest = e
		}
	}
	if latest == nil {
		return nil
	}
	if sure {
		doubt = ""
	}
	return &policy.Finding{
		Message: fmt.Sprintf("must be renewed: %s (%s in %d hours, the latest about %s, from %s)",
			sign.Means, counted(count, "Event"), c.FreshHours, about(latest.Subject), shown(latest.Source)),
		Fix: "run az aks update-credentials -g <group> -n <cluster> --reset-service-principal --service-principal <id> " +
			"--client-secret <secret>",
		Doubt: doubts(sign.Doubt, doubt)}
}

func about(o policy.Subject) string {
	name := o.Name
	if o.Namespace != "" {
		name = o.Namespace + "/" + o.Name
	}
	return shown(o.Resource.Kind) + " " + shown(name)
}
