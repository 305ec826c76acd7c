// SPDX-License-Identifier: Apache-2.0

package provider

import "testing"

func TestServiceAccount(t *testing.T) {
	p := AKS()
	for _, c := range []struct {
		namespace, name string
		role            Role
		named           bool
	}{
		{"kube-system", "coredns-autoscaler", AddonRole, true},
		{"kube-system", "node-controller", ControllerRole, true},
		{"app-routing-system", "nginx", AddonRole, true},
		{"shop", "nginx", "", true},
		{"kube-system", "nginx", "", true},
		{"kube-system", "cart", "", false},
		{"", "", "", false},
	} {
		got, ok := p.ServiceAccount(c.namespace, c.name)
		if ok != (c.role != "") || got.Role != c.role {
			t.Errorf("ServiceAccount(%q, %q) = %+v, %t; want role %q", c.namespace, c.name, got, ok, c.role)
		}
		if _, ok := p.ServiceAccountNamed(c.name); ok != c.named {
			t.Errorf("ServiceAccountNamed(%q): %t; want %t", c.name, ok, c.named)
		}
	}
}
