// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/load"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/rig"
	"github.com/demarc-dev/demarc/test/certs"
	"github.com/demarc-dev/demarc/test/cluster"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// program is demarc as it runs in a cluster: in a process of its own, and with the memory limit that the chart sets.
type program struct {
	*process.Server
	ca     []byte
	loader load.Loader
}

// startProgram builds demarc and starts it on the shared cluster, refusing what its rules refuse by default.
func startProgram(t *testing.T) *program {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "demarc")
	build := exec.Command("go", "build", "-o", binary, "github.com/demarc-dev/demarc/cmd/demarc")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	p := &program{}
	var err error
	p.ca, err = certs.Write(dir, "127.0.0.1")
	must(t, err)
	kubeconfig, err := shared.Kubeconfig(cluster.LocalAdmin)
	must(t, err)
	file := filepath.Join(dir, "demarc.yaml")
	must(t, os.WriteFile(file, []byte("apiVersion: config.demarc.dev/v1alpha1\nkind: Configuration\nmode: Deny\n"), 0o600))
	p.Server, err = process.Start(t.Context(), "demarc", process.Options{CertDir: dir, Program: binary, Env: []string{process.MemoryLimit},
		Args: []string{"serve", "--kubeconfig", kubeconfig, "--config", file, "--host", "127.0.0.1", "--drain-delay", "1ms",
			"--metrics-bind-address", "0", "--health-probe-bind-address", "0"}})
	must(t, err)
	t.Cleanup(func() { must(t, p.Stop()) })
	p.loader, err = load.New(p.ca, load.Idle)
	must(t, err)
	t.Cleanup(p.loader.Close)
	return p
}

// refusal returns the review of something that is refused, with a member more in both objects.
func refusal(t *testing.T, member string) benchmark.Review {
	t.Helper()
	cases, err := fixtures.Load()
	must(t, err)
	for _, c := range cases {
		if c.ID() != "managed-component/fail/corefile-edited" {
			continue
		}
		raw, err := c.Review()
		must(t, err)
		body := string(raw)
		for _, name := range []string{`"object":{`, `"oldObject":{`} {
			if !strings.Contains(body, name) {
				t.Fatalf("no %s in the review", name)
			}
			body = strings.Replace(body, name, name+member+",", 1)
		}
		return benchmark.Review{Name: c.ID(), Body: []byte(body), UID: "00000000-0000-0000-0000-000000000001"}
	}
	t.Fatal("the fixture is gone")
	return benchmark.Review{}
}

// Size is no way round a rule: what is refused when small is refused when it is as large as it can be stored, and what is
// allowed stays allowed. One that is larger gets no verdict at all.
func TestSizes(t *testing.T) {
	p := startProgram(t)
	reviews := benchmark.Large()
	filler := func(letter string, n int) string { return fmt.Sprintf(`"filler":"%s"`, strings.Repeat(letter, n)) }
	deep := func(n int) string { return `"filler":` + strings.Repeat("[", n) + strings.Repeat("]", n) }
	var labels strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&labels, `"l%d":"",`, i)
	}
	for name, member := range map[string]string{
		"x": filler("x", 1_300_000), "<": filler(`\u003c`, 1_300_000), "control characters": filler(`\u0001`, 1_300_000),
		"members": `"filler":{` + strings.TrimSuffix(labels.String(), ",") + `}`, "depth": deep(9990),
	} {
		r := refusal(t, member)
		r.Name = "refused, much of " + name
		reviews = append(reviews, r)
	}
	for _, r := range reviews {
		began := time.Now()
		if _, err := p.loader.Send(t.Context(), p.Server, r, 1, 1); err != nil {
			t.Errorf("%s, %.1f MiB: %v", r.Name, float64(len(r.Body))/(1<<20), err)
		}
		t.Logf("%s, %.1f MiB: %s", r.Name, float64(len(r.Body))/(1<<20), time.Since(began).Round(time.Millisecond))
	}
	for name, member := range map[string]string{"21 MiB": filler("x", 11<<20), "deeper than an API server reads": deep(10_001)} {
		status, answer, err := p.loader.Post(t.Context(), p.Server, refusal(t, member).Body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if status < 400 || bytes.Contains(answer, []byte("uid")) {
			t.Errorf("%s: got %d %.200s, want a status outside 2xx and no verdict", name, status, answer)
		}
	}
}

