// SPDX-License-Identifier: Apache-2.0

package serve

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
	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// source turns the configuration file into engines. A file that is broken at start is an error; one that breaks later
// leaves the last good configuration in force, and says so until it is mended.
type source struct {
	file    string
	rules   []policy.Rule
	profile *provider.Profile
	metrics *metrics.Metrics
	log     logr.Logger
	use     func(*engine.Engine)

	last []byte // as last read, good or not
}

// load reads the file and returns the engine that it asks for.
func (s *source) load(now time.Time) (*engine.Engine, error) {
	cfg := v1alpha1.Default()
	if s.file != "" {
		raw, err := os.ReadFile(s.file)
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
		s.last = raw
		if cfg, err = config.Parse(raw, s.rules); err != nil {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
	}
	e, err := engine.New(s.rules, s.profile, cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.file, err)
	}
	s.metrics.Loaded(now)
	s.log.Info("configuration in force", "file", s.file, "mode", cfg.Mode, "exemptions", len(cfg.Exemptions))
	s.warnExpired(cfg, now)
	return e, nil
}

// warnExpired names the exemptions that no longer apply. They stop nothing.
func (s *source) warnExpired(cfg *v1alpha1.Configuration, now time.Time) {
	for _, x := range cfg.Exemptions {
		if x.Expires != nil && !now.Before(x.Expires.Time) {
			s.log.Info("exemption has expired and no longer applies", "exemption", x.Name, "expired", x.Expires.UTC().Format(time.RFC3339))
		}
	}
}

// follow looks at the file again and again. It compares contents, since a mounted ConfigMap changes by a swap of
// symbolic links that a watch on the file would miss.
func (s *source) follow(ctx context.Context, every time.Duration) error {
	if s.file == "" {
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
func (s *source) refresh(now time.Time) {
	raw, err := os.ReadFile(s.file)
	if err == nil && bytes.Equal(raw, s.last) {
		return
	}
	e, err := s.load(now)
	if err != nil {
		s.metrics.Rejected()
		s.log.Error(err, "configuration rejected: the last good one stays in force", "file", s.file)
		return
	}
	s.use(e)
}
