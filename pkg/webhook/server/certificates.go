// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

// certificates holds the pair in use and replaces it as the files change. A new pair that is broken, or outside its validity
// while the present one is not, leaves the present one in use.
type certificates struct {
	certPath, keyPath string
	interval          time.Duration
	logger            logr.Logger
	metrics           *metricSet
	now               func() time.Time
	complaints        sampler

	current atomic.Pointer[tls.Certificate]
	digest  [sha256.Size]byte // of the files behind current; only load touches it, and nobody calls load concurrently
}

func newCertificates(o Options, metrics *metricSet) *certificates {
	return &certificates{
		certPath:   filepath.Join(o.CertDir, o.CertName),
		keyPath:    filepath.Join(o.CertDir, o.KeyName),
		interval:   o.CertInterval,
		logger:     o.Logger,
		metrics:    metrics,
		now:        time.Now,
		complaints: sampler{every: time.Minute},
	}
}

// get is for tls.Config.GetCertificate.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if current := c.current.Load(); current != nil {
		return current, nil
	}
	return nil, errors.New("no certificate yet")
}

// load reads the files and puts the pair in use if it differs.
func (c *certificates) load() error {
	chain, err := os.ReadFile(c.certPath)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(c.keyPath)
	if err != nil {
		return err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%d\n%s%s", len(chain), chain, key)
	digest := [sha256.Size]byte(hash.Sum(nil))
	current := c.current.Load()
	if current != nil && digest == c.digest {
		return nil
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return err
	}
	if err := c.valid(&pair); err != nil && current != nil && c.valid(current) == nil {
		return err
	}
	c.current.Store(&pair)
	c.digest = digest
	c.metrics.notAfter.Set(float64(pair.Leaf.NotAfter.Unix()))
	c.logger.Info("loaded certificate", "serial", pair.Leaf.SerialNumber.String(), "notAfter", pair.Leaf.NotAfter)
	return nil
}

// valid reports whether the pair's time is now.
func (c *certificates) valid(pair *tls.Certificate) error {
	now := c.now()
	if now.Before(pair.Leaf.NotBefore) {
		return fmt.Errorf("certificate is not valid before %s", pair.Leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	if now.After(pair.Leaf.NotAfter) {
		return fmt.Errorf("certificate has expired at %s", pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// wait returns as soon as there is a pair, or with the last problem when ctx or the time is over.
func (c *certificates) wait(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	retry := time.NewTicker(min(c.interval, time.Second))
	defer retry.Stop()
	for {
		err := c.load()
		if err == nil {
			return nil
		}
		if _, ok := c.complaints.allow(time.Now()); ok {
			c.logger.Info("waiting for a certificate", "cause", err.Error())
		}
		select {
		case <-ctx.Done():
			return err
		case <-retry.C:
		}
	}
}

// watch loads again and again until ctx is done.
func (c *certificates) watch(ctx context.Context) {
	tick := time.NewTicker(c.interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.reload()
		}
	}
}

// reload loads, and counts and logs the failure.
func (c *certificates) reload() {
	err := c.load()
	if err == nil {
		return
	}
	c.metrics.reloadErrors.Inc()
	if held, ok := c.complaints.allow(time.Now()); ok {
		c.logger.Error(err, "reload certificate; the last good one stays in use", "withheld", held)
	}
}
