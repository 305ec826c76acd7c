// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

// Options configure a Server. The zero value of a field means its default.
type Options struct {
	// Host and Port are where to listen: by default all addresses, port 9443.
	Host string
	Port int
	// Listener, if set, is served instead of Host and Port.
	Listener net.Listener

	// CertDir holds the serving certificate chain and its key, as PEM, in CertName and KeyName ("tls.crt" and "tls.key").
	CertDir, CertName, KeyName string
	// CertInterval is how often the files are read again, 10 s by default. Reading is preferred to being notified: inotify
	// instances are few on a node, and a Secret takes about a minute to reach the files anyway.
	CertInterval time.Duration
	// CertWait is how long Start waits for a first usable pair, 2 min by default.
	CertWait time.Duration
	// TLSMinVersion is TLS 1.3 by default; TLS 1.2 is the only other choice.
	TLSMinVersion uint16
	// CABundle, if set, returns the PEM bundle the API server verifies this server with; readiness then requires that the
	// certificate in use verifies with it. An empty bundle means that it isn't known, and is not held against the server.
	CABundle func() []byte
	// ServerName, if set, is the name the certificate must be valid for to be ready: <service>.<namespace>.svc.
	ServerName string

	// MaxBody is the size of the largest body accepted, 20 MiB by default. A storable object grows up to sixfold in JSON,
	// and an update carries it twice.
	MaxBody int64
	// ByteBudget limits the memory held by the bodies of all requests together, 48 MiB by default.
	ByteBudget int64
	// MaxInFlight limits the requests whose handler runs, 256 by default.
	MaxInFlight int
	// MaxConnections limits open connections, idle ones included, 2048 by default: each takes about 45 KB. Of one remote
	// address there may be MaxConnectionsPerAddress, three quarters of them by default, lest one pod keeps everybody else
	// out. It is more than the 1,200 requests that two API servers have in hand at most, who may share the address of a
	// konnectivity agent.
	MaxConnections, MaxConnectionsPerAddress int
	// MaxHeaderBytes limits the request line and header, 16 KiB by default.
	MaxHeaderBytes int

	// Timeout is timeoutSeconds of the webhook's registration, 10 s by default. It holds for requests that carry none.
	Timeout time.Duration
	// HandshakeTimeout bounds a handshake's wait for its turn (5 s), ReadTimeout the time from the header to the end of the
	// body (10 s), WriteTimeout that to the end of the answer (Timeout + 2 s), and a whole handshake as well. IdleTimeout
	// (120 s) is for connections that owe no answer, those that never had a request included. It exceeds the API server's
	// 90 s, so that it is the one who hangs up: a request that meets our hanging up is lost.
	HandshakeTimeout, ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// DrainDelay is how long to go on accepting requests once the context of Start has ended, 10 s by default.
	DrainDelay time.Duration
	// ShutdownTimeout is how long requests in hand may take after that, Timeout + 5 s by default.
	ShutdownTimeout time.Duration

	// Logger is controller-runtime's by default.
	Logger logr.Logger
	// Metrics is controller-runtime's registry by default.
	Metrics prometheus.Registerer
}

// set gives field its default if it is zero.
func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (o *Options) setDefaults() {
	set(&o.Port, webhook.DefaultPort)
	set(&o.CertName, "tls.crt")
	set(&o.KeyName, "tls.key")
	set(&o.CertInterval, 10*time.Second)
	set(&o.CertWait, 2*time.Minute)
	set(&o.TLSMinVersion, tls.VersionTLS13)
	set(&o.MaxBody, 20<<20)
	set(&o.ByteBudget, 48<<20)
	set(&o.MaxInFlight, 256)
	set(&o.MaxConnections, 2048)
	set(&o.MaxConnectionsPerAddress, max(1, o.MaxConnections*3/4))
	set(&o.MaxHeaderBytes, 16<<10)
	set(&o.Timeout, 10*time.Second)
	set(&o.HandshakeTimeout, 5*time.Second)
	set(&o.ReadTimeout, 10*time.Second)
	set(&o.WriteTimeout, o.Timeout+2*time.Second)
	set(&o.IdleTimeout, 120*time.Second)
	set(&o.DrainDelay, 10*time.Second)
	set(&o.ShutdownTimeout, o.Timeout+5*time.Second)
	if o.Logger.IsZero() {
		o.Logger = logf.Log.WithName("webhook")
	}
	if o.Metrics == nil {
		o.Metrics = metrics.Registry
	}
}

// validate reports everything that is wrong with o, after its defaults are set.
func (o *Options) validate() error {
	var errs []error
	if o.CertDir == "" {
		errs = append(errs, errors.New("option CertDir must be set"))
	}
	if o.Port < 1 || o.Port > 65535 {
		errs = append(errs, fmt.Errorf("option Port %d must be 1 to 65535", o.Port))
	}
	if o.TLSMinVersion != tls.VersionTLS12 && o.TLSMinVersion != tls.VersionTLS13 {
		errs = append(errs, fmt.Errorf("option TLSMinVersion %#x must be TLS 1.2 or 1.3", o.TLSMinVersion))
	}
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"CertInterval", int64(o.CertInterval)},
		{"CertWait", int64(o.CertWait)},
		{"MaxBody", o.MaxBody},
		{"ByteBudget", o.ByteBudget},
		{"MaxInFlight", int64(o.MaxInFlight)},
		{"MaxConnections", int64(o.MaxConnections)},
		{"MaxConnectionsPerAddress", int64(o.MaxConnectionsPerAddress)},
		{"MaxHeaderBytes", int64(o.MaxHeaderBytes)},
		{"Timeout", int64(o.Timeout)},
		{"HandshakeTimeout", int64(o.HandshakeTimeout)},
		{"ReadTimeout", int64(o.ReadTimeout)},
		{"WriteTimeout", int64(o.WriteTimeout)},
		{"IdleTimeout", int64(o.IdleTimeout)},
		{"DrainDelay", int64(o.DrainDelay)},
		{"ShutdownTimeout", int64(o.ShutdownTimeout)},
	} {
		if limit.value < 0 {
			errs = append(errs, fmt.Errorf("option %s must not be negative", limit.name))
		}
	}
	// A body moves into a larger buffer as it arrives, and for that moment holds both.
	if o.ByteBudget/2 < o.MaxBody {
		errs = append(errs, fmt.Errorf("option ByteBudget %d must be at least twice MaxBody %d", o.ByteBudget, o.MaxBody))
	}
	return errors.Join(errs...)
}
