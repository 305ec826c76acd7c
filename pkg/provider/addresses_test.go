// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"
)

func TestPlatformAddress(t *testing.T) {
	for s, want := range map[string]string{
		"168.63.129.16":             "WireServer",
		"168.63.129.16.":            "WireServer",
		"168.063.129.016":           "WireServer",
		"::ffff:168.63.129.16":      "WireServer",
		"::FFFF:a83f:8110":          "WireServer",
		"0:0:0:0:0:ffff:a83f:8110":  "WireServer",
		"::ffff:168.063.129.16":     "WireServer",
		"169.254.169.254":           "instance metadata",
		"::ffff:a9fe:a9fe":          "instance metadata",
		"168.63.129.17":             "",
		"168.63.129":                "",
		"168.63.129.16.1":           "",
		"168.63.129.16.nip.io":      "",
		"168.63.129.16..":           "",
		"1168.63.129.16":            "",
		"424.63.129.16":             "",
		"2001:db8::168.63.129.16":   "",
		"2001:db8::168.063.129.016": "",
		"::168.063.129.016":         "",
		":168.63.129.16":            "",
		"fd00:ec2::254":             "",
		"wireserver.example.com":    "",
		"":                          "",
		".":                         "",
		"...":                       "",
	} {
		got, ok := AKS().PlatformAddress(s)
		if got.Name != want || ok != (want != "") {
			t.Errorf("PlatformAddress(%q): got %q, %t; want %q", s, got.Name, ok, want)
		}
	}
}

func TestParseAddressWantsFourNumbers(t *testing.T) {
	for _, s := range []string{"10", "10.0.0", "10.0.0.0.0"} {
		if got, ok := parseAddress(s); ok {
			t.Errorf("parseAddress(%q): got %v, want none", s, got)
		}
	}
}

func TestPlatformAddressOpen(t *testing.T) {
	a := PlatformAddress{OpenPorts: []int32{53, 5353}}
	for _, c := range []struct {
		ports []int32
		want  bool
	}{{nil, false}, {[]int32{53}, true}, {[]int32{53, 5353}, true}, {[]int32{53, 80}, false}, {[]int32{80}, false}} {
		if got := a.Open(c.ports...); got != c.want {
			t.Errorf("Open(%v): got %t, want %t", c.ports, got, c.want)
		}
	}
}

// Host names and other addresses are what nearly every request holds.
func TestPlatformAddressAllocatesNothing(t *testing.T) {
	p := AKS()
	for _, s := range []string{"10.0.0.1", "backend.shop.svc.cluster.local", "2001:db8::1", "168.63.129.16"} {
		if n := testing.AllocsPerRun(100, func() { p.PlatformAddress(s) }); n > 0 {
			t.Errorf("%s: got %v allocations, want none", s, n)
		}
	}
}

func TestPlatformAddressOffenders(t *testing.T) {
	for _, c := range []struct {
		plant func(*PlatformAddress)
		want  string
	}{
		{func(a *PlatformAddress) { a.Address = "wireserver" }, "platformAddresses[0].address: Invalid value"},
		{func(a *PlatformAddress) { a.Address = "::ffff:192.0.2.1" }, "platformAddresses[0].address: Invalid value"},
		{func(a *PlatformAddress) { a.Address = "fe80::1%eth0" }, "platformAddresses[0].address: Invalid value"},
		{func(a *PlatformAddress) { a.Name = "" }, "platformAddresses[0].name: Required value"},
		{func(a *PlatformAddress) { a.OpenPorts = []int32{0} }, "platformAddresses[0].openPorts[0]: Invalid value"},
		{func(a *PlatformAddress) { a.Source.Document = "" }, "platformAddresses[0].source.document: Required value"},
	} {
		t.Run(c.want, func(t *testing.T) {
			p := sound()
			p.PlatformAddresses = []PlatformAddress{{Address: "192.0.2.1", Name: "x", OpenPorts: []int32{53}, Source: page}}
			if errs := validate(p); len(errs) > 0 {
				t.Fatal(errs)
			}
			c.plant(&p.PlatformAddresses[0])
			wantOne(t, p, c.want)
		})
	}
	p := sound()
	p.PlatformAddresses = []PlatformAddress{{Address: "192.0.2.1", Name: "x", Source: page}, {Address: "192.0.2.1", Name: "y", Source: page}}
	wantOne(t, p, "platformAddresses[1].address: Duplicate value")
	if !strings.HasPrefix(AKS().PlatformAddresses[0].Source.URL, "https://") {
		t.Error("an address of AKS's profile names no page")
	}
}
