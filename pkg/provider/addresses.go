// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// PlatformAddress is an address at which the cloud's platform serves each machine by itself.
type PlatformAddress struct {
	Address string `json:"address"`
	// Name is what answers there, in a word or two.
	Name string `json:"name"`
	// OpenPorts are those of services that anything in the network may use.
	OpenPorts []int32 `json:"openPorts,omitempty"`
	Source    Source  `json:"source"`
}

// Open says whether all of the ports are those of services that anything in the network may use. No port is no such
// promise.
func (a PlatformAddress) Open(ports ...int32) bool {
	for _, port := range ports {
		if !slices.Contains(a.OpenPorts, port) {
			return false
		}
	}
	return len(ports) > 0
}

// PlatformAddress returns the platform's address that s spells, in any of the spellings that Kubernetes takes for one.
func (p *Profile) PlatformAddress(s string) (PlatformAddress, bool) {
	addr, ok := parseAddress(s)
	if !ok {
		return PlatformAddress{}, false
	}
	a, ok := p.index.addresses[addr]
	if !ok {
		return PlatformAddress{}, false
	}
	return *a, true
}

func platformAddresses(list []PlatformAddress) map[netip.Addr]*PlatformAddress {
	addresses := map[netip.Addr]*PlatformAddress{}
	for i := range list {
		if addr, ok := parseAddress(list[i].Address); ok {
			addresses[addr] = &list[i]
		}
	}
	return addresses
}

// parseAddress reads an address the way Kubernetes does: an IPv4 address stays one when it is written as IPv6, and zeros
// before a number mean nothing. As a host name it may end in a dot. Names cost nothing.
func parseAddress(s string) (netip.Addr, bool) {
	if !strings.Contains(s, ":") {
		return parseIPv4(strings.TrimSuffix(s, "."))
	}
	addr, err := netip.ParseAddr(s)
	if err == nil {
		return addr.WithZone("").Unmap(), true
	}
	// Zeros before a number are an error to netip, in the tail of an IPv6 address too.
	cut := strings.LastIndexByte(s, ':') + 1
	tail, ok := parseIPv4(s[cut:])
	if !ok {
		return netip.Addr{}, false
	}
	head, err := netip.ParseAddr(s[:cut] + "0.0.0.0")
	if err != nil || !head.Is4In6() {
		return netip.Addr{}, false
	}
	return tail, true
}

func parseIPv4(s string) (netip.Addr, bool) {
	var bytes [4]byte
	n := 0
	for part := range strings.SplitSeq(s, ".") {
		value, ok := decimal(part)
		if !ok || n == len(bytes) {
			return netip.Addr{}, false
		}
		bytes[n] = value
		n++
	}
	return netip.AddrFrom4(bytes), n == len(bytes)
}

func decimal(s string) (byte, bool) {
	value := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if value = value*10 + int(c-'0'); value > 255 {
			return 0, false
		}
	}
	return byte(value), s != ""
}

func (v *validator) platformAddresses() {
	for i, a := range v.profile.PlatformAddresses {
		path := field.NewPath("platformAddresses").Index(i)
		addr, err := netip.ParseAddr(a.Address)
		if err != nil || addr.Is4In6() || addr.Zone() != "" {
			v.invalid(path.Child("address"), a.Address, "must be an IP address, such as 192.0.2.1")
		}
		v.unique(path.Child("address"), "platform address", a.Address)
		v.required(path.Child("name"), a.Name, "what answers there")
		for j, port := range a.OpenPorts {
			if port < 1 || port > 65535 {
				v.invalid(path.Child("openPorts").Index(j), port, "must be 1 to 65535")
			}
		}
		v.source(path, a.Source)
	}
}
