// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestCertificates lets years of rotations pass in minutes. A leaf of 180 s is replaced after 20 s, an authority of 240 s
// after 60 s: each is dated back by five minutes for slow clocks, and a third of its whole life must be left.
func TestCertificates(t *testing.T) {
	c := begin(t, 7, "Certificates replaced under load: 100 writes a second, failurePolicy Fail")
	short := "extraArgs={--certificate-life=180s,--authority-life=240s,--settle=10s,--guard-interval=2s}"
	uninstall(t) // what is stored lives long, and would go on doing so
	installed(t, short, failing)

	const rate, lasts = 100, 2 * time.Minute
	before := countCalls(t)
	handshakes, _ := metric(t, "demarc_webhook_tls_handshake_errors_total")
	seen := watchSecret(t)
	writes := startLoad(t, rate)
	time.Sleep(lasts)
	result := writes.stop(t, rate)
	leaves, authorities := seen()
	made := countCalls(t).minus(before)
	after, _ := metric(t, "demarc_webhook_tls_handshake_errors_total")

	c.check(t, leaves >= 4 && authorities >= 2, "The serving certificate and its authority are replaced again and again",
		"%d certificates of %d authorities in %.0f s", leaves, authorities, lasts.Seconds())
	c.check(t, len(result.failures) == 0, "No write fails", "%s", result)
	c.check(t, made.asked > 0 && made.failedOpen == 0 && made.failedClosed == 0, "The API server meets no certificate that it does not trust", "%s", made)
	c.check(t, after == handshakes, "No TLS handshake fails on demarc's side", "%.0f", after-handshakes)
	settled(t)
}

// watchSecret looks at the stored certificates every second; the function that it returns ends that and says how many
// different ones there were.
func watchSecret(t *testing.T) func() (leaves, authorities int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	seen := map[string]map[[32]byte]bool{"tls.crt": {}, "ca.crt": {}}
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if s, err := admin.CoreV1().Secrets(namespace).Get(ctx, "demarc-tls", metav1.GetOptions{}); err == nil {
				for key := range seen {
					seen[key][sha256.Sum256(s.Data[key])] = true
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}()
	return func() (int, int) {
		cancel()
		<-done
		return len(seen["tls.crt"]), len(seen["ca.crt"])
	}
}
