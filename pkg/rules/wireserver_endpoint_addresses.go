// SPDX-License-Identifier: Apache-2.0

package rules

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// platformFindings gathers the places that hold an address of the cloud's platform.
type platformFindings struct {
	profile  *provider.Profile
	findings []policy.Finding
}

// takes judges an address that a Service makes its own: kube-proxy sends there what is meant for the platform. Paths are
// made by functions, since hardly any address is worth one.
func (p *platformFindings) takes(address string, path func() *field.Path) {
	if a, ok := p.profile.PlatformAddress(address); ok {
		p.findings = append(p.findings, policy.Finding{Path: path(),
			Message: "must not be " + a.Address + ": nodes would send here what they ask of the " + a.Name,
			Fix:     "leave it out, or give the Service an address of your own"})
	}
}

// leads judges an address that traffic for a Service is sent to, on ports that may be ones that everybody may use.
func (p *platformFindings) leads(address string, path func() *field.Path, ports ...int32) {
	if a, ok := p.profile.PlatformAddress(address); ok && !a.Open(ports...) {
		p.findings = append(p.findings, policy.Finding{Path: path(),
			Message: "must not be " + a.Address + ": the " + a.Name + " answers each node for itself only",
			Fix:     "name a server of your own; pods get tokens by Microsoft Entra Workload ID"})
	}
}

func (p *platformFindings) endpointSlice(o *object.Object) {
	s, ok := object.As[*discoveryv1.EndpointSlice](o)
	if !ok {
		return
	}
	for i := range s.Endpoints {
		for j, address := range s.Endpoints[i].Addresses {
			if p.ofPlatform(address) {
				p.leads(address, func() *field.Path { return field.NewPath("endpoints").Index(i).Child("addresses").Index(j) },
					slicePorts(s)...)
			}
		}
	}
}

// slicePorts lists the ports; a port without a number stands for all, and so is none that is open.
func slicePorts(s *discoveryv1.EndpointSlice) []int32 {
	var ports []int32
	for i := range s.Ports {
		if s.Ports[i].Port == nil {
			return nil
		}
		ports = append(ports, *s.Ports[i].Port)
	}
	return ports
}

func (p *platformFindings) endpoints(o *object.Object) {
	e, ok := object.As[*corev1.Endpoints](o) //nolint:staticcheck // deprecated, and served and obeyed all the same
	if !ok {
		return
	}
	for i := range e.Subsets {
		subset := &e.Subsets[i]
		p.subset(subset.Addresses, subset.Ports, func() *field.Path { return field.NewPath("subsets").Index(i).Child("addresses") })
		p.subset(subset.NotReadyAddresses, subset.Ports,
			func() *field.Path { return field.NewPath("subsets").Index(i).Child("notReadyAddresses") })
	}
}

func (p *platformFindings) subset(addresses []corev1.EndpointAddress, ports []corev1.EndpointPort, path func() *field.Path) {
	for i := range addresses {
		if p.ofPlatform(addresses[i].IP) {
			var numbers []int32
			for j := range ports {
				numbers = append(numbers, ports[j].Port)
			}
			p.leads(addresses[i].IP, func() *field.Path { return path().Index(i).Child("ip") }, numbers...)
		}
	}
}

func (p *platformFindings) ofPlatform(address string) bool {
	_, ok := p.profile.PlatformAddress(address)
	return ok
}
