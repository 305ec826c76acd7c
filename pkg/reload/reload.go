// SPDX-License-Identifier: Apache-2.0

// Package reload turns the configuration file into engines, and again whenever the file changes, for the processes that run
// in a cluster.
package reload

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"

	"github.com/demarc-dev/demarc/pkg/config"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Source turns the configuration file into engines. A file that is broken at start is an error; one that breaks later
// leaves the last good configuration in force, and says so until it is mended.
type Source struct {
	// File is the configuration; empty for the defaults.
	File    string
	Rules   []policy.Rule
	Profile *provider.Profile
	Metrics Metrics
	Log     logr.Logger
	// Use is given the engine of each further configuration.
	Use func(*engine.Engine)

	last []byte // as last read, good or not
}

// Metrics say what became of the file.
type Metrics interface {
	// Loaded records that a configuration came into force.
	Loaded(at time.Time)
	// Rejected records that a file was broken and the last good one stays.
	Rejected()
}

// Load reads the file and returns the engine that it asks for.
func (s *Source) Load(now time.Time) (*engine.Engine, error) {
	cfg := v1alpha1.Default()
	if s.File != "" {
		raw, err := os.ReadFile(s.File)
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
		s.last = raw
		if cfg, err = config.Parse(raw, s.Rules); err != nil {
			return nil, fmt.Errorf("%s: %w", s.File, err)
		}
	}
	e, err := engine.New(s.Rules, s.Profile, cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.File, err)
	}
	s.Metrics.Loaded(now)
	s.Log.Info("configuration in force", "file", s.File, "mode", cfg.Mode, "exemptions", len(cfg.Exemptions))
	s.warnExpired(cfg, now)
	return e, nil
}

// warnExpired names the exemptions that no longer apply. They stop nothing.
func (s *Source) warnExpired(cfg *v1alpha1.Configuration, now time.Time) {
	for _, x := range cfg.Exemptions {
		if x.Expires != nil && !now.Before(x.Expires.Time) {
			s.Log.Info("exemption has expired and no longer applies", "exemption", x.Name, "expired", x.Expires.UTC().Format(time.RFC3339))
		}
	}
}

// Follow looks at the file again and again. It compares contents, since a mounted ConfigMap changes by a swap of
// symbolic links that a watch on the file would miss.
func (s *Source) Follow(ctx context.Context, every time.Duration) error {
	if s.File == "" {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			s.refresh(now)
		}
	}
}

// refresh puts a changed file in force, or keeps what is in force.
func (s *Source) refresh(now time.Time) {
	raw, err := os.ReadFile(s.File)
	if err == nil && bytes.Equal(raw, s.last) {
		return
	}
	e, err := s.Load(now)
	if err != nil {
		s.Metrics.Rejected()
		s.Log.Error(err, "configuration rejected: the last good one stays in force", "file", s.File)
		return
	}
	s.Use(e)
}
