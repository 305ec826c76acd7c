// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/zapr"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/demarc-dev/demarc/pkg/webhook"
)

// newLogger makes a JSON logger and puts the libraries on it. It is sampled: a flood of requests must not become a
// flood of lines. What it leaves out is counted.
func newLogger(level string) (logr.Logger, *leftOut, error) {
	l, err := zapcore.ParseLevel(level)
	if err != nil {
		return logr.Logger{}, nil, fmt.Errorf("--log-level: %w: must be debug, info, warn or error", err)
	}
	left := &leftOut{}
	cfg := zap.NewProductionConfig()
	cfg.Level = zap.NewAtomicLevelAt(l)
	cfg.EncoderConfig.TimeKey, cfg.EncoderConfig.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	cfg.Sampling = &zap.SamplingConfig{Initial: 200, Thereafter: 100, Hook: left.count}
	cfg.DisableCaller, cfg.DisableStacktrace = true, true
	z, err := cfg.Build()
	if err != nil {
		return logr.Logger{}, nil, fmt.Errorf("make logger: %w", err)
	}
	log := zapr.NewLogger(z)
	ctrl.SetLogger(log)
	klog.SetLogger(log.WithName("client-go"))
	return log, left, nil
}

// leftOut counts the lines that sampling left out of the log, so that whoever counts lines knows what is missing.
type leftOut struct{ findings, others atomic.Int64 }

func (l *leftOut) count(e zapcore.Entry, d zapcore.SamplingDecision) {
	switch {
	case d&zapcore.LogDropped == 0:
	case e.Message == webhook.FindingMessage:
		l.findings.Add(1)
	default:
		l.others.Add(1)
	}
}

// tell logs what was left out since it was told last.
func (l *leftOut) tell(log logr.Logger) {
	if findings, others := l.findings.Swap(0), l.others.Swap(0); findings+others > 0 {
		log.Info(webhook.LeftOutMessage, "findings", findings, "others", others)
	}
}

// repeat calls a function again and again until it is told to stop.
func repeat(interval time.Duration, f func()) (stop func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				f()
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}
