// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/object"
)

// kubeletFiles are what a text names if it is about the kubelet's configuration on a node: its files, its unit, and the
// variables in them.
var kubeletFiles = []string{
	"/etc/default/kubelet", "/var/lib/kubelet/config", "kubelet.service", "KUBELET_FLAGS", "KUBELET_CONFIG", "KUBELET_EXTRA_ARGS",
}

// reachesNode says whether a container could change files of its node.
func (p *gatePod) reachesNode(c *corev1.Container) bool {
	if p.pod.Spec.HostPID || c.SecurityContext != nil && c.SecurityContext.Privileged != nil && *c.SecurityContext.Privileged {
		return true
	}
	for i := range c.VolumeMounts {
		if m := &c.VolumeMounts[i]; !m.ReadOnly && p.hosts.find(m.Name) != nil {
			return true
		}
	}
	return false
}

// nodeEdits finds alpha gates in what a container writes into the kubelet's configuration.
func (p *gatePod) nodeEdits(place object.Place, c *corev1.Container) {
	if !editsKubelet(c) {
		return
	}
	line := kubecomponent.CommandLine(c)
	script, ok := line.Script()
	if !ok {
		p.edit(place, line, c)
		return
	}
	at := argPath(place, script)
	commands, ok := p.edits.Commands(script.Text, line.Env)
	if !ok {
		p.written(script.Text, at)
	}
	for i := range commands {
		for text := range writtenBy(&commands[i]) {
			p.written(text, at)
		}
	}
}

// edit judges a container that runs no script: its arguments, and without a command the variables too, which the image's
// own script may read.
func (p *gatePod) edit(place object.Place, line kubecomponent.Line, c *corev1.Container) {
	command := kubecomponent.Command{Prints: true}
	for _, a := range line.Args {
		command.Words = append(command.Words, kubecomponent.Word{Text: a.Text, Known: a.Known})
	}
	if !command.Quotes() {
		for _, a := range line.Args {
			p.written(a.Text, argPath(place, a))
		}
	}
	for i := range c.Env {
		if len(c.Command) == 0 {
			p.written(c.Env[i].Value, place.Path().Child("env").Index(i).Child("value"))
		}
	}
}

// written finds the alpha gates that a text turns on.
func (p *gatePod) written(text string, at *field.Path) {
	for gate := range p.alphaAssignments(text, nodeVersions(p.in)) {
		f := turnsOn(gate, "the kubelet's configuration", at)
		f.Fix = "leave " + gate + " out of what the pod writes to its node"
		f.Doubt = "only the text of the pod says that it changes the node"
		p.found.add(f)
	}
}

// editsKubelet says whether the texts of a container speak of the kubelet's configuration and of feature gates.
func editsKubelet(c *corev1.Container) bool {
	files, gates := false, false
	for text := range texts(c) {
		files = files || namesKubeletFile(text)
		gates = gates || namesGates(text)
		if files && gates {
			return true
		}
	}
	return false
}

func namesGates(text string) bool {
	return strings.Contains(text, "featureGates") || strings.Contains(text, "feature-gates")
}

func namesKubeletFile(text string) bool {
	for _, f := range kubeletFiles {
		if strings.Contains(text, f) {
			return true
		}
	}
	return false
}
