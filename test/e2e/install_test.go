// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestInstall(t *testing.T) {
	c := begin(t, 1, "Installed from nothing")
	uninstall(t)
	localAdmin.must(t, "delete", "namespace", namespace, "--ignore-not-found", "--wait")

	c.check(t, mustRefuse(t, failing), "Failing closed before any pod is there is refused by the chart, with the way to do it", "refused")
	c.check(t, mustRefuse(t, "registration.managed.failurePolicy=Fail"), "Failing closed over AKS's own namespaces is refused by the chart", "refused")

	took := mustUpgrade(t)
	pods := demarcPods(t.Context())
	ready := 0
	for i := range pods {
		if isReady(&pods[i]) {
			ready++
		}
	}
	c.check(t, ready == replicas, "`helm install --wait` ends with every replica ready", "%d of %d ready after %s", ready, replicas, seconds(took))

	n := trusted(t, customers) + trusted(t, managed)
	c.check(t, n == 3, "Every webhook of both registrations has the CA bundle, which demarc made", "%d of 3", n)

	waited := settled(t)
	c.check(t, true, "Every pod finds both registrations as installed, and the canary judged", "%s after that", seconds(waited))
	warned := waitFor(t, 30*time.Second, "a first warning", func() string {
		return lacks(scaleCoreDNS(t, localAdmin), "demarc: managed-component")
	})
	c.check(t, true, "A change of CoreDNS is warned about", "%s after that", seconds(warned))
}

// trusted counts the webhooks of a registration that hold a CA bundle.
func trusted(t *testing.T, name string) (n int) {
	t.Helper()
	c, err := admin.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range c.Webhooks {
		if x509.NewCertPool().AppendCertsFromPEM(w.ClientConfig.CABundle) {
			n++
		}
	}
	return n
}

// mustRefuse says whether Helm refuses values.
func mustRefuse(t *testing.T, value string) bool {
	t.Helper()
	output, err := upgrade(t.Context(), value)
	t.Logf("helm with %s: %s", value, strings.TrimSpace(output))
	return err != nil
}

// scaleCoreDNS tries by a dry run to take CoreDNS away.
func scaleCoreDNS(t *testing.T, p person) string {
	t.Helper()
	output, _ := p.kubectl(t.Context(), "-n", "kube-system", "scale", "deployment", "coredns", "--replicas=0", "--dry-run=server")
	return output
}

func lacks(output, what string) string {
	if strings.Contains(output, what) {
		return ""
	}
	return fmt.Sprintf("no %q in: %s", what, output)
}

func TestHardening(t *testing.T) {
	c := begin(t, 10, "What a pod may do")
	installed(t)
	pod := demarcPods(t.Context())[0]
	pid := pidOf(t, pod.Name)
	s := status(t, pid)
	c.check(t, s["Uid"] == "65532 65532 65532 65532" && s["Gid"] == "65532 65532 65532 65532", "It runs as user 65532, which is nobody", "Uid %s, Gid %s", s["Uid"], s["Gid"])
	none := "0000000000000000"
	c.check(t, s["CapEff"] == none && s["CapPrm"] == none && s["CapBnd"] == none && s["CapAmb"] == none, "No capability, and none to be had",
		"CapEff %s, CapBnd %s", s["CapEff"], s["CapBnd"])
	c.check(t, s["NoNewPrivs"] == "1", "No new privileges", "NoNewPrivs %s", s["NoNewPrivs"])
	c.check(t, s["Seccomp"] == "2", "System calls are filtered", "Seccomp %s", s["Seccomp"])

	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
	if err != nil {
		t.Fatal(err)
	}
	var root string
	var writable []string
	for line := range strings.Lines(string(mounts)) {
		words := strings.Fields(line)
		point, options := words[4], words[5]
		switch {
		case point == "/":
			root = options
		case strings.HasPrefix(options, "rw") && !strings.HasPrefix(point, "/proc") && !strings.HasPrefix(point, "/dev") && !strings.HasPrefix(point, "/sys"):
			writable = append(writable, point)
		}
	}
	c.check(t, strings.HasPrefix(root, "ro"), "Its root is read-only", "mounted %s", root)
	slices.Sort(writable)
	c.check(t, slices.Equal(writable, []string{"/etc/demarc/tls", "/etc/hosts"}),
		"Mounted writable is only the memory for its certificate, beside the kubelet's /etc/hosts, which belongs to root", "%s", strings.Join(writable, ", "))
	c.check(t, !pod.Spec.HostNetwork && !pod.Spec.HostPID && !pod.Spec.HostIPC, "No namespace of the node's", "none")
}
