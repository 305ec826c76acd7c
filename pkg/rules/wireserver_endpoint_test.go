// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// What an API server with other settings, or of another version, lets through.
func TestWireserverEndpoint(t *testing.T) {
	const taken, metadata = ": must not be 168.63.129.16: nodes would send here what they ask of the WireServer",
		": must not be 169.254.169.254: the instance metadata answers each node for itself only"
	const led = ": must not be 168.63.129.16: the WireServer answers each node for itself only"
	for _, c := range []struct {
		name     string
		resource object.Resource
		raw      string
		want     []string
	}{
		{"cluster IP", object.Services, `{"spec":{"clusterIP":"168.63.129.16","clusterIPs":["168.63.129.16"]}}`,
			[]string{"spec.clusterIPs[0]" + taken}},
		{"cluster IP by itself", object.Services, `{"spec":{"clusterIP":"168.63.129.16"}}`, []string{"spec.clusterIP" + taken}},
		{"second cluster IP", object.Services, `{"spec":{"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1","::ffff:168.63.129.16"]}}`,
			[]string{"spec.clusterIPs[1]" + taken}},
		{"external IP with zeros", object.Services, `{"spec":{"externalIPs":["168.063.129.016"]}}`, []string{"spec.externalIPs[0]" + taken}},
		{"each place", object.Services,
			`{"spec":{"externalIPs":["168.63.129.16"],"loadBalancerIP":"168.63.129.16"},"status":{"loadBalancer":{"ingress":[{"ip":"168.63.129.16"}]}}}`,
			[]string{"spec.externalIPs[0]" + taken, "spec.loadBalancerIP" + taken, "status.loadBalancer.ingress[0].ip" + taken}},
		{"name that another type doesn't use", object.Services, `{"spec":{"type":"ClusterIP","externalName":"168.63.129.16"}}`, nil},
		{"no address", object.Services, `{"spec":{"clusterIP":"None","loadBalancerIP":"","type":"ExternalName","externalName":""}}`, nil},
		{"metadata as endpoint", object.EndpointSlices, `{"endpoints":[{"addresses":["10.0.0.1"]},{"addresses":["169.254.169.254"]}],"ports":[{"port":80}]}`,
			[]string{"endpoints[1].addresses[0]" + metadata}},
		{"metadata has no port for all", object.EndpointSlices, `{"endpoints":[{"addresses":["169.254.169.254"]}],"ports":[{"port":53}]}`,
			[]string{"endpoints[0].addresses[0]" + metadata}},
		{"one port of all", object.EndpointSlices, `{"endpoints":[{"addresses":["168.63.129.16"]}],"ports":[{"port":53},{"protocol":"TCP"}]}`,
			[]string{"endpoints[0].addresses[0]" + led}},
		{"as IPv6", object.EndpointSlices, `{"addressType":"IPv6","endpoints":[{"addresses":["::ffff:a83f:8110"]}],"ports":[{"port":80}]}`,
			[]string{"endpoints[0].addresses[0]" + led}},
		{"as a name", object.EndpointSlices, `{"addressType":"FQDN","endpoints":[{"addresses":["168.63.129.16"]}],"ports":[{"port":80}]}`,
			[]string{"endpoints[0].addresses[0]" + led}},
		{"in Endpoints", object.Endpoints, `{"subsets":[{},{"addresses":[{"ip":"169.254.169.254"}],"ports":[{"port":80}]}]}`,
			[]string{"subsets[1].addresses[0].ip" + metadata}},
		{"Endpoints for DNS and more", object.Endpoints, `{"subsets":[{"addresses":[{"ip":"168.63.129.16"}],"ports":[{"port":53},{"port":80}]}]}`,
			[]string{"subsets[0].addresses[0].ip" + led}},
		{"malformed", object.Services, `{"spec":{"externalIPs":"168.63.129.16"}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := managedInput(t, c.resource, policy.Create, "", c.raw)
			if diff := cmp.Diff(c.want, summary(checkWireserverEndpoint(in))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// EndpointSlices are big and change often.
func TestWireserverEndpointAllocatesNothing(t *testing.T) {
	addresses := strings.TrimSuffix(strings.Repeat(`{"addresses":["10.244.12.34"]},`, 100), ",")
	for _, in := range []policy.Input{
		managedInput(t, object.EndpointSlices, policy.Update, "", `{"endpoints":[`+addresses+`],"ports":[{"port":80}]}`),
		managedInput(t, object.Services, policy.Update, "",
			`{"spec":{"type":"ExternalName","externalName":"db.example.com","clusterIPs":["10.0.0.1"],"externalIPs":["203.0.113.7"]}}`),
	} {
		if n := testing.AllocsPerRun(100, func() { checkWireserverEndpoint(in) }); n > 0 {
			t.Errorf("%s: got %v allocations, want none", in.Resource.Kind, n)
		}
	}
}