// Many large ones at once are answered or turned away, within the memory that the container has.
func TestManyLarge(t *testing.T) {
	const together, limit = 32, 256 << 20
	p := startProgram(t)
	large := benchmark.Large()
	var counts [load.Unsent + 1]int
	var mu sync.Mutex
	for range 3 {
		var wg sync.WaitGroup
		for i := range together {
			wg.Go(func() {
				status, answer, err := p.loader.Post(t.Context(), p.Server, large[i%len(large)].Body)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Errorf("%s: %v", large[i%len(large)].Name, err)
				case status == 503:
					counts[load.Shed]++
				case status == 200:
					counts[load.Right]++
					if err := large[i%len(large)].Check(answer); err != nil {
						t.Error(err)
					}
				default:
					t.Errorf("%s: got %d %.200s", large[i%len(large)].Name, status, answer)
				}
			})
		}
		wg.Wait()
	}
	u, err := p.Usage()
	must(t, err)
	t.Logf("%d answered, %d turned away, peak %.0f MiB", counts[load.Right], counts[load.Shed], float64(u.Peak)/(1<<20))
	if counts[load.Right] == 0 || u.Peak > limit {
		t.Errorf("%d answered, peak %d MiB: want some, and %d MiB at most", counts[load.Right], u.Peak>>20, limit>>20)
	}
	if _, err := p.loader.Send(t.Context(), p.Server, benchmark.Pod, 1, 10); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// The largest objects that the API server takes are judged, in whichever form they were sent: it asks about them in JSON, in
// which they may be six times as large. One without an answer would be let through, and be counted.
func TestLargeThroughTheAPIServer(t *testing.T) {
	p := startProgram(t)
	admin, err := kubernetes.NewForConfig(shared.Config)
	must(t, err)
	register(t, admin, registration.Options{URL: p.URL(""), CABundle: p.ca})
	ask := func(form string, pod *corev1.Pod) error {
		config := rest.CopyConfig(shared.As(cluster.Tenant, "tenants"))
		config.ContentType, config.QPS = form, -1
		client, err := kubernetes.NewForConfig(config)
		must(t, err)
		_, err = client.CoreV1().Pods(pod.Namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: dryRun})
		return err
	}
	refused := func(form, filler string) bool {
		err := ask(form, scheduler(filler, "--feature-gates=AllAlpha=true"))
		if err != nil && !strings.Contains(err.Error(), "demarc") {
			t.Fatal(err)
		}
		return err != nil
	}
	eventually(t, func() bool { return refused(runtime.ContentTypeJSON, "") })
	before := failedOpen(t, admin)
	for _, form := range []string{runtime.ContentTypeJSON, runtime.ContentTypeProtobuf} {
		for _, letter := range []string{"x", "<", "\x01"} {
			n := 1_300_000
			if form == runtime.ContentTypeJSON && letter != "x" {
				n = 480_000 // a request has 3 MiB at most, six bytes of it for each of these
			}
			filler := strings.Repeat(letter, n)
			if !refused(form, filler) {
				t.Errorf("%s, %d of %q: let through, want it refused", form, n, letter)
			}
			if err := ask(form, scheduler(filler)); err != nil {
				t.Errorf("%s, %d of %q: got %v, want it allowed", form, n, letter, err)
			}
		}
	}
	if got := failedOpen(t, admin); got != before {
		t.Errorf("%d requests were let through for want of an answer", got-before)
	}
}

// scheduler is a pod that demarc has something against only for what its arguments ask for.
func scheduler(filler string, args ...string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "scheduler", Namespace: "shop"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{
		Name: "scheduler", Image: "registry.k8s.io/kube-scheduler:v1.36.3", Command: append([]string{"kube-scheduler"}, args...),
		Env: []corev1.EnvVar{{Name: "FILLER", Value: filler}},
	}}}}
}

func failedOpen(t *testing.T, client *kubernetes.Clientset) int {
	t.Helper()
	raw, err := client.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	must(t, err)
	return rig.Counted(raw, "apiserver_admission_webhook_fail_open_count", "demarc.dev")
}
