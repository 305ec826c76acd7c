// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
)

// TestLifecycle goes through the life of a release again and again, as an operator does who fails closed, while somebody
// writes to his own namespace all the time.
func TestLifecycle(t *testing.T) {
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv("DEMARC_E2E_ROUNDS")); err == nil {
		rounds = n
	}
	c := begin(t, 3, fmt.Sprintf("The life of a release, %d times: install, upgrade, rollback, uninstall", rounds))
	uninstall(t)
	// Helm makes the namespace and never takes it away: it is there before.
	if _, err := admin.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{}); err != nil {
		localAdmin.must(t, "create", "namespace", namespace)
	}
	before := everything(t)

	const rate = 20
	writes := startLoad(t, rate)
	asked := countCalls(t)
	took := map[string][]time.Duration{}
	step := func(name string, do func()) {
		t.Logf("after %s: %s", seconds(time.Since(writes.began)), name)
		began := time.Now()
		do()
		took[name] = append(took[name], time.Since(began))
	}
	for range rounds {
		step("install", func() { mustUpgrade(t) })
		step("upgrade to failing closed", func() { mustUpgrade(t, failing) })
		step("upgrade to another image and mode", func() { mustUpgrade(t, failing, denying, "image.tag="+nextTag) })
		step("rollback", func() { mustHelm(t, "rollback", release, "2", "--wait", "--timeout=3m") })
		if !isFailing(t) {
			t.Error("after the rollback the registration does not fail closed")
		}
		step("uninstall", func() { uninstall(t) })
	}
	asked = countCalls(t).minus(asked)
	result := writes.stop(t, rate)
	c.check(t, len(result.failures) == 0, "No write to a customer's namespace fails at any moment, with failurePolicy Fail", "%s", result)
	c.note(t, "What the API server asked meanwhile; open it fails while pods are not there yet, and then the policy is Ignore", "%s", asked)
	for _, name := range []string{"install", "upgrade to failing closed", "upgrade to another image and mode", "rollback", "uninstall"} {
		c.note(t, "`helm` "+name+" took", "%s", spread(took[name]))
	}

	var left []string
	for key := range everything(t) {
		if _, there := before[key]; !there {
			left = append(left, key)
		}
	}
	slices.Sort(left)
	c.check(t, len(left) == 0, "Nothing is left behind, of any kind", "%d objects: %s", len(left), cmp.Or(strings.Join(left, ", "), "none"))
}

func spread(list []time.Duration) string {
	if len(list) == 1 {
		return seconds(list[0])
	}
	return fmt.Sprintf("%.1f to %s", slices.Min(list).Seconds(), seconds(slices.Max(list)))
}

// everything lists every object of every kind that the API server has, but for what comes and goes by itself.
func everything(t *testing.T) map[string]bool {
	t.Helper()
	lists, err := admin.Discovery().ServerPreferredResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		t.Fatal(err)
	}
	client, err := metadata.NewForConfig(machine.Config)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.APIResources {
			if !slices.Contains(r.Verbs, "list") || r.Kind == "Event" || r.Kind == "Lease" {
				continue
			}
			objects, err := client.Resource(version.WithResource(r.Name)).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatalf("list %s: %v", r.Name, err)
			}
			for _, o := range objects.Items {
				// What is being written to all the time, and the coredns pods, are not ours.
				if o.Namespace != "shop" && o.Namespace != "kube-system" || strings.Contains(o.Name, "demarc") {
					found[fmt.Sprintf("%s %s/%s", r.Kind, o.Namespace, o.Name)] = true
				}
			}
		}
	}
	return found
}

func TestEmergencyOff(t *testing.T) {
	c := begin(t, 9, "Turned off in an emergency, and on again")
	installed(t, denying)
	waitFor(t, time.Minute, "CoreDNS is guarded", func() string { return lacks(scaleCoreDNS(t, localAdmin), "denied the request") })

	began := time.Now()
	localAdmin.must(t, "delete", "validatingwebhookconfigurations", customers, managed)
	off := waitFor(t, 30*time.Second, "nothing is judged", func() string {
		if output := scaleCoreDNS(t, localAdmin); strings.Contains(output, "demarc") {
			return output
		}
		return ""
	})
	c.check(t, off < 10*time.Second, "`kubectl delete validatingwebhookconfigurations demarc demarc-managed` turns it off within 10 s", "%s", seconds(off))
	c.note(t, "The command itself took", "%s", seconds(time.Since(began)-off))

	took := mustUpgrade(t, denying)
	on := waitFor(t, time.Minute, "CoreDNS is guarded again", func() string { return lacks(scaleCoreDNS(t, localAdmin), "denied the request") })
	c.check(t, on < 30*time.Second, "The same `helm upgrade` as before brings it back; judged within 30 s of it", "%s after %s", seconds(on), seconds(took))
	settled(t)
}
