// SPDX-License-Identifier: Apache-2.0

// Package certificates makes the webhook's serving certificate and its authority, and decides when each is replaced, so
// that at no moment the API server meets a certificate that it can't verify.
package certificates

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Pair is a certificate and its private key, as PEM.
type Pair struct{ Cert, Key []byte }

// slack allows for clocks that are behind.
const slack = 5 * time.Minute

// newAuthority makes a self-signed authority.
func newAuthority(now time.Time, life time.Duration) (Pair, error) {
	c := certificate(pkix.Name{CommonName: "demarc webhook authority " + now.UTC().Format("2006-01-02T15:04:05Z")}, now, life)
	c.IsCA, c.BasicConstraintsValid, c.MaxPathLenZero = true, true, true
	c.KeyUsage = x509.KeyUsageCertSign
	return issue(c, nil)
}

// newLeaf makes a serving certificate for the hosts, which the authority signs. It never outlives its authority.
func newLeaf(authority Pair, hosts []string, now time.Time, life time.Duration) (Pair, error) {
	ca, err := authority.parse()
	if err != nil {
		return Pair{}, fmt.Errorf("read authority: %w", err)
	}
	c := certificate(pkix.Name{CommonName: hosts[0]}, now, life)
	if c.NotAfter.After(ca.Leaf.NotAfter) {
		c.NotAfter = ca.Leaf.NotAfter
	}
	c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	c.DNSNames = hosts
	return issue(c, &ca)
}

func certificate(subject pkix.Name, now time.Time, life time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) // reading randomness does not fail
	return &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: now.Add(-slack), NotAfter: now.Add(life)}
}

// issue signs a certificate by its authority, or by its own key.
func issue(c *x509.Certificate, by *tls.Certificate) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("make key: %w", err)
	}
	parent, signer := c, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		return Pair{}, fmt.Errorf("sign certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encode key: %w", err)
	}
	return Pair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}, nil
}

// parse reads a pair and checks that certificate and key belong together.
func (p Pair) parse() (tls.Certificate, error) {
	if p.empty() {
		return tls.Certificate{}, errors.New("there is none")
	}
	return tls.X509KeyPair(p.Cert, p.Key)
}

func (p Pair) empty() bool { return len(p.Cert) == 0 || len(p.Key) == 0 }

// stale says whether a pair must be replaced: it can't be read, or a third of its life or less is left.
func (p Pair) stale(now time.Time) bool {
	c, err := p.parse()
	if err != nil {
		return true
	}
	third := c.Leaf.NotAfter.Sub(c.Leaf.NotBefore) / 3
	return !now.Before(c.Leaf.NotAfter.Add(-third)) || now.Before(c.Leaf.NotBefore)
}

// usable says whether the pair is within its life.
func (p Pair) usable(now time.Time) bool {
	c, err := p.parse()
	return err == nil && now.After(c.Leaf.NotBefore) && now.Before(c.Leaf.NotAfter)
}

// Verifies says whether a serving certificate is valid for a host now, by the authorities of a bundle.
func Verifies(leaf, bundle []byte, host string, now time.Time) bool {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return false
	}
	block, _ := pem.Decode(leaf)
	if block == nil {
		return false
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return false
	}
	_, err = c.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: now})
	return err == nil
}
