// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"bytes"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const host = "demarc.demarc-system.svc"

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func step(t *testing.T, s Store, now time.Time, p Policy, published ...[]byte) Store {
	t.Helper()
	next, err := s.Step(published, now, p)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// A life of four years, in steps of hours, with three replicas that take up the leaf late and API servers that take up
// the bundle late: at no moment does an API server meet a certificate that it can't verify.
func TestNoMomentWithoutTrust(t *testing.T) {
	p := DefaultPolicy(host)
	const lag = 90 * time.Second // shorter than Settle, longer than any tick
	var store Store
	type change struct {
		at     time.Time
		bundle []byte
		leaf   []byte
	}
	var history []change
	leaves, authorities := map[string]bool{}, map[string]bool{}
	now := began
	for now.Before(began.AddDate(4, 0, 0)) {
		var published [][]byte
		if len(history) > 0 {
			published = append(published, history[len(history)-1].bundle)
		}
		store = step(t, store, now, p, published...)
		c := change{now, store.Bundle(), store.Leaf.Cert}
		if len(history) == 0 || !bytes.Equal(c.bundle, history[len(history)-1].bundle) || !bytes.Equal(c.leaf, history[len(history)-1].leaf) {
			history = append(history, c)
		}
		leaves[string(store.Leaf.Cert)], authorities[string(store.Authority.Cert)] = true, true
		// Whatever was current within the lag may still be in use somewhere, in any combination.
		recent := 0
		for i := range history {
			if i == len(history)-1 || history[i+1].at.After(now.Add(-lag)) {
				recent = i
				break
			}
		}
		if history[0].at.Before(now.Add(-lag)) { // the first start has nothing before it
			for _, server := range history[recent:] {
				for _, replica := range history[recent:] {
					if !Verifies(replica.leaf, server.bundle, host, now) {
						t.Fatalf("at %s a leaf of %s meets a bundle of %s that does not trust it", now, replica.at, server.at)
					}
				}
			}
		}
		pause := 6 * time.Hour
		if len(store.Old) > 0 || !store.Next.empty() {
			pause = 10 * time.Second
		}
		now = now.Add(pause)
	}
	if len(leaves) < 16 || len(authorities) < 3 {
		t.Errorf("%d leaves and %d authorities in four years, want at least 16 and 3: nothing was rotated", len(leaves), len(authorities))
	}
}

// The next authority signs nothing before every API server is told to trust it.
func TestNextWaitsForItsPublication(t *testing.T) {
	p := DefaultPolicy(host)
	s := step(t, Store{}, began, p)
	late := began.Add(p.AuthorityLife * 2 / 3).Add(time.Hour)
	s = step(t, s, late, p, s.Bundle())
	if s.Next.empty() {
		t.Fatal("no next authority was made")
	}
	for name, published := range map[string][][]byte{
		"nowhere": nil, "one of two": {s.Bundle(), s.Authority.Cert},
	} {
		if got := step(t, s, late.Add(p.Settle), p, published...); got.Next.empty() {
			t.Errorf("published %s: it signs already", name)
		}
	}
	if got := step(t, s, late.Add(p.Settle/2), p, s.Bundle(), s.Bundle()); got.Next.empty() {
		t.Error("it signs before anybody had the time to see it")
	}
	got := step(t, s, late.Add(p.Settle), p, s.Bundle(), s.Bundle())
	if !got.Next.empty() || len(got.Old) == 0 || !Verifies(got.Leaf.Cert, s.Next.Cert, host, late.Add(p.Settle)) {
		t.Error("published everywhere and settled, it does not sign")
	}
}

func TestStepLeavesWhatIsGood(t *testing.T) {
	p := DefaultPolicy(host)
	s := step(t, Store{}, began, p)
	if again := step(t, s, began.Add(time.Hour), p, s.Bundle()); !bytes.Equal(again.Leaf.Cert, s.Leaf.Cert) {
		t.Error("a good leaf was replaced")
	}
	for name, spoil := range map[string]func(*Store){
		"leaf gone":        func(s *Store) { s.Leaf = Pair{} },
		"leaf garbled":     func(s *Store) { s.Leaf.Cert = []byte("x") },
		"key of another":   func(s *Store) { other, _ := newAuthority(began, time.Hour); s.Leaf.Key = other.Key },
		"authority gone":   func(s *Store) { s.Authority = Pair{} },
		"leaf of another":  func(s *Store) { other := step(t, Store{}, began, p); s.Leaf = other.Leaf },
		"for another host": func(s *Store) { s.Leaf, _ = newLeaf(s.Authority, []string{"other"}, began, p.LeafLife) },
	} {
		spoilt := s
		spoil(&spoilt)
		mended := step(t, spoilt, began.Add(time.Hour), p, s.Bundle())
		if !Verifies(mended.Leaf.Cert, mended.Bundle(), host, began.Add(time.Hour)) || bytes.Equal(mended.Leaf.Cert, s.Leaf.Cert) {
			t.Errorf("%s: it was not mended", name)
		}
	}
}

func TestSecretKeepsTheStore(t *testing.T) {
	p := DefaultPolicy(host)
	s := step(t, Store{}, began, p)
	secret := &corev1.Secret{Data: map[string][]byte{"note": []byte("kept"), nextCert: []byte("stale")}}
	s.Into(secret)
	if got := FromSecret(secret); !bytes.Equal(got.Leaf.Key, s.Leaf.Key) || !got.Since.Equal(s.Since) || !got.Next.empty() {
		t.Error("the store did not come back as it was")
	}
	if string(secret.Data["note"]) != "kept" {
		t.Error("what somebody else wrote is gone")
	}
}
