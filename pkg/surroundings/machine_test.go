// SPDX-License-Identifier: Apache-2.0

package surroundings

import (
	"strings"
	"testing"
	"unicode"

	"github.com/demarc-dev/demarc/pkg/provider"
)

func TestMachine(t *testing.T) {
	forms := formsOf(provider.AKS().Facts.Machines)
	set := inScaleSet(group, "aks-a-vmss", "12")
	single := strings.Replace(set, "virtualMachineScaleSets/aks-a-vmss/", "", 1)
	for name, c := range map[string]struct {
		id    string
		want  machine
		known bool
	}{
		"in a scale set":       {set, machine{subscription, group, "aks-a-vmss"}, true},
		"by itself":            {single, machine{subscription, group, ""}, true},
		"in other letters":     {strings.ToUpper(set), machine{strings.ToUpper(subscription), strings.ToUpper(group), "AKS-A-VMSS"}, true},
		"signs":                {inScaleSet("Mc_a-b.c(d)é", "x", "0"), machine{subscription, "Mc_a-b.c(d)é", "x"}, true},
		"empty":                {},
		"another cloud":        {id: "aws:///eu-west-1a/i-0123456789abcdef0"},
		"another provider":     {id: strings.Replace(set, "Microsoft.Compute", "Microsoft.HybridCompute", 1)},
		"two slashes":          {id: strings.Replace(set, ":///", "://", 1)},
		"cut off":              {id: strings.TrimSuffix(set, "/12")},
		"nothing at the end":   {id: strings.TrimSuffix(set, "12")},
		"more at the end":      {id: set + "/extensions/x"},
		"a slash at the end":   {id: set + "/"},
		"no group":             {id: strings.Replace(set, group, "", 1)},
		"a space":              {id: strings.Replace(set, group, "a b", 1)},
		"a line break":         {id: strings.Replace(set, group, "a\nb", 1)},
		"not UTF-8":            {id: strings.Replace(set, group, "a\xffb", 1)},
		"an escape":            {id: strings.Replace(set, group, "a%2fb", 1)},
		"longer than any name": {id: strings.Replace(set, group, strings.Repeat("a", maxName+1), 1)},
	} {
		t.Run(name, func(t *testing.T) {
			if got, known := machineOf(forms, c.id); got != c.want || known != c.known {
				t.Errorf("got %+v, %t, want %+v, %t", got, known, c.want, c.known)
			}
		})
	}
}

// FuzzProviderID: whatever a Node says of its machine, what is read stands there, and is a name that can be printed.
func FuzzProviderID(f *testing.F) {
	set := inScaleSet(group, "aks-a-vmss", "12")
	for _, s := range []string{"", set, strings.ToUpper(set), strings.Replace(set, "virtualMachineScaleSets/aks-a-vmss/", "", 1),
		"azure:///subscriptions/{subscription}/resourceGroups/{resourceGroup}", "kind://docker/a/b", strings.Repeat("/", 64)} {
		f.Add(s)
	}
	forms := formsOf(provider.AKS().Facts.Machines)
	f.Fuzz(func(t *testing.T, id string) {
		m, known := machineOf(forms, id)
		if !known {
			if m != (machine{}) {
				t.Errorf("not known, and yet %+v", m)
			}
			return
		}
		if m.subscription == "" || m.resourceGroup == "" {
			t.Errorf("known, and yet %+v", m)
		}
		for _, name := range []string{m.subscription, m.resourceGroup, m.scaleSet} {
			if !strings.Contains(id, name) || len(name) > maxName ||
				strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == '/' || unicode.IsSpace(r) }) {
				t.Errorf("%q is no name in %q", name, id)
			}
		}
		if facts := factsOf([]node{{nil, nil, id}}); facts == nil || len(facts.ResourceGroups) != 1 {
			t.Errorf("got %+v", facts)
		}
	})
}
