// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"os"
)

// bridge is the link that pods hang on. The node's address is its address, so that it must be there before anything
// listens.
const bridge = "demarc0"

// bridgeMAC is fixed. A bridge without one of its own takes the lowest of its ports', so that with each pod that comes or
// goes the others might lose the node until they ask for its address again.
const bridgeMAC = "02:00:0a:fa:00:01"

const bridgePlugin = `{
  "cniVersion": "0.4.0", "name": "demarc-e2e",
  "plugins": [
    {"type": "bridge", "bridge": %q, "isGateway": true, "hairpinMode": true,
     "ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": %q, "gateway": %q}]], "routes": [{"dst": "0.0.0.0/0"}]}}
  ]
}
`

const loopbackPlugin = `{"cniVersion": "0.4.0", "name": "lo", "type": "loopback"}
`

func (n *Node) network(context.Context) error {
	for _, args := range [][]string{
		{"link", "add", bridge, "address", bridgeMAC, "type", "bridge"},
		{"addr", "add", bridgeAddress + "/24", "dev", bridge},
		{"link", "set", bridge, "up"},
	} {
		if err := command("ip", args...); err != nil {
			return err
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("let packets be forwarded: %w", err)
	}
	plugin := fmt.Sprintf(bridgePlugin, bridge, n.path("cni", "addresses"), podRange, bridgeAddress)
	if err := os.WriteFile(n.path("cni", "10-bridge.conflist"), []byte(plugin), 0o644); err != nil {
		return err
	}
	return os.WriteFile(n.path("cni", "99-loopback.conf"), []byte(loopbackPlugin), 0o644)
}
