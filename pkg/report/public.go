// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// publicNames says which names are on the provider's lists. Of one that ends in what varies, as a revision does, that
// part must be a number: it could be anybody's word.
func publicNames(p *provider.Profile) func(string) bool {
	exact := map[string]bool{}
	var prefixes []string
	for _, name := range listed(p) {
		if prefix, ok := strings.CutSuffix(name, "*"); ok {
			prefixes = append(prefixes, prefix)
			continue
		}
		exact[name] = true
	}
	return func(name string) bool {
		return exact[name] || slices.ContainsFunc(prefixes, func(prefix string) bool {
			rest, ok := strings.CutPrefix(name, prefix)
			return ok && prefix != "" && strings.Trim(rest, "0123456789-") == ""
		})
	}
}

// listed returns every name that a profile lists as the provider's or as one that it tells customers to use.
func listed(p *provider.Profile) []string {
	if p == nil {
		return nil
	}
	var names []string
	for _, n := range p.Namespaces {
		names = append(names, n.Name)
	}
	for _, c := range p.Components {
		names = append(names, c.Names...)
	}
	for _, i := range p.Identities {
		names = append(names, i.User)
		if account := strings.Split(i.User, ":"); len(account) > 1 {
			names = append(names, account[len(account)-1])
		}
	}
	for _, o := range p.SupportAccess {
		names = append(names, o.Name)
	}
	for _, k := range p.CustomerKeys {
		names = append(names, k.Key)
	}
	for _, keys := range [][]provider.MetadataKey{p.NodeMetadata.Labels, p.NodeMetadata.Annotations, p.NodeMetadata.Taints} {
		for _, k := range keys {
			names = append(names, k.Key)
		}
	}
	for _, c := range p.Ledger {
		names = append(names, c.ID)
		names = append(append(names, c.Where.Names...), c.Where.Namespaces...)
	}
	for _, a := range p.PlatformAddresses {
		names = append(names, a.Address)
	}
	for _, marks := range [][]provider.Label{p.Marks.ManagedNamespace, p.Marks.HidesNamespace, p.Marks.Managed, p.Marks.Legacy,
		p.Marks.Editable, {p.Marks.Exempts}} {
		for _, m := range marks {
			names = append(names, m.Key)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" || name == "*" })
}
