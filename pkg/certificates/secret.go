// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// The keys of the Secret. The first two are those of the type kubernetes.io/tls.
const (
	leafCert      = corev1.TLSCertKey
	leafKey       = corev1.TLSPrivateKeyKey
	authorityCert = "ca.crt"
	authorityKey  = "ca.key"
	nextCert      = "next.crt"
	nextKey       = "next.key"
	oldCert       = "old.crt"
	since         = "since"
)

// FromSecret reads what a Secret holds. What can't be read is taken for not there: it is made anew.
func FromSecret(s *corev1.Secret) Store {
	began, _ := time.Parse(time.RFC3339Nano, string(s.Data[since]))
	return Store{
		Leaf:      Pair{s.Data[leafCert], s.Data[leafKey]},
		Authority: Pair{s.Data[authorityCert], s.Data[authorityKey]},
		Next:      Pair{s.Data[nextCert], s.Data[nextKey]},
		Old:       s.Data[oldCert],
		Since:     began,
	}
}

// Into writes the store into a Secret, and leaves whatever else is in it alone.
func (s Store) Into(secret *corev1.Secret) {
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	for key, value := range map[string][]byte{
		leafCert: s.Leaf.Cert, leafKey: s.Leaf.Key, authorityCert: s.Authority.Cert, authorityKey: s.Authority.Key,
		nextCert: s.Next.Cert, nextKey: s.Next.Key, oldCert: s.Old, since: []byte(s.Since.UTC().Format(time.RFC3339Nano)),
	} {
		if len(value) == 0 {
			delete(secret.Data, key)
			continue
		}
		secret.Data[key] = value
	}
}
