// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// doubtConfigMap goes with every finding in a ConfigMap.
const doubtConfigMap = "a ConfigMap alone does nothing: it counts once a component or a node reads it"

// configMap records configuration files of components, and scripts that edit the kubelet's, with alpha gates in them.
func (g gateCheck) configMap(in policy.Input) []policy.Finding {
	// Most ConfigMaps never get decoded.
	if in.Object == nil || !bytes.Contains(in.Object.Raw(), []byte("feature")) {
		return nil
	}
	m, ok := object.As[*corev1.ConfigMap](in.Object)
	if !ok {
		return nil
	}
	c := configFiles{gateCheck: g, in: in}
	for _, key := range slices.Sorted(maps.Keys(m.Data)) {
		if value := m.Data[key]; namesGates(value) {
			at := field.NewPath("data").Key(key)
			c.file(value, at)
			c.script(value, at)
		}
	}
	return c.found.list
}

// configFiles is a ConfigMap under judgement.
type configFiles struct {
	gateCheck
	in      policy.Input
	configs kubecomponent.ConfigReader
	scripts kubecomponent.ScriptReader
	found   gateFindings
}

func (c *configFiles) file(text string, at *field.Path) {
	for _, config := range c.configs.Configs(text) {
		versions := nodeVersions(c.in)
		if m, ok := featuregates.ParseMinor(config.Version); ok {
			versions = gateVersions{from: m, to: m}
		}
		for _, s := range config.Settings {
			if !s.Enabled || s.Err != nil || c.allowed[s.Gate] || (s.Component != "" && s.Component != "kube") {
				continue
			}
			if _, alpha := versions.alpha(s.Gate); alpha {
				c.add(s.Gate, config.Component+" by "+config.Kind, at)
			}
		}
	}
}

// script reads a shell script. Text without an interpreter in its first line may be documentation.
func (c *configFiles) script(text string, at *field.Path) {
	if !strings.HasPrefix(text, "#!") || !namesKubeletFile(text) {
		return
	}
	commands, _ := c.scripts.Commands(text, nil)
	for i := range commands {
		for written := range writtenBy(&commands[i]) {
			for gate := range c.alphaAssignments(written, nodeVersions(c.in)) {
				c.add(gate, "the kubelet's configuration", at)
			}
		}
	}
}

func (c *configFiles) add(gate, where string, at *field.Path) {
	f := turnsOn(gate, where, at)
	f.Doubt, f.AtMost = doubtConfigMap, policy.Audit
	c.found.add(f)
}
