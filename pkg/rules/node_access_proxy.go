// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// kubeletPath is a part of the kubelet's own API that does more than read.
type kubeletPath struct {
	name, does string
	atMost     policy.Mode
}

// kubeletPaths: those that reach into containers do so past everything that guards pods/exec. Paths that only read
// (metrics, stats, pods, logs, ...) are left out, since monitoring asks for them all the time.
var kubeletPaths = []kubeletPath{
	{"exec", "it runs commands in the node's containers, past what guards pods/exec", policy.Warn},
	{"run", "it runs commands in the node's containers, past what guards pods/exec", policy.Warn},
	{"attach", "it joins the node's containers, past what guards pods/attach", policy.Warn},
	{"portForward", "it opens ports of the node's containers, past what guards pods/portforward", policy.Warn},
	{"cri", "it is the way to terminals in the node's containers", policy.Warn},
	{"checkpoint", "it writes a container's memory to the node", policy.Audit},
	{"debug/flags", "it changes how much the kubelet logs", policy.Audit},
}

// kubeletPort is where the API server finds the kubelet. Under another port answers something else, with paths of its own.
const kubeletPort = "10250"

func kubeletAccess(in policy.Input) []policy.Finding {
	node, ok := nodeOfKubelet(in.Name)
	if !ok || in.Object == nil {
		return nil
	}
	options, err := in.Object.Tree()
	if err != nil {
		return nil // the engine reports it
	}
	// The API server cleans the path too, after admission.
	asked, _ := options["path"].(string)
	asked = strings.TrimPrefix(path.Clean(asked), "/")
	for i := range kubeletPaths {
		k := &kubeletPaths[i]
		if rest, ok := strings.CutPrefix(asked, k.name); ok && (rest == "" || rest[0] == '/') {
			return []policy.Finding{{Path: field.NewPath("path"), Message: "must not be /" + k.name + ": " + k.does, AtMost: k.atMost,
				Fix: "use kubectl exec, attach or port-forward, or kubectl debug node/" + node}}
		}
	}
	return nil
}

// nodeOfKubelet reads the name of a proxied node: alone, with a port, or with a scheme and a port.
func nodeOfKubelet(name string) (node string, ok bool) {
	for _, scheme := range []string{"https:", "http:"} {
		name = strings.TrimPrefix(name, scheme)
	}
	node, port, _ := strings.Cut(name, ":")
	return node, port == "" || port == kubeletPort
}
