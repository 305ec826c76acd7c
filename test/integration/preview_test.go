// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/zapr"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/demarc-dev/demarc/pkg/cli/judge"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/preview"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/cluster"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// writesWhole is an audit policy that keeps the objects of every change and connection, as AKS's does for most kinds.
const writesWhole = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  resources:
  - {group: "", resources: [pods/exec, pods/attach, pods/portforward, pods/proxy, services/proxy, nodes/proxy]}
- level: None
  verbs: [get, list, watch]
- level: RequestResponse
`

// loggingAudits runs a cluster with an audit log in the place of the shared one, until the test ends.
func loggingAudits(t *testing.T) (auditLog string) {
	t.Helper()
	auditLog = filepath.Join(t.TempDir(), "audit.log")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{AuditLog: auditLog, AuditPolicy: writesWhole})
	if err != nil {
		t.Fatal(err)
	}
	before := shared
	shared = c
	t.Cleanup(func() {
		shared = before
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := prepare(ctx, c); err != nil {
		t.Fatal(err)
	}
	return auditLog
}

// stricter has every rule on Deny below that ceiling.
func stricter(ceiling policy.Mode) *v1alpha1.Configuration {
	cfg := strict()
	cfg.Mode = ceiling
	return cfg
}

// TestPreview sends every fixture to an API server that writes an audit log, with demarc under mode Audit. Nobody is
// refused or warned; and from what was recorded, in demarc's log and in the audit log, a preview of mode Deny says of
// each case what the engine says under it.
func TestPreview(t *testing.T) {
	auditLog := loggingAudits(t)
	decisions := &buffer{}
	(&installed{}).install(t, stricter(policy.Audit), zapr.NewLogger(zap.New(zapcore.NewCore(jsonLines(), decisions, zap.InfoLevel))))
	e := engineOf(t, stricter(policy.Deny))
	tail := tailOf(t, auditLog)
	tail()
	counts := map[string]int{}
	for _, c := range cases(t) {
		if c.AtRest() {
			continue // nobody asks demarc about these, so nothing is recorded
		}
		t.Run(c.ID(), func(t *testing.T) {
			decisions.take()
			if a := withSetUp(t, c); a.err != nil || len(ours(a.warnings)) > 0 {
				t.Fatalf("under mode Audit: got error %v and warnings %q", a.err, a.warnings)
			}
			want := outcomes(decide(t, e, c))
			events := tail()
			got, _ := previewOf(t, e, c, func(p *preview.Preview) error { return p.Decisions("log", bytes.NewReader(decisions.take())) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("from demarc's log (-engine +preview):\n%s", diff)
			}
			got, _ = previewOf(t, e, c, func(p *preview.Preview) error { return p.AuditLog("audit", bytes.NewReader(events)) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("from the audit log (-engine +preview):\n%s", diff)
			}
			counts[replayed(t, e, c, want, unannotated(t, events))]++
		})
	}
	t.Logf("without demarc's annotations: %v", counts)
	if sure := counts["same"]; sure < 3*(counts["unsure"]+counts["untold"]) {
		t.Errorf("a replay tells too little: %v", counts)
	}
}

// replayed compares what the objects alone tell, without demarc's annotations. They may tell less, but then the preview
// must say that it isn't sure; and never that something is refused for certain which is not.
func replayed(t *testing.T, e *engine.Engine, c fixtures.Case, want []string, events []byte) string {
	t.Helper()
	got, r := previewOf(t, e, c, func(p *preview.Preview) error { return p.AuditLog("audit", bytes.NewReader(events)) })
	for _, line := range got {
		if strings.HasPrefix(line, string(preview.Refused)) && !slices.Contains(want, line) {
			t.Errorf("a replay is certain of %q, the engine says %q", line, want)
		}
	}
	s := r.Sources[0]
	switch {
	case slices.Equal(want, got):
		return "same"
	case len(s.Untold) > 0 || len(s.Skipped) > 0:
		return "untold"
	case strings.Contains(strings.Join(got, " "), string(preview.Perhaps)):
		return "unsure"
	}
	t.Errorf("a replay says %q and has no doubt, the engine says %q", got, want)
	return "wrong"
}

// outcomes says how each rule speaks: "refused managed-component".
func outcomes(d engine.Decision) []string {
	var list []string
	for _, v := range d.Verdicts {
		switch v.Mode {
		case policy.Deny:
			list = append(list, string(preview.Refused)+" "+string(v.Rule.ID))
		case policy.Warn:
			list = append(list, string(preview.Warned)+" "+string(v.Rule.ID))
		case policy.Audit:
			list = append(list, string(preview.Recorded)+" "+string(v.Rule.ID))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// previewOf says the same of a preview, for the request of the case.
func previewOf(t *testing.T, e *engine.Engine, c fixtures.Case, read func(*preview.Preview) error) ([]string, *preview.Result) {
	t.Helper()
	var list []string
	p := preview.New(preview.Options{Engine: e, Rules: rules.All(), Profile: provider.AKS(), KeepExemptions: true, Now: time.Now(), DryRuns: true,
		Complete: surrounded(t, e).Complete,
		Each: func(_ preview.SourceKind, q preview.Request) {
			if q.User != c.Request.User {
				return
			}
			for i := range q.Verdicts {
				list = append(list, string(q.Verdicts[i].Outcome())+" "+string(q.Verdicts[i].Rule))
			}
		}})
	if err := read(p); err != nil {
		t.Fatal(err)
	}
	r := p.Result()
	for _, problem := range r.Problems {
		t.Errorf("%s:%d: %s", problem.File, problem.Line, problem.Message)
	}
	slices.Sort(list)
	return slices.Compact(list), r
}

// surrounded knows the cluster as --context-objects would tell of it.
func surrounded(t *testing.T, e *engine.Engine) *judge.Judge {
	t.Helper()
	docs, err := fixtures.Context()
	if err != nil {
		t.Fatal(err)
	}
	j := judge.New(e, judge.Options{ServerVersion: fixtures.DefaultVersion, Now: time.Now(), NodeFacts: &provider.AKS().Facts})
	r := &report.Report{}
	j.Learn(r, manifest.Read([]string{manifest.Stdin}, bytes.NewReader(bytes.Join(docs, []byte("\n---\n")))).Documents)
	if len(r.Problems) > 0 {
		t.Fatal(r.Problems)
	}
	return j
}

// unannotated takes demarc's annotations out of events, as if it had not been there.
func unannotated(t *testing.T, events []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for line := range bytes.Lines(events) {
		var e map[string]any
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if annotations, ok := e["annotations"].(map[string]any); ok {
			for key := range annotations {
				if strings.Contains(key, "demarc.dev/") {
					delete(annotations, key)
				}
			}
		}
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(raw, '\n'))
	}
	return out.Bytes()
}

// tailOf returns what a file grew by since the last call.
func tailOf(t *testing.T, path string) func() []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return func() []byte {
		raw, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
}

// jsonLines is how `demarc serve` writes its log.
func jsonLines() zapcore.Encoder {
	cfg := zap.NewProductionEncoderConfig()
	cfg.TimeKey, cfg.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	return zapcore.NewJSONEncoder(cfg)
}

// buffer collects what is written until somebody takes it.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) Sync() error { return nil }

func (b *buffer) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := bytes.Clone(b.text.Bytes())
	b.text.Reset()
	return text
}
