// SPDX-License-Identifier: Apache-2.0

// Package kubecomponent finds the Kubernetes components, such as kubelet or kube-scheduler, that a container runs: by
// its command, by its image, and inside shell scripts. It also reads what their configuration files turn on.
package kubecomponent

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/featuregates"
)

// Evidence is what tells that a container runs a component.
type Evidence int

// The kinds of evidence. Only the first is certain.
const (
	ByBoth    Evidence = iota // command and image agree
	ByCommand                 // the command names it, the image is something else
	ByImage                   // the image is named like it, and no command says otherwise
	ByScript                  // a shell script among the arguments runs it
)

// Component is a Kubernetes component that a container runs.
type Component struct {
	// Name is that of the binary: "kube-scheduler", "azure-cloud-controller-manager", or what hyperkube is told to be.
	Name     string
	Evidence Evidence
	// Args are the arguments after the name, with Kubernetes' own $(VAR) replaced where the value is known.
	Args []Arg
	// Minor is the component's version by the image's tag. It is there if Versioned is true.
	Minor     featuregates.Minor
	Versioned bool
}

// Arg is one argument of a component.
type Arg struct {
	Text string
	// Known is false if a part of the text is not told by the container.
	Known bool
	// Field is "command" or "args" of the container, and Index the place in there.
	Field string
	Index int
}

// Texts returns the texts of the arguments.
func (c Component) Texts() []string {
	texts := make([]string, len(c.Args))
	for i := range c.Args {
		texts[i] = c.Args[i].Text
	}
	return texts
}

// Flag returns the arguments that set the flag of that name, as --name=value and --name value, in either spelling of the
// dashes; Text is the value alone.
func (c Component) Flag(name string) []Arg {
	var values []Arg
	for i, a := range c.Args {
		flag, value, attached := strings.Cut(a.Text, "=")
		rest, ok := strings.CutPrefix(flag, "--")
		if !ok || strings.ReplaceAll(rest, "_", "-") != name {
			continue
		}
		switch {
		case attached:
			a.Text = value
		case i+1 < len(c.Args):
			a = c.Args[i+1]
		}
		values = append(values, a)
	}
	return values
}

// Identify returns the components that a container runs: mostly none or one, more if a script runs several. Scripts are
// parsed on the reader's account. It allocates nothing for a container that names no component.
func Identify(c *corev1.Container, scripts *ScriptReader) []Component {
	if !mentions(c) {
		return nil
	}
	cmd := CommandLine(c)
	image := imageOf(c.Image)
	args := cmd.Args
	if at, name, ok := program(args); ok {
		found := Component{Name: name, Evidence: ByCommand, Args: args[at+1:]}
		switch {
		case image.is(name):
			found.Evidence = ByBoth
		case len(c.Command) == 0 && args[at].Text != name:
			return nil // The image's own entrypoint gets a path, such as /var/lib/kubelet.
		}
		return []Component{found.versioned(image)}
	}
	if script, ok := cmd.Script(); ok {
		return inScript(script, cmd, image, scripts)
	}
	// Flags without a program are for the image's own entrypoint.
	if isComponent(image.name) && (len(args) == 0 || strings.HasPrefix(args[0].Text, "-")) {
		return []Component{Component{Name: image.name, Evidence: ByImage, Args: args}.versioned(image)}
	}
	return nil
}

// inScript returns the components among the commands of a script.
func inScript(script Arg, cmd Line, image image, scripts *ScriptReader) []Component {
	if !mentionsComponent(script.Text) {
		return nil
	}
	commands, _ := scripts.Commands(script.Text, cmd.Env)
	var found []Component
	for i := range commands {
		args := make([]Arg, len(commands[i].Words))
		for j, w := range commands[i].Words {
			args[j] = Arg{Text: w.Text, Known: w.Known, Field: script.Field, Index: script.Index}
		}
		if at, name, ok := program(args); ok {
			found = append(found, Component{Name: name, Evidence: ByScript, Args: args[at+1:]}.versioned(image))
		}
	}
	return found
}

// versioned adds the version that the image's tag tells. The tag of another image counts versions of something else, and
// so may one that isn't spelt as Kubernetes spells its own.
func (c Component) versioned(i image) Component {
	if i.is(c.Name) && followsKubernetes(i.name) && strings.HasPrefix(i.tag, "v") {
		c.Minor, c.Versioned = featuregates.ParseMinor(i.tag)
	}
	return c
}
