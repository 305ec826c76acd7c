// SPDX-License-Identifier: Apache-2.0

// Package certs makes the certificates of a webhook, for tests and the demo.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The files that Write leaves, under the names that a Secret of type
// kubernetes.io/tls has.
const (
	CertFile = "tls.crt"
	KeyFile  = "tls.key"
	CAFile   = "ca.crt"
)

// lifetime outlasts any test; the hour before allows for a clock that is behind.
const (
	lifetime = 24 * time.Hour
	slack    = time.Hour
)

// Write makes an authority and a serving certificate for the hosts, which are
// IP addresses or DNS names, and writes both and the serving key to dir. The
// authority's key is kept nowhere. It returns the authority's certificate, and
// replaces what an earlier call wrote: that is how a test rotates.
func Write(dir string, hosts ...string) (caPEM []byte, err error) {
	caPEM, certPEM, keyPEM, err := pair(hosts)
	if err != nil {
		return nil, fmt.Errorf("make certificates: %w", err)
	}
	for _, file := range []struct {
		name    string
		content []byte
	}{{CAFile, caPEM}, {CertFile, certPEM}, {KeyFile, keyPEM}} {
		if err := replace(filepath.Join(dir, file.name), file.content); err != nil {
			return nil, fmt.Errorf("write certificates: %w", err)
		}
	}
	return caPEM, nil
}

// replace never leaves half a file for a server that reloads it.
func replace(path string, content []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func pair(hosts []string) (caPEM, certPEM, keyPEM []byte, err error) {
	if len(hosts) == 0 {
		return nil, nil, nil, errors.New("no host to make them for")
	}
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "demarc test authority"},
		NotBefore:             now.Add(-slack),
		NotAfter:              now.Add(lifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	if err != nil {
		return nil, nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf(now, hosts), authority, &key.PublicKey, authorityKey)
	if err != nil {
		return nil, nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, nil, err
	}
	return block("CERTIFICATE", authorityDER), block("CERTIFICATE", der), block("PRIVATE KEY", keyDER), nil
}

func leaf(now time.Time, hosts []string) *x509.Certificate {
	certificate := &x509.Certificate{
		// Unlike any before it, so that a rotation shows.
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: hosts[0]},
		NotBefore:    now.Add(-slack),
		NotAfter:     now.Add(lifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			certificate.IPAddresses = append(certificate.IPAddresses, ip)
			continue
		}
		certificate.DNSNames = append(certificate.DNSNames, host)
	}
	return certificate
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
