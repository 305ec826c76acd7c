// SPDX-License-Identifier: Apache-2.0

package provider

import "strings"

// serviceAccount is a service account as its user name spells it.
type serviceAccount struct{ namespace, name string }

func parseAccount(user string) (serviceAccount, bool) {
	rest, ok := strings.CutPrefix(user, "system:serviceaccount:")
	namespace, name, found := strings.Cut(rest, ":")
	return serviceAccount{namespace, name}, ok && found
}

// ServiceAccount returns the profile's identity for a service account, if it is one.
func (p *Profile) ServiceAccount(namespace, name string) (Identity, bool) {
	id, ok := p.index.accounts[serviceAccount{namespace, name}]
	if !ok {
		return Identity{}, false
	}
	return *id, true
}

// ServiceAccountNamed returns an identity that is a service account of that name, in whichever namespace.
func (p *Profile) ServiceAccountNamed(name string) (Identity, bool) {
	for i := range p.Identities {
		if account, ok := parseAccount(p.Identities[i].User); ok && account.name == name {
			return p.Identities[i], true
		}
	}
	return Identity{}, false
}
