// SPDX-License-Identifier: Apache-2.0

package kubecomponent_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
)

const kubeletHead = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"

func TestConfigs(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"kubelet": {kubeletHead + "featureGates:\n  A: true\n  B: false\n", []string{"KubeletConfiguration kubelet: A on, B off"}},
		"kube-proxy": {"apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nfeatureGates: {A: true}\n",
			[]string{"KubeProxyConfiguration kube-proxy: A on"}},
		"JSON with tabs": {"{\n\t\"apiVersion\": \"kubelet.config.k8s.io/v1beta1\",\n\t\"kind\": \"KubeletConfiguration\",\n\t\"featureGates\": {\n\t\t\"A\": true\n\t}\n}",
			[]string{"KubeletConfiguration kubelet: A on"}},
		"spellings of true": {kubeletHead + "featureGates: {A: True, B: yes, C: on, D: \"true\", E: 1}\n",
			[]string{"KubeletConfiguration kubelet: A on, B on, C on, D off, E off"}},
		"two documents, one broken": {"a: [featureGates\n---\n" + kubeletHead + "featureGates: {A: true}\n---  \nkind: {}",
			[]string{"KubeletConfiguration kubelet: A on"}},
		"alias": {kubeletHead + "x: &x {A: true}\nfeatureGates: *x\n", nil},
		"kubeadm, map": {"apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: v1.30.0\nfeatureGates: {Z: true}\n" +
			"apiServer: {extraArgs: {feature-gates: \"A=true,B=false\"}}\nscheduler: {extraArgs: {v: \"2\"}}\n",
			[]string{"ClusterConfiguration kube-apiserver v1.30.0: A on, B off"}},
		"kubeadm, list": {"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n" +
			"controllerManager: {extraArgs: [{name: v, value: \"2\"}, {name: feature-gates, value: A=1}, {name: w, value: C=1}]}\n" +
			"scheduler: {extraArgs: [{name: feature-gates, value: B=true}]}\n",
			[]string{"ClusterConfiguration kube-controller-manager: A on", "ClusterConfiguration kube-scheduler: B on"}},
		"kubeadm, node": {"apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\nnodeRegistration:\n" +
			"  kubeletExtraArgs:\n  - name: feature-gates\n    value: A=true\n", []string{"JoinConfiguration kubelet: A on"}},
		"kubeadm's own gates": {"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nfeatureGates: {A: true}\n", nil},
		"scheduler has none":  {"apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nfeatureGates: {A: true}\n", nil},
		"group of others":     {"apiVersion: example.com/v1 # kubelet.config.k8s.io/\nkind: KubeletConfiguration\nfeatureGates: {A: true}\n", nil},
		"kind of others":      {"apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nfeatureGates: {A: true}\n", nil},
		"not a map":           {kubeletHead + "featureGates: [A]\n", nil},
		"documentation":       {"Set featureGates in a KubeletConfiguration of kubelet.config.k8s.io/v1beta1:\n\n    featureGates: {A: true}\n", nil},
		"too long":            {kubeletHead + "featureGates: {A: true}\n" + strings.Repeat("# x\n", kubecomponent.MaxConfig/4), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, config := range new(kubecomponent.ConfigReader).Configs(c.text) {
				got = append(got, spellConfig(config))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("configs (-want +got):\n%s", diff)
			}
		})
	}
}

func spellConfig(c kubecomponent.Config) string {
	line := strings.TrimRight(c.Kind+" "+c.Component+" "+c.Version, " ") + ":"
	for i, s := range c.Settings {
		if i > 0 {
			line += ","
		}
		line += " " + s.Gate + map[bool]string{true: " on", false: " off"}[s.Enabled]
	}
	return line
}

func TestConfigsShareOneAllowance(t *testing.T) {
	r := new(kubecomponent.ConfigReader)
	text := kubeletHead + "featureGates: {A: true}\n" + strings.Repeat("# x\n", kubecomponent.MaxConfig/10)
	for i, want := range []int{1, 1, 0} {
		if got := len(r.Configs(text)); got != want {
			t.Errorf("file %d: %d configs, want %d", i, got, want)
		}
	}
}

// TestHostileConfigs gives the YAML parser what makes it recurse or go back: it must end, and not overflow.
func TestHostileConfigs(t *testing.T) {
	for _, unit := range []string{"[", "{", "{a: ", "- ", "? ", "a: &a ", "*a ", "#\n", "\n", "---\n", "- &a\n", "\"", "|\n", "!!a ", "a:\n#\n", "- #\n"} {
		text := kubeletHead + "featureGates: " + strings.Repeat(unit, (kubecomponent.MaxConfig-200)/len(unit))
		new(kubecomponent.ConfigReader).Configs(text)
	}
}
