// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"sigs.k8s.io/controller-runtime/pkg/healthz"
)

// StartedChecker implements webhook.Server: healthy once the server listens, whatever happens later. Unlike controller-runtime's it
// doesn't connect to itself, which under load tells more of the load than of the server.
func (s *Server) StartedChecker() healthz.Checker {
	return func(*http.Request) error {
		if !isClosed(s.started) {
			return errors.New("webhook server has not been started yet")
		}
		return nil
	}
}

// ReadyChecker is healthy while the server should get requests: it serves, is not about to stop, and the certificate in use is one
// the API server accepts. For liveness healthz.Ping is right: nothing of this is mended by a restart.
func (s *Server) ReadyChecker() healthz.Checker {
	return func(*http.Request) error { return s.ready() }
}

func (s *Server) ready() error {
	if s.isDraining() {
		return errors.New("webhook server is stopping")
	}
	if !isClosed(s.started) {
		return errors.New("webhook server has not been started yet")
	}
	pair, err := s.certificates.get(nil)
	if err != nil {
		return err
	}
	if err := s.certificates.valid(pair); err != nil {
		return err
	}
	if name := s.options.ServerName; name != "" {
		if err := pair.Leaf.VerifyHostname(name); err != nil {
			return fmt.Errorf("certificate is for another name: %w", err)
		}
	}
	if s.options.CABundle == nil {
		return nil
	}
	return s.verify(pair.Leaf, pair.Certificate[1:], s.options.CABundle())
}

// verify checks that the API server, which knows bundle, accepts leaf.
func (s *Server) verify(leaf *x509.Certificate, chain [][]byte, bundle []byte) error {
	if len(bundle) == 0 {
		return nil
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return errors.New("CA bundle holds no certificate")
	}
	for _, raw := range chain {
		issuer, err := x509.ParseCertificate(raw)
		if err != nil {
			return fmt.Errorf("certificate chain: %w", err)
		}
		between.AddCert(issuer)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: between,
		CurrentTime:   s.certificates.now(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}); err != nil {
		return fmt.Errorf("certificate doesn't verify with the CA bundle: %w", err)
	}
	return nil
}

func (s *Server) isDraining() bool { return isClosed(s.draining) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
