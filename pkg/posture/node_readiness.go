// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var nodeReadiness = policy.Rule{
	ID:    "node-readiness",
	Title: "node that is not ready, or cluster without one that is",
	Doc: policy.Doc{
		Why: "A cluster without a ready node and without a running machine is stopped by AKS after 30 days, and deallocating all " +
			"nodes by other means than `az aks stop` is not supported. A node that stays unready for long is one that AKS could not repair.",
		Fix: "Look at the node with `kubectl describe node`, and have AKS replace it with `az aks nodepool delete-machines`. Stop a " +
			"cluster that nobody needs with `az aks stop`.",
		Note: "Nodes come and go with upgrades and scaling, so ten minutes pass before one counts. There is one finding for each pool, " +
			"on the Node that is unready for the longest. Whether machines run does not show in the cluster.",
	},
	Clauses: []provider.ClauseID{"stopped-nodes"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Survey:  surveyNodeReadiness,
}

const (
	// patience is how long a node may be unready: it joins, restarts or is replaced.
	patience = 10 * time.Minute
	// stoppedAfterDays without a ready node, AKS stops the cluster.
	stoppedAfterDays = 30
)

func surveyNodeReadiness(s policy.State) []policy.Sighting {
	pools := poolsOf(s)
	if f := noneReady(pools, s.Now); f != nil {
		return []policy.Sighting{{Finding: *f}}
	}
	var found []policy.Sighting
	for _, p := range pools {
		lost := unready(p, s.Now)
		if len(lost) == 0 {
			continue
		}
		worst := lost[0]
		found = append(found, policy.Sighting{Object: worst.Subject, Finding: policy.Finding{
			Path: field.NewPath("status", "conditions").Key("Ready"),
			Message: fmt.Sprintf("must be True: it is %s since %s (not ready: %s: %s)",
				status(worst), readySince(worst).UTC().Format(time.RFC3339), p.share(len(lost)), few(names(lost))),
			Fix: repair(p, worst.Name)}})
	}
	return found
}

// noneReady speaks of a cluster whose nodes are all unready: the clock runs since the last one was lost.
func noneReady(pools []pool, now time.Time) *policy.Finding {
	all, last := 0, time.Time{}
	for _, p := range pools {
		lost := unready(p, now)
		if len(lost) < len(p.nodes) {
			return nil
		}
		all += len(lost)
		for _, n := range lost {
			if since := readySince(n); since.After(last) {
				last = since
			}
		}
	}
	if all == 0 {
		return nil
	}
	stops := last.AddDate(0, 0, stoppedAfterDays)
	return &policy.Finding{
		Message: fmt.Sprintf("must have a ready node: none of %d has been ready since %s, and AKS stops such a cluster after %d days (%s)",
			all, dayOf(last), stoppedAfterDays, dayOf(stops)),
		Fix:   "bring a node back with az aks nodepool scale or az aks nodepool upgrade --node-image-only, or run az aks stop",
		Doubt: "the clock runs only while no machine does, and that does not show in the cluster"}
}
