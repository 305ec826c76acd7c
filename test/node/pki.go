// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// pki is the cluster's one authority, which signs for servers and clients alike.
type pki struct {
	dir       string
	authority *x509.Certificate
	key       *ecdsa.PrivateKey
	serial    int64
}

const lifetime = 24 * time.Hour

func newPKI(dir string) (*pki, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	p := &pki{dir: dir, key: key}
	p.authority = p.template(pkix.Name{CommonName: "demarc e2e"})
	p.authority.IsCA, p.authority.BasicConstraintsValid = true, true
	p.authority.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	return p, p.write("ca", p.authority, key)
}

func (p *pki) template(subject pkix.Name) *x509.Certificate {
	p.serial++
	return &x509.Certificate{SerialNumber: big.NewInt(p.serial), Subject: subject,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lifetime),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
}

// issue writes a certificate and its key as <file>.crt and <file>.key.
func (p *pki) issue(file, user string, groups, hosts []string) error {
	c := p.template(pkix.Name{CommonName: user, Organization: groups})
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
			continue
		}
		c.DNSNames = append(c.DNSNames, h)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return p.write(file, c, key)
}

func (p *pki) write(file string, c *x509.Certificate, key *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, c, p.authority, &key.PublicKey, p.key)
	if err != nil {
		return err
	}
	if c == p.authority { // what it signs carries its subject and key as they were encoded
		if p.authority, err = x509.ParseCertificate(der); err != nil {
			return err
		}
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.file(file+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return err
	}
	return os.WriteFile(p.file(file+".key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o600)
}

func (p *pki) file(name string) string { return p.dir + "/" + name }

// server is the API server's address.
const server = "https://" + bridgeAddress + ":" + securePort

// kubeconfig issues a client certificate and writes a kubeconfig that uses it.
func (p *pki) kubeconfig(file, user string, groups ...string) (string, error) {
	if err := p.issue(file, user, groups, nil); err != nil {
		return "", err
	}
	cfg := clientcmdapi.NewConfig()
	cfg.Clusters["e2e"] = &clientcmdapi.Cluster{Server: server, CertificateAuthority: p.file("ca.crt")}
	cfg.AuthInfos["e2e"] = &clientcmdapi.AuthInfo{ClientCertificate: p.file(file + ".crt"), ClientKey: p.file(file + ".key")}
	cfg.Contexts["e2e"] = &clientcmdapi.Context{Cluster: "e2e", AuthInfo: "e2e"}
	cfg.CurrentContext = "e2e"
	path := p.file(file + ".kubeconfig")
	return path, clientcmd.WriteToFile(*cfg, path)
}

func (n *Node) certificates(context.Context) error {
	var err error
	if n.pki, err = newPKI(n.path("pki")); err != nil {
		return err
	}
	hosts := []string{bridgeAddress, firstService, "127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	for _, c := range []struct {
		file, user    string
		groups, hosts []string
	}{
		{"apiserver", "kube-apiserver", nil, hosts},
		{"kubelet-client", "kube-apiserver-kubelet-client", []string{"system:masters"}, nil},
		{"service-accounts", "service-accounts", nil, nil},
	} {
		if err := n.pki.issue(c.file, c.user, c.groups, c.hosts); err != nil {
			return fmt.Errorf("%s: %w", c.file, err)
		}
	}
	for _, c := range []struct{ file, user, group string }{
		{"kube-controller-manager", "system:kube-controller-manager", ""},
		{"kube-scheduler", "system:kube-scheduler", ""},
		{"kube-proxy", "system:kube-proxy", ""},
		{"kubelet", "system:node:" + Name, "system:nodes"},
		{"masterclient", "masterclient", "system:masters"},
		{"provider", "aksService", "system:masters"},
	} {
		var groups []string
		if c.group != "" {
			groups = []string{c.group}
		}
		if _, err := n.pki.kubeconfig(c.file, c.user, groups...); err != nil {
			return fmt.Errorf("%s: %w", c.file, err)
		}
	}
	n.Kubeconfig = n.pki.file("masterclient.kubeconfig")
	n.Config, err = clientcmd.BuildConfigFromFlags("", n.Kubeconfig)
	return err
}

// As returns a configuration of the customer's local admin, who impersonates a user.
func (n *Node) As(user string, groups ...string) *rest.Config {
	c := rest.CopyConfig(n.Config)
	c.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	return c
}
