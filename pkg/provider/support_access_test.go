// SPDX-License-Identifier: Apache-2.0

package provider

import "testing"

func TestSupportObjectNamed(t *testing.T) {
	for _, c := range []struct {
		kind, name       string
		want, superseded bool
	}{
		{"ClusterRole", "aks-service", true, false},
		{"ClusterRoleBinding", "aks-service-rolebinding", true, false},
		{"ClusterRoleBinding", "aks-support-rolebinding", true, true},
		{"Role", "aks-service", false, false},
		{"ClusterRoleBinding", "aks-service", false, false},
		{"ClusterRole", "aks-service-operator", false, false},
		{"ClusterRole", "", false, false},
	} {
		got, ok := AKS().SupportObjectNamed(c.kind, c.name)
		if ok != c.want || got.Superseded != c.superseded {
			t.Errorf("SupportObjectNamed(%q, %q) = %+v, %t; want %t, superseded %t", c.kind, c.name, got, ok, c.want, c.superseded)
		}
	}
}

func TestSupportAccessOffenders(t *testing.T) {
	one := SupportObject{Kind: "ClusterRole", Name: "helpers", Source: page}
	for name, c := range map[string]struct {
		list []SupportObject
		want string
	}{
		"kind":  {[]SupportObject{{Kind: "Role", Name: "helpers", Source: page}}, "supportAccess[0].kind: Unsupported value"},
		"name":  {[]SupportObject{{Kind: "ClusterRole", Source: page}}, "supportAccess[0].name: Required value"},
		"twice": {[]SupportObject{one, one}, "supportAccess[1].name: Duplicate value"},
		"no source": {[]SupportObject{{Kind: "ClusterRole", Name: "helpers", Source: Source{Confidence: "A"}}},
			"supportAccess[0].source.document: Required value"},
	} {
		t.Run(name, func(t *testing.T) {
			p := sound()
			p.SupportAccess = c.list
			wantOne(t, p, c.want)
		})
	}
}
