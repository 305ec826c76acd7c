// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"testing"
	"time"
)

// A phase that ends before every replica can serve what was signed in it would break the trust of some.
func TestSettleCoversTheReplicas(t *testing.T) {
	for _, c := range []struct {
		settle, interval time.Duration
		ok               bool
	}{{0, 10 * time.Second, true}, {2 * time.Minute, 10 * time.Second, true}, {22 * time.Second, 10 * time.Second, true},
		{21 * time.Second, 10 * time.Second, false}, {10 * time.Second, 2 * time.Second, true}} {
		o := Options{Settle: c.settle, GuardInterval: c.interval}
		if err := o.validate(); (err == nil) != c.ok {
			t.Errorf("settle %s, interval %s: %v", c.settle, c.interval, err)
		}
	}
}
