// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWaitsForACertificate(t *testing.T) {
	r := prepare(t, Options{CertInterval: time.Millisecond}, constant)
	r.start()
	eventually(t, func() bool { return !r.certificates.complaintFree() })
	if r.ReadyChecker()(nil) == nil || r.StartedChecker()(nil) == nil {
		t.Error("ready or started without a certificate")
	}
	r.ca.issue(r.options.CertDir)
	<-r.started
	if err := r.ReadyChecker()(nil); err != nil {
		t.Errorf("ready: %v", err)
	}
}

// complaintFree reports whether nothing has gone wrong yet.
func (c *certificates) complaintFree() bool { return c.complaints.next.Load() == 0 }

func TestRotationUnderLoad(t *testing.T) {
	const rotations, clients = 20, 4
	r := serve(t, Options{CertInterval: time.Millisecond}, constant)
	serials := make(chan int64)
	errs := make(chan error)
	done := make(chan struct{})
	for range clients {
		// Every request takes a new connection, so every one is a handshake.
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: r.tls("http/1.1"), DisableKeepAlives: true}}
		go func() {
			for {
				resp, err := client.Do(r.request(http.MethodPost, "/review", strings.NewReader("{}")))
				if err == nil {
					resp.Body.Close()
					if resp.StatusCode != http.StatusOK {
						err = fmt.Errorf("status %d", resp.StatusCode)
					}
				}
				if err != nil {
					select {
					case errs <- err:
					case <-done:
					}
					return
				}
				select {
				case serials <- resp.TLS.PeerCertificates[0].SerialNumber.Int64():
				case <-done:
					return
				}
			}
		}()
	}
	defer close(done)
	for range rotations {
		want := r.ca.issue(r.options.CertDir)
		for got := int64(0); got != want; {
			select {
			case got = <-serials:
			case err := <-errs:
				t.Fatal(err)
			}
		}
	}
	if got := r.metric("tls_handshake_errors_total"); got != 0 {
		t.Errorf("tls_handshake_errors_total: got %v, want 0", got)
	}
}

func TestBrokenPairLeavesTheLastGoodOne(t *testing.T) {
	now := time.Now()
	r := serve(t, Options{CertInterval: time.Hour}, constant)
	serial := func() int64 { return r.certificates.current.Load().Leaf.SerialNumber.Int64() }
	good := serial()
	chain, key, _ := r.ca.pair(now.Add(-time.Hour), now.Add(time.Hour))
	_, otherKey, _ := r.ca.pair(now.Add(-time.Hour), now.Add(time.Hour))
	expired, expiredKey, _ := r.ca.pair(now.Add(-2*time.Hour), now.Add(-time.Hour))
	future, futureKey, _ := r.ca.pair(now.Add(time.Hour), now.Add(2*time.Hour))
	broken := []struct {
		name       string
		chain, key []byte
	}{
		{"key of another", chain, otherKey},
		{"no certificate", nil, key},
		{"half a certificate", chain[:len(chain)/2], key},
		{"no key", chain, []byte("x")},
		{"expired", expired, expiredKey},
		{"not valid yet", future, futureKey},
	}
	for i, tc := range broken {
		publish(t, r.options.CertDir, tc.chain, tc.key)
		r.certificates.reload()
		if got := serial(); got != good {
			t.Errorf("%s: got certificate %d, want %d", tc.name, got, good)
		}
		if got := r.metric("certificate_reload_errors_total"); got != float64(i+1) {
			t.Errorf("%s: reload errors: got %v, want %d", tc.name, got, i+1)
		}
	}
	if got := r.post(r.client(), "{}"); got.code != 200 {
		t.Errorf("request: got %d, want 200", got.code)
	}
	if err := r.ReadyChecker()(nil); err != nil {
		t.Errorf("ready: %v", err)
	}

	want := r.ca.issue(r.options.CertDir)
	r.certificates.reload()
	r.certificates.reload()
	if got := serial(); got != want {
		t.Errorf("good pair: got certificate %d, want %d", got, want)
	}
	if got := r.metric("certificate_reload_errors_total"); got != float64(len(broken)) {
		t.Errorf("good pair: reload errors: got %v, want %d", got, len(broken))
	}
	if got, want := r.metric("certificate_not_after_seconds"), r.certificates.current.Load().Leaf.NotAfter.Unix(); got != float64(want) {
		t.Errorf("certificate_not_after_seconds: got %v, want %d", got, want)
	}
}

func TestChangedChainIsLoaded(t *testing.T) {
	r := serve(t, Options{CertInterval: time.Hour}, constant)
	chain, key, _ := r.ca.pair(time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	for i, want := range []int{1, 2} {
		publish(t, r.options.CertDir, append(chain, strings.Repeat(string(r.ca.bundle()), i)...), key)
		r.certificates.reload()
		if got := len(r.certificates.current.Load().Certificate); got != want {
			t.Errorf("certificates in the chain: got %d, want %d", got, want)
		}
	}
}

func TestReadinessOfTheCertificate(t *testing.T) {
	other := newAuthority(t)
	var bundle []byte
	r := serve(t, Options{CertInterval: time.Hour, ServerName: serverName, CABundle: func() []byte { return bundle }}, constant)
	for _, tc := range []struct {
		name   string
		bundle []byte
		at     time.Duration
		server string
		want   string // part of the error
	}{
		{name: "bundle not known"},
		{name: "right bundle", bundle: r.ca.bundle()},
		{name: "both bundles, as in a rotation", bundle: append(other.bundle(), r.ca.bundle()...)},
		{name: "other bundle", bundle: other.bundle(), want: "doesn't verify"},
		{name: "no bundle at all", bundle: []byte("x"), want: "holds no certificate"},
		{name: "expired", at: 2 * time.Hour, want: "expired"},
		{name: "not yet valid", at: -2 * time.Hour, want: "not valid before"},
		{name: "other name", server: "other.demarc-system.svc", want: "another name"},
	} {
		bundle = tc.bundle
		r.certificates.now = func() time.Time { return time.Now().Add(tc.at) }
		r.options.ServerName = serverName
		if tc.server != "" {
			r.options.ServerName = tc.server
		}
		err := r.ReadyChecker()(nil)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestNotReadyBeforeListening(t *testing.T) {
	r := prepare(t, Options{}, constant)
	r.ca.issue(r.options.CertDir)
	if err := r.certificates.load(); err != nil {
		t.Fatal(err)
	}
	if r.ReadyChecker()(nil) == nil {
		t.Error("ready with a certificate alone")
	}
}

func TestExpiredCertificateIsReplacedByAnything(t *testing.T) {
	now := time.Now()
	r := prepare(t, Options{CertInterval: time.Hour}, constant)
	for _, age := range []time.Duration{time.Hour, time.Minute} {
		chain, key, want := r.ca.pair(now.Add(-2*time.Hour), now.Add(-age))
		publish(t, r.options.CertDir, chain, key)
		r.certificates.reload()
		if got := r.certificates.current.Load(); got == nil || got.Leaf.SerialNumber.Int64() != want {
			t.Errorf("expired %s ago: not loaded", age)
		}
	}
	r.certificates.certPath = filepath.Join(t.TempDir(), "none")
	r.certificates.reload()
	if r.certificates.current.Load() == nil {
		t.Error("certificate lost with its file")
	}
}
