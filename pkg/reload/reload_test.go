// SPDX-License-Identifier: Apache-2.0

package reload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/provider"
)

const head = "apiVersion: config.demarc.dev/v1alpha1\nkind: Configuration\n"

type harness struct {
	Source
	used     []*engine.Engine
	lines    []string
	registry *prometheus.Registry
}

func newHarness(t *testing.T, content string) *harness {
	t.Helper()
	h := &harness{registry: prometheus.NewRegistry()}
	h.Source = Source{File: filepath.Join(t.TempDir(), "demarc.yaml"), Rules: catalogue.All(), Profile: provider.AKS(),
		Metrics: metrics.New(h.registry), Use: func(e *engine.Engine) { h.used = append(h.used, e) },
		Log: funcr.New(func(prefix, args string) { h.lines = append(h.lines, prefix+args) }, funcr.Options{})}
	h.write(t, content)
	return h
}

func (h *harness) write(t *testing.T, content string) {
	t.Helper()
	if err := os.WriteFile(h.File, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (h *harness) broken(t *testing.T) float64 {
	t.Helper()
	families, err := h.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "demarc_configuration_broken" {
			return f.Metric[0].Gauge.GetValue()
		}
	}
	t.Fatal("no gauge demarc_configuration_broken")
	return 0
}

func TestBrokenAtStartIsAnError(t *testing.T) {
	h := newHarness(t, head+"mode: Sometimes\n")
	if _, err := h.Load(time.Now()); err == nil || !strings.Contains(err.Error(), h.File) || !strings.Contains(err.Error(), "mode") {
		t.Errorf("got %v, want the file and the field named", err)
	}
}

func TestReload(t *testing.T) {
	h := newHarness(t, head)
	if _, err := h.Load(time.Now()); err != nil {
		t.Fatal(err)
	}
	h.refresh(time.Now())
	if len(h.used) != 0 {
		t.Error("an unchanged file was put in force again")
	}
	h.write(t, head+"mode: Audit\n")
	h.refresh(time.Now())
	if len(h.used) != 1 || h.broken(t) != 0 {
		t.Errorf("got %d engines in force, want one more", len(h.used))
	}
	h.write(t, head+"mode: Never\n")
	h.refresh(time.Now())
	if len(h.used) != 1 || h.broken(t) != 1 || !strings.Contains(strings.Join(h.lines, "\n"), "the last good one stays in force") {
		t.Errorf("a broken file must change nothing and be told of; log: %q", h.lines)
	}
	h.write(t, head+"mode: Audit\n")
	h.refresh(time.Now())
	if len(h.used) != 2 || h.broken(t) != 0 {
		t.Errorf("a mended file must come into force; got %d engines", len(h.used))
	}
}

func TestFileGoneKeepsTheLast(t *testing.T) {
	h := newHarness(t, head)
	if _, err := h.Load(time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(h.File); err != nil {
		t.Fatal(err)
	}
	h.refresh(time.Now())
	if len(h.used) != 0 || h.broken(t) != 1 {
		t.Errorf("got %d engines in force and broken %v", len(h.used), h.broken(t))
	}
}

func TestExpiredExemptionIsNamed(t *testing.T) {
	h := newHarness(t, head+`exemptions:
- {name: old, reason: test, rules: ["*"], match: {namespaces: [shop]}, expires: 2020-01-01T00:00:00Z}
- {name: good, reason: test, rules: ["*"], match: {namespaces: [shop]}, expires: 2999-01-01T00:00:00Z}
`)
	if _, err := h.Load(time.Now()); err != nil {
		t.Fatal(err)
	}
	log := strings.Join(h.lines, "\n")
	if !strings.Contains(log, `"exemption"="old"`) || strings.Contains(log, `"exemption"="good"`) {
		t.Errorf("the log must name the exemption that has run out, and no other: %s", log)
	}
}
