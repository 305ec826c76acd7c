// SPDX-License-Identifier: Apache-2.0

package kubecomponent

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/demarc-dev/demarc/pkg/featuregates"
)

// MaxConfig is how many bytes of configuration files one ConfigReader parses. A complete one has about 4 KiB.
const MaxConfig = 64 << 10

// Config is what one document of a configuration file says about feature gates.
type Config struct {
	// Kind is that of the document, such as "KubeletConfiguration", and Component what its gates are for.
	Kind, Component string
	Settings        []featuregates.Setting
	// Version is the version of Kubernetes that the document asks for; empty if it asks for none.
	Version string
}

// ConfigReader reads configuration files up to a total of MaxConfig bytes. The zero value is ready.
type ConfigReader struct {
	parsed int
}

// The groups of the kinds that set feature gates of components. KubeSchedulerConfiguration has none, nor has the
// configuration of any other component.
const (
	kubeletGroup = "kubelet.config.k8s.io/"
	proxyGroup   = "kubeproxy.config.k8s.io/"
	kubeadmGroup = "kubeadm.k8s.io/"
)

// Configs returns what the documents of a file say about feature gates; nothing for text that is no configuration file
// of a component. It parses only text that names both a kind's group and feature gates.
func (r *ConfigReader) Configs(text string) []Config {
	if !strings.Contains(text, "featureGates") && !strings.Contains(text, "feature-gates") {
		return nil
	}
	if !strings.Contains(text, kubeletGroup) && !strings.Contains(text, proxyGroup) && !strings.Contains(text, kubeadmGroup) {
		return nil
	}
	if len(text) > MaxConfig-r.parsed {
		return nil
	}
	r.parsed += len(text)
	var configs []Config
	for document := range documents(text) {
		if !speaksOfGates(document) {
			continue
		}
		var root yaml.Node
		if err := yaml.Unmarshal([]byte(document), &root); err == nil && root.Kind == yaml.DocumentNode {
			configs = append(configs, readConfig(tree{root.Content[0]})...)
		}
	}
	return configs
}

func speaksOfGates(text string) bool {
	return (strings.Contains(text, "featureGates") || strings.Contains(text, "feature-gates")) &&
		(strings.Contains(text, kubeletGroup) || strings.Contains(text, proxyGroup) || strings.Contains(text, kubeadmGroup))
}

// documents splits a file at its "---" lines, so that a broken document doesn't hide the others.
func documents(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start, at := 0, 0
		for line := range strings.Lines(text) {
			if strings.TrimRight(line, " \r\n") == "---" {
				if !yield(text[start:at]) {
					return
				}
				start = at + len(line)
			}
			at += len(line)
		}
		yield(text[start:])
	}
}

func readConfig(t tree) []Config {
	version, kind := t.get("apiVersion").text(), t.get("kind").text()
	switch {
	case kind == "KubeletConfiguration" && strings.HasPrefix(version, kubeletGroup):
		return gatesOf(t, kind, Kubelet)
	case kind == "KubeProxyConfiguration" && strings.HasPrefix(version, proxyGroup):
		return gatesOf(t, kind, Proxy)
	case strings.HasPrefix(version, kubeadmGroup):
		return readKubeadm(t, kind)
	}
	return nil
}

func gatesOf(t tree, kind, component string) []Config {
	var settings []featuregates.Setting
	for gate, value := range t.get("featureGates").members() {
		settings = append(settings, featuregates.Setting{Gate: gate, Enabled: value.isTrue()})
	}
	if len(settings) == 0 {
		return nil
	}
	return []Config{{Kind: kind, Component: component, Settings: settings}}
}

// kubeadmArgs are the places where kubeadm's kinds hold arguments of a component. Their own featureGates are kubeadm's.
var kubeadmArgs = []struct {
	kinds          []string
	parent, member string
	component      string
}{
	{[]string{"ClusterConfiguration"}, "apiServer", "extraArgs", APIServer},
	{[]string{"ClusterConfiguration"}, "controllerManager", "extraArgs", ControllerManager},
	{[]string{"ClusterConfiguration"}, "scheduler", "extraArgs", Scheduler},
	{[]string{"InitConfiguration", "JoinConfiguration"}, "nodeRegistration", "kubeletExtraArgs", Kubelet},
}

func readKubeadm(t tree, kind string) []Config {
	var configs []Config
	for _, place := range kubeadmArgs {
		if !slices.Contains(place.kinds, kind) {
			continue
		}
		if value := extraArg(t.get(place.parent).get(place.member), "feature-gates"); value != "" {
			configs = append(configs, Config{
				Kind: kind, Component: place.component,
				Settings: featuregates.Parse(value), Version: t.get("kubernetesVersion").text(),
			})
		}
	}
	return configs
}

// extraArg returns an argument from a map of arguments, or as of v1beta4 from a list of names and values.
func extraArg(args tree, name string) string {
	value := args.get(name).text()
	for item := range args.items() {
		if item.get("name").text() == name {
			value = item.get("value").text()
		}
	}
	return value
}
