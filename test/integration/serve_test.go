// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/pkg/serve"
	"github.com/demarc-dev/demarc/test/certs"
	"github.com/demarc-dev/demarc/test/cluster"
)

// TestServe runs the whole process as `demarc serve` does: it becomes ready, refuses, follows its configuration, and
// stops cleanly.
func TestServe(t *testing.T) {
	dir, port, probes, metrics := t.TempDir(), freePort(t), freePort(t), freePort(t)
	ca, err := certs.Write(dir, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "demarc.yaml")
	configure := func(mode string) {
		t.Helper()
		content := "apiVersion: config.demarc.dev/v1alpha1\nkind: Configuration\nmode: " + mode + "\n"
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("Deny")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- serve.Run(ctx, rules.All(), provider.AKS(), serve.Options{
			REST: shared.Config, ConfigFile: file, ConfigInterval: 50 * time.Millisecond, Host: "127.0.0.1", Port: port, CertDir: dir,
			DrainDelay: 10 * time.Millisecond, MetricsAddress: address(metrics), ProbeAddress: address(probes), Logger: logr.Discard(),
		})
	}()
	defer cancel()
	eventually(t, func() bool { return get(probes, "/readyz") == http.StatusOK })
	client, err := kubernetes.NewForConfig(shared.Config)
	if err != nil {
		t.Fatal(err)
	}
	register(t, client, registration.Options{URL: "https://" + address(port), CABundle: ca})
	refused := func() bool {
		r := probe(object.Namespaces, "")
		r.SetLabels(map[string]string{"control-plane": "true"})
		_, err := objects(t, object.Namespaces, "", cluster.Tenant, "system:authenticated").
			Create(t.Context(), r, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil && !apierrors.IsForbidden(err) {
			t.Fatal(err)
		}
		return err != nil
	}
	eventually(t, refused)
	configure("Audit")
	eventually(t, func() bool { return !refused() })
	configure("Sometimes") // broken: the last good one stays
	eventually(t, func() bool { return strings.Contains(body(t, metrics, "/metrics"), "demarc_configuration_broken 1") })
	if refused() {
		t.Error("a broken file changed what is in force")
	}
	if text := body(t, metrics, "/metrics"); !strings.Contains(text, "demarc_unmatched_resources 0") {
		t.Error("some rule is blind on this server")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("serve ended with %v", err)
	}
}

func address(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

func get(port int, path string) int {
	r, err := http.Get(fmt.Sprintf("http://%s%s", address(port), path))
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	return r.StatusCode
}

func body(t *testing.T, port int, path string) string {
	t.Helper()
	r, err := http.Get(fmt.Sprintf("http://%s%s", address(port), path))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
