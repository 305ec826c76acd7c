// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// gatePod is a pod under judgement.
type gatePod struct {
	gateCheck
	in  policy.Input
	pod object.Pod
	// components and edits read the scripts of all containers, each for its own question, up to a limit per pod.
	components, edits kubecomponent.ScriptReader
	hosts             hostPaths
	found             gateFindings
	// nested is the answer of hasAPIServer, once it was asked.
	asked, nested bool
}

// pod leaves out what has no gates to speak of before anything costs.
func (g gateCheck) pod(in policy.Input, pod object.Pod) []policy.Finding {
	var p *gatePod
	for place, c := range pod.Containers() {
		if !speaksOfGates(c) {
			continue
		}
		if p == nil {
			p = &gatePod{gateCheck: g, in: in, pod: pod, hosts: hostPathsOf(pod.Spec)}
		}
		p.container(place, c)
		if p.found.full() {
			break
		}
	}
	if p == nil {
		return nil
	}
	return p.found.list
}

func (p *gatePod) container(place object.Place, c *corev1.Container) {
	found := kubecomponent.Identify(c, &p.components)
	for _, component := range found {
		p.component(place, component)
	}
	if len(found) > 0 {
		return // It has flags: it doesn't read gates from variables, and isn't there to edit files.
	}
	p.clientEnv(place, c)
	if p.reachesNode(c) {
		p.nodeEdits(place, c)
	}
}

// speaksOfGates says whether a container could set feature gates or serve alpha APIs at all.
func speaksOfGates(c *corev1.Container) bool {
	for i := range c.Env {
		if strings.HasPrefix(c.Env[i].Name, clientEnvPrefix) || speaks(c.Env[i].Value) {
			return true
		}
	}
	return anySpeaks(c.Command) || anySpeaks(c.Args)
}

func anySpeaks(texts []string) bool {
	for _, t := range texts {
		if speaks(t) {
			return true
		}
	}
	return false
}

// speaks looks for --runtime-config within a text only where that may be a script: this runs for every text of every pod.
func speaks(text string) bool {
	const feature, runtime = "feature", "--runtime"
	if len(text) < len(feature) {
		return false
	}
	return strings.Contains(text, feature) || strings.HasPrefix(text, runtime) ||
		len(text) > 64 && strings.Contains(text, runtime)
}

func argPath(place object.Place, a kubecomponent.Arg) *field.Path {
	return place.Path().Child(a.Field).Index(a.Index)
}
