// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// telling is a request of the demo's story, and what must come of it.
type telling struct {
	title   string
	by      person
	command string
	input   string
	refused bool
	rule    string // whose word kubectl prints; empty for no word of demarc's at all
}

const (
	manifests = "../demo/manifests/"
	// dry makes a request that changes nothing: demarc judges it in the same way.
	dry = " --dry-run=server"
)

func warned() []telling {
	return []telling{
		{"A log agent in the team's own namespace", ada, "apply -f " + manifests + "log-agent.yaml" + dry, "", false, ""},
		{"A privileged DaemonSet in kube-system", ada, "apply -f " + manifests + "privileged-daemonset.yaml" + dry, "", false, "privileged-daemonset"},
		{"The same, as a workload where AKS lives", ada, "apply -f " + manifests + "privileged-daemonset.yaml" + dry, "", false, "managed-namespace-workload"},
	}
}

func refused() []telling {
	return []telling{
		{"The local admin scales CoreDNS to nothing", localAdmin, "scale -n kube-system deployment coredns --replicas=0", "", true, "managed-component"},
		{"AKS scales CoreDNS", provider, "scale -n kube-system deployment coredns --replicas=2", "", false, ""},
		{"Restarting a managed component, as documented", localAdmin, "rollout restart -n kube-system deployment coredns", "", false, ""},
		{"DNS forwarding, the way AKS documents it", platform, "apply --server-side -f " + manifests + "coredns-custom.yaml" + dry, "", false, ""},
		{"Making a system node by a label", platform, "label node aks-system1-12345678-vmss000000 kubernetes.azure.com/mode=user --overwrite" + dry, "", true, "node-system-metadata"},
		{"A label of one's own on the node", platform, "label node aks-system1-12345678-vmss000000 contoso.example/disk=fast" + dry, "", false, ""},
		{"A scheduler with an alpha gate on", platform, "apply -f " + manifests + "second-scheduler.yaml" + dry, "", true, "alpha-feature-gates"},
		{"A namespace with AKS's own mark on it", platform, "apply -f " + manifests + "namespace-with-mark.yaml" + dry, "", true, "provider-marks"},
		{"A tenant marks his own DaemonSet as exempt", ada, "apply -f " + manifests + "marked-daemonset.yaml" + dry, "", true, "exemption-mark"},
		{"The same mark set by an administrator", platform, "apply -f " + manifests + "marked-daemonset.yaml" + dry, "", false, ""},
	}
}

func (r telling) check(t *testing.T, c *chapter) {
	t.Helper()
	output, err := r.by.kubectlWith(t.Context(), r.input, strings.Fields(r.command)...)
	want, says := "accepted without a word", ""
	switch {
	case r.refused:
		want, says = "refused by "+r.rule, "\n"+r.rule+" "
	case r.rule != "":
		want, says = "warned by "+r.rule, "demarc: "+r.rule+":"
	}
	ok := (err != nil) == r.refused && strings.Contains(output, says) && (says != "" || !strings.Contains(output, "demarc"))
	if ok {
		c.check(t, true, r.title, "%s", want)
		return
	}
	c.check(t, false, r.title+": "+want, "%v: %s", err, strings.TrimSpace(output))
}

func TestStory(t *testing.T) {
	c := begin(t, 2, "The demo's story, through API server, Service, kube-proxy and pod")
	installed(t)
	for _, r := range warned() {
		r.check(t, c)
	}

	pods := demarcPods(t.Context())
	config, err := admin.CoreV1().ConfigMaps(namespace).Get(t.Context(), "demarc", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config.Data["demarc.yaml"] = "apiVersion: config.demarc.dev/v1alpha1\nkind: Configuration\nmode: Deny\n"
	if _, err := admin.CoreV1().ConfigMaps(namespace).Update(t.Context(), config, metav1.UpdateOptions{FieldManager: "helm"}); err != nil {
		t.Fatal(err)
	}
	// Every replica must have it: each is asked in turn, more or less, so many refusals in a row mean all.
	took := waitFor(t, 3*time.Minute, "the new configuration is in force", func() string {
		for range 8 {
			if missing := lacks(scaleCoreDNS(t, localAdmin), "denied the request"); missing != "" {
				return missing
			}
		}
		return ""
	})
	after := demarcPods(t.Context())
	same := len(after) == len(pods)
	for i := range after {
		same = same && i < len(pods) && after[i].UID == pods[i].UID && restarts(&after[i]) == restarts(&pods[i])
	}
	c.check(t, same && took < 2*time.Minute, "An edit of the ConfigMap takes effect in every pod within 2 minutes (the kubelet looks about once a minute), without a restart",
		"%s, restarted: %t", seconds(took), !same)

	for _, r := range refused() {
		r.check(t, c)
	}
	mark := fmt.Sprintf("demarc_verdicts_total{mode=%q,rule=%q}", "Deny", "managed-component")
	sum, _ := metric(t, mark)
	c.check(t, sum > 0, "What was refused is counted in the pods' metrics", "%s %.0f", mark, sum)
}
