// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	authority, err := Write(dir, "127.0.0.1", "demarc.demarc-system.svc")
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, CertFile), filepath.Join(dir, KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13}
	server.StartTLS()
	t.Cleanup(server.Close)

	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		t.Fatal("the authority is no certificate")
	}
	tests := []struct {
		host string
		want bool
	}{
		{"127.0.0.1", true},
		{"demarc.demarc-system.svc", true},
		{"other.demarc-system.svc", false},
	}
	for _, test := range tests {
		connection, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{RootCAs: pool, ServerName: test.host})
		if got := err == nil; got != test.want {
			t.Errorf("%s trusted: got %t (%v), want %t", test.host, got, err, test.want)
		}
		if err == nil {
			_ = connection.Close()
		}
	}
}

func TestWriteAgainRotates(t *testing.T) {
	dir := t.TempDir()
	first, err := Write(dir, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	second, err := Write(dir, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if string(first) == string(second) {
		t.Error("got the same authority twice, want a new one")
	}
	if _, err := tls.LoadX509KeyPair(filepath.Join(dir, CertFile), filepath.Join(dir, KeyFile)); err != nil {
		t.Errorf("certificate and key: %v", err)
	}
}

func TestWriteForNobody(t *testing.T) {
	if _, err := Write(t.TempDir()); err == nil {
		t.Error("got no error without a host")
	}
}
