// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var kubernetesVersion = policy.Rule{
	ID:    "kubernetes-version",
	Title: "version of Kubernetes out of support, or nodes too far from it",
	Doc: policy.Doc{
		Why: "AKS supports three minor versions, and gives 30 days to upgrade once one is removed. After that, support asks you to " +
			"upgrade first. Nodes may lag at most three minor versions behind the control plane.",
		Fix: "Upgrade one minor version at a time with `az aks upgrade`, or let an auto-upgrade channel do it.",
		Note: "The days come from AKS's calendar as it stood when this version of demarc was made; a day that was still ahead then is " +
			"in doubt, and a version that the table does not know is only noted. Whether a cluster has long-term support does not " +
			"show inside it, so while that would last the finding is in doubt.",
	},
	Clauses: []provider.ClauseID{"kubernetes-versions"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Survey:  surveyKubernetesVersion,
}

func surveyKubernetesVersion(s policy.State) []policy.Sighting {
	server, ok := featuregates.ParseMinor(s.Cluster.ServerVersion)
	table := &s.Provider.KubernetesVersions
	if !ok || len(table.Versions) == 0 {
		return nil
	}
	var found []policy.Sighting
	if f := judgeVersion(table, server, s); f != nil {
		found = append(found, policy.Sighting{Finding: *f})
	}
	return append(found, skewed(table, server, s)...)
}

func judgeVersion(table *provider.KubernetesVersions, server featuregates.Minor, s policy.State) *policy.Finding {
	oldest, newest := table.Known()
	version, known := table.Find(int(server))
	switch {
	case int(server) > newest:
		return &policy.Finding{
			Message: fmt.Sprintf("can't be judged: the server is %s, and the table knows up to 1.%d as of %s", server, newest, table.AsOf),
			Fix:     "update demarc, and look at az aks get-versions --location <region>",
			Doubt:   "the version is newer than the table", AtMost: policy.Audit}
	case !known:
		return &policy.Finding{
			Message: fmt.Sprintf("must be a supported version: the server is %s, and even 1.%d ended on %s",
				server, oldest, table.Versions[0].EndOfLife),
			Fix: upgradeCluster(table, server, s)}
	case version.EndOfLife.Over(s.Now):
		return ended(table, version, server, s)
	case !version.GA.IsZero() && !version.GA.Begun(s.Now):
		return &policy.Finding{
			Message: fmt.Sprintf("should carry no production yet: %s is a preview on AKS until %s", server, version.GA.Format("2006-01")),
			Fix:     "keep production on a version that is generally available",
			Doubt:   planned(table.Table, version.GA), AtMost: policy.Audit}
	case soon(version.EndOfLife.PlusDays(1), s.Now, table.NoticeDays):
		return &policy.Finding{
			Message: fmt.Sprintf("must be upgraded by %s, when support of %s ends", version.EndOfLife, server),
			Fix:     upgradeCluster(table, server, s), Doubt: planned(table.Table, version.EndOfLife), AtMost: policy.Audit}
	}
	return nil
}

func ended(table *provider.KubernetesVersions, v provider.KubernetesVersion, server featuregates.Minor, s policy.State) *policy.Finding {
	f := &policy.Finding{
		Message: fmt.Sprintf("must be a supported version: support of %s ended on %s", server, v.EndOfLife),
		Fix:     upgradeCluster(table, server, s), Doubt: planned(table.Table, v.EndOfLife)}
	if grace := v.EndOfLife.PlusDays(table.GraceDays); !grace.Over(s.Now) {
		f.Message += fmt.Sprintf(", and AKS expects the upgrade by %s", grace)
	}
	if !v.LTSEndOfLife.IsZero() && !v.LTSEndOfLife.Over(s.Now) {
		f.Doubt = doubts(f.Doubt, fmt.Sprintf("with long-term support it lasts until %s, and whether the cluster has that does not show in it",
			v.LTSEndOfLife))
	}
	return f
}

// upgradeCluster is the command to the next version that is supported.
func upgradeCluster(table *provider.KubernetesVersions, server featuregates.Minor, s policy.State) string {
	to := "<version>"
	for _, v := range table.Versions {
		if v.Minor() > int(server) && v.GA.Begun(s.Now) && !v.EndOfLife.Over(s.Now) {
			to = v.Version
			break
		}
	}
	return "run az aks upgrade -g <group> -n <cluster> --kubernetes-version " + to
}
