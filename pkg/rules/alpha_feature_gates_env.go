// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// clientEnvPrefix is what client-go puts before the name of its own gates. Kubernetes' components don't read it.
const clientEnvPrefix = "KUBE_FEATURE_"

// clientGates are the gates of client-go that were alpha in some version. The table of gates doesn't tell whose a gate is,
// and any other gate in such a variable does nothing.
var clientGates = []string{"ClientsAllowCBOR", "ClientsPreferCBOR", "InformerResourceVersion"}

// clientEnv records alpha gates of client-go that a program gets by its environment.
func (p *gatePod) clientEnv(place object.Place, c *corev1.Container) {
	for i := range c.Env {
		gate, ok := strings.CutPrefix(c.Env[i].Name, clientEnvPrefix)
		if !ok || p.allowed[gate] || !isClientGate(gate) {
			continue
		}
		if on, err := strconv.ParseBool(c.Env[i].Value); err != nil || !on {
			continue
		}
		if _, alpha := possibleVersions(p.in).alpha(gate); !alpha {
			continue
		}
		f := turnsOn(gate, "client-go", place.Path().Child("env").Index(i).Child("value"))
		f.Fix = "remove " + c.Env[i].Name
		f.Doubt = "the version of client-go in the image is not known"
		f.AtMost = policy.Audit
		p.found.add(f)
	}
}

func isClientGate(gate string) bool {
	for _, g := range clientGates {
		if g == gate {
			return true
		}
	}
	return false
}
