// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
)

// Start implements webhook.Server: it serves until ctx ends, then drains and returns once the last request is answered. No request's
// context descends from ctx. A manager gives all its runnables one grace period together: it must exceed DrainDelay and
// ShutdownTimeout.
func (s *Server) Start(ctx context.Context) error {
	if !s.begun.CompareAndSwap(false, true) {
		return errors.New("webhook server can't be started twice")
	}
	defer s.Drain()
	if s.options.Listener != nil {
		defer s.options.Listener.Close()
	}
	if err := s.certificates.wait(ctx, s.options.CertWait); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("load certificate: %w", err)
	}
	listener, err := s.listen(ctx)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}

	// Certificates go on being replaced while draining.
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go s.certificates.watch(watching)

	server := s.httpServer()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(tls.NewListener(listener, s.tlsConfig())) }()
	close(s.started)
	s.options.Logger.Info("serving webhooks", "address", listener.Addr().String())

	select {
	case err := <-failed:
		return fmt.Errorf("serve webhooks: %w", err)
	case <-ctx.Done():
	}
	return s.stop(server, failed)
}

// Drain fails readiness and asks clients to reconnect elsewhere, while everything is still served. Start does so when its context
// ends, but a manager ends that context only after its other runnables have stopped: call Drain when the process is told to stop.
func (s *Server) Drain() {
	s.drain.Do(func() {
		s.drained = s.now()
		close(s.draining)
		if isClosed(s.started) {
			s.options.Logger.Info("draining webhook server", "delay", s.options.DrainDelay.String())
		}
	})
}

// stop drains, then shuts the server down.
func (s *Server) stop(server *http.Server, failed <-chan error) error {
	s.Drain()
	select {
	case err := <-failed:
		return fmt.Errorf("serve webhooks: %w", err)
	case <-s.after(s.options.DrainDelay - s.now().Sub(s.drained)):
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.options.ShutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close() // the error that matters is the first
		return fmt.Errorf("shut webhook server down: %w", err)
	}
	return nil
}

func (s *Server) listen(ctx context.Context) (net.Listener, error) {
	listener := s.options.Listener
	if listener == nil {
		var config net.ListenConfig
		var err error
		listener, err = config.Listen(ctx, "tcp", net.JoinHostPort(s.options.Host, strconv.Itoa(s.options.Port)))
		if err != nil {
			return nil, err
		}
	}
	return &limitedListener{Listener: listener, count: &s.connections, handshakes: s.handshakes}, nil
}

// httpServer has no BaseContext, so that contexts of requests descend from none that ends. It has no ReadTimeout, which
// net/http counts from the handshake for the first request, as it does ReadHeaderTimeout: but the API server opens connections
// in reserve and uses them whenever it likes. A request itself is bounded in root.
func (s *Server) httpServer() *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:                      root{s},
		ReadHeaderTimeout:            s.options.IdleTimeout,
		WriteTimeout:                 s.options.WriteTimeout,
		IdleTimeout:                  s.options.IdleTimeout,
		MaxHeaderBytes:               s.options.MaxHeaderBytes,
		ErrorLog:                     newErrorLog(s.options.Logger, s.metrics.handshakeErrors),
		Protocols:                    &protocols,
		TLSNextProto:                 map[string]func(*http.Server, *tls.Conn, http.Handler){},
		DisableGeneralOptionsHandler: true,
	}
}

// tlsConfig offers HTTP/1.1 alone, all the API server uses for services, and no session tickets, which it doesn't keep.
func (s *Server) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion:             s.options.TLSMinVersion,
		NextProtos:             []string{"http/1.1"},
		GetCertificate:         s.certificate,
		SessionTicketsDisabled: true,
		// TLS 1.3 takes no notice of these.
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}
