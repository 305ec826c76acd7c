// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"bytes"
	"slices"
	"time"
)

// Policy says how long things live.
type Policy struct {
	// Hosts that the serving certificate is for; the first is the one that the API server asks for.
	Hosts []string
	// LeafLife and AuthorityLife are how long each is valid. They are replaced when a third of that is left.
	LeafLife, AuthorityLife time.Duration
	// Settle is how long to wait between the phases of a change of authority: every API server must have seen the
	// new bundle, and every replica the new certificate.
	Settle time.Duration
}

// DefaultPolicy is what a running webhook has: a leaf of 90 days, an authority of two years, two minutes between phases.
func DefaultPolicy(hosts ...string) Policy {
	const day = 24 * time.Hour
	return Policy{Hosts: hosts, LeafLife: 90 * day, AuthorityLife: 2 * 365 * day, Settle: 2 * time.Minute}
}

// Store is everything that is kept.
type Store struct {
	// Leaf is the serving certificate, signed by Authority.
	Leaf Pair
	// Authority signs; Next will, once every API server trusts it.
	Authority, Next Pair
	// Old is the certificate of the authority before, still trusted until every replica has left it.
	Old []byte
	// Since is when the phase began that Next or Old is a part of.
	Since time.Time
}

// Bundle is what the API servers must trust: the authority, the one to come and the one that was.
func (s Store) Bundle() []byte {
	return slices.Concat(s.Authority.Cert, s.Next.Cert, s.Old)
}

// Step returns what the store should become now, given what the API servers are told to trust. Often that is what it is.
//
// A change of authority takes three phases: Next is published beside Authority; when that is known everywhere, Next
// becomes Authority and signs a new leaf; when every replica serves that, the old one is no longer trusted.
func (s Store) Step(published [][]byte, now time.Time, p Policy) (Store, error) {
	if !s.Authority.usable(now) {
		// Nothing that could be kept: a first start, or a cluster that slept longer than the authority lived.
		authority, err := newAuthority(now, p.AuthorityLife)
		if err != nil {
			return s, err
		}
		return s.signed(Store{Authority: authority, Since: now}, now, p)
	}
	settled := !now.Before(s.Since.Add(p.Settle))
	switch {
	case len(s.Old) > 0 && settled:
		s.Old, s.Since = nil, now
	case s.Next.empty() && len(s.Old) == 0 && s.Authority.stale(now):
		next, err := newAuthority(now, p.AuthorityLife)
		if err != nil {
			return s, err
		}
		s.Next, s.Since = next, now
	case !s.Next.empty() && settled && trusted(published, s.Next.Cert):
		return s.signed(Store{Authority: s.Next, Old: s.Authority.Cert, Since: now}, now, p)
	}
	if !s.leafServes(now, p) {
		return s.signed(s, now, p)
	}
	return s, nil
}

// signed returns the store with a new leaf of its authority's.
func (s Store) signed(to Store, now time.Time, p Policy) (Store, error) {
	leaf, err := newLeaf(to.Authority, p.Hosts, now, p.LeafLife)
	if err != nil {
		return s, err
	}
	to.Leaf = leaf
	return to, nil
}

// leafServes says whether the leaf may go on: not stale, for the hosts asked for, signed by the authority. A leaf that
// ends with its authority is not stale before the authority is: it would only be replaced by one that ends as soon.
func (s Store) leafServes(now time.Time, p Policy) bool {
	leaf, err := s.Leaf.parse()
	if err != nil || !slices.Equal(leaf.Leaf.DNSNames, p.Hosts) || !Verifies(s.Leaf.Cert, s.Authority.Cert, p.Hosts[0], now) {
		return false
	}
	authority, err := s.Authority.parse()
	if err != nil {
		return false
	}
	return !s.Leaf.stale(now) || leaf.Leaf.NotAfter.Equal(authority.Leaf.NotAfter)
}

// trusted says whether every published bundle holds the certificate.
func trusted(published [][]byte, cert []byte) bool {
	return len(published) > 0 && !slices.ContainsFunc(published, func(bundle []byte) bool {
		return !bytes.Contains(bundle, bytes.TrimSpace(cert))
	})
}
