// SPDX-License-Identifier: Apache-2.0

// Package serve runs the webhook inside a manager: the server, the watches that it leans on, and the configuration,
// which is read again whenever its file changes.
package serve

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
)

// ownCertInterval is how often the server looks for a certificate of our own making. It is short, since whatever a replica is
// late by must fit into a phase of a change of authority.
const ownCertInterval = time.Second

// validate reports everything that is wrong with o.
func (o *Options) validate() error {
	var errs []error
	need := func(ok bool, problem string) {
		if !ok {
			errs = append(errs, errors.New(problem))
		}
	}
	own := o.CertificateSecret != ""
	need(!own || o.RegistrationDir != "", "certificates of our own need the folder of the registrations that must trust them")
	need(o.RegistrationDir == "" || o.Namespace != "" && o.Service != "", "watching over registrations needs namespace and service")
	need(o.Settle == 0 || o.Settle >= 2*(o.GuardInterval+ownCertInterval),
		fmt.Sprintf("a phase of a change of authority must last at least %s: every replica must come to serve what was signed in it",
			2*(o.GuardInterval+ownCertInterval)))
	need(o.CanaryInterval >= 0 && o.GuardInterval >= 0, "intervals must not be negative")
	return errors.Join(errs...)
}

// Options of the webhook process. The zero value of a field means its default.
type Options struct {
	// REST is how to reach the API server.
	REST *rest.Config
	// ConfigFile is the configuration; empty for the defaults.
	ConfigFile string
	// ConfigInterval is how often the file is looked at, 5 s by default.
	ConfigInterval time.Duration

	// Host and Port are where the webhook listens; CertDir holds tls.crt and tls.key.
	Host    string
	Port    int
	CertDir string
	// Timeout is timeoutSeconds of the registration, 3 s by default.
	Timeout time.Duration
	// DrainDelay is how long requests are still accepted after the signal to stop, 10 s by default.
	DrainDelay time.Duration
	// AllowTLS12 lets TLS 1.2 in, for FIPS set-ups; 1.3 is the default.
	AllowTLS12 bool

	// RegistrationDir holds what the live registrations should be, in <name>.yaml; empty for not watching over them.
	RegistrationDir string
	// GuardInterval is how often they are looked at, 10 s by default.
	GuardInterval time.Duration
	// Namespace and Service are where the API server finds the webhook.
	Namespace, Service string
	// CertificateSecret, if set, is the Secret in Namespace in which demarc keeps a serving certificate of its own making; it
	// is put into CertDir. Empty where somebody else fills CertDir.
	CertificateSecret string
	// LeafLife, AuthorityLife and Settle are how long these certificates live and how long each phase of a change of authority
	// takes; zero for the defaults of package certificates.
	LeafLife, AuthorityLife, Settle time.Duration
	// CanaryInterval is how often the API server is asked whether requests are judged; zero for never.
	CanaryInterval time.Duration

	// MetricsAddress and ProbeAddress are where metrics and probes listen, without TLS; "0" for nowhere. The library's
	// filter that asks who may read metrics brings in the API server's own packages, 20 MiB of program, so there is none.
	MetricsAddress, ProbeAddress string

	Logger logr.Logger
}

func (o *Options) setDefaults() {
	if o.ConfigInterval == 0 {
		o.ConfigInterval = 5 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 3 * time.Second
	}
}
