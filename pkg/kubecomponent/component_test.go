// SPDX-License-Identifier: Apache-2.0

package kubecomponent_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
)

func TestIdentify(t *testing.T) {
	for name, c := range map[string]struct {
		image         string
		command, args []string
		want          []string
	}{
		"command and image agree": {"registry.k8s.io/kube-scheduler:v1.34.4", []string{"kube-scheduler", "--v=2"}, nil,
			[]string{"kube-scheduler 1.34 both: --v=2"}},
		"path and args": {"registry.k8s.io/kube-proxy:v1.36.3", []string{"/usr/local/bin/kube-proxy"}, []string{"--v=2"},
			[]string{"kube-proxy 1.36 both: --v=2"}},
		"registry with a port, digest without a tag": {"localhost:5000/kube-proxy@sha256:0123", []string{"kube-proxy"}, nil,
			[]string{"kube-proxy both:"}},
		"tag and digest": {"registry.k8s.io/kube-proxy:v1.35.0@sha256:0123", []string{"kube-proxy"}, nil,
			[]string{"kube-proxy 1.35 both:"}},
		"architecture in the name": {"k8s.gcr.io/kube-proxy-amd64:v1.20.1", []string{"kube-proxy"}, nil,
			[]string{"kube-proxy 1.20 both:"}},
		"tag that is no version":  {"registry.k8s.io/kube-proxy:latest", []string{"kube-proxy"}, nil, []string{"kube-proxy both:"}},
		"tag of another spelling": {"registry.k8s.io/kube-proxy:1.34", []string{"kube-proxy"}, nil, []string{"kube-proxy both:"}},
		"other image, whose tag counts its own versions": {"contoso.azurecr.io/my-scheduler:v1.34.4",
			[]string{"/usr/local/bin/kube-scheduler"}, nil, []string{"kube-scheduler command:"}},
		"image of another component": {"registry.k8s.io/kube-proxy:v1.34.4", []string{"kube-scheduler"}, nil,
			[]string{"kube-scheduler command:"}},
		"image alone": {"registry.k8s.io/kube-scheduler:v1.34.4", nil, []string{"--v=2"},
			[]string{"kube-scheduler 1.34 image: --v=2"}},
		"arguments name the program": {"registry.k8s.io/kube-scheduler:v1.34.4", nil, []string{"kube-scheduler", "--v=2"},
			[]string{"kube-scheduler 1.34 both: --v=2"}},
		"image, but another command":        {"registry.k8s.io/kube-scheduler:v1.34.4", []string{"sleep", "1"}, nil, nil},
		"image, but another argument":       {"registry.k8s.io/kube-scheduler:v1.34.4", nil, []string{"version"}, nil},
		"path to a component in a flag":     {"prometheus-operator", nil, []string{"--kubelet-service=kube-system/kubelet"}, nil},
		"path to a component for the image": {"csi-driver", nil, []string{"/var/lib/kubelet", "--v=2"}, nil},
		"name for the image":                {"kubernetes-tools:v1.36.3", nil, []string{"kubelet", "--v=2"}, []string{"kubelet command: --v=2"}},
		"name within a name":                {"registry.k8s.io/kube-scheduler-simulator:v1.34.4", nil, nil, nil},
		"program with the name inside":      {"busybox", []string{"kube-scheduler-exporter"}, nil, nil},
		"hyperkube": {"rancher/hyperkube:v1.24.17-rancher1", []string{"/hyperkube", "kubelet", "--v=2"}, nil,
			[]string{"kubelet 1.24 both: --v=2"}},
		"hyperkube by its entrypoint": {"rancher/hyperkube:v1.24.17-rancher1", nil, []string{"kubelet"},
			[]string{"kubelet 1.24 both:"}},
		"hyperkube told nothing": {"rancher/hyperkube:v1.24.17", []string{"hyperkube", "--help"}, nil, nil},
		"tini":                   {"kube-proxy:v1.36.3", []string{"tini", "-g", "-p", "SIGTERM", "--", "kube-proxy"}, nil, []string{"kube-proxy 1.36 both:"}},
		"dumb-init":              {"kube-proxy:v1.36.3", []string{"dumb-init", "--rewrite", "15:3", "kube-proxy"}, nil, []string{"kube-proxy 1.36 both:"}},
		"env":                    {"kube-proxy:v1.36.3", []string{"/usr/bin/env", "-u", "A", "B=/b", "kube-proxy"}, nil, []string{"kube-proxy 1.36 both:"}},
		"kube-log-runner": {"kube-proxy:v1.36.3", []string{"/go-runner", "--log-file=/a", "--also-stdout=true", "kube-proxy", "--v=2"}, nil,
			[]string{"kube-proxy 1.36 both: --v=2"}},
		"log file apart": {"kube-proxy:v1.36.3", []string{"kube-log-runner", "-log-file", "/a", "kube-proxy"}, nil, []string{"kube-proxy 1.36 both:"}},
		"end of options": {"kube-proxy:v1.36.3", []string{"tini", "--", "a=b", "kube-proxy"}, nil, nil},
		"path in the first flag": {"kube-proxy:v1.36.3", nil, []string{"--config=/etc/kube-proxy", "--v=2"},
			[]string{"kube-proxy 1.36 image: --config=/etc/kube-proxy --v=2"}},
		"wrapper of nothing": {"kube-proxy:v1.36.3", []string{"tini", "--"}, nil, nil},
		"Windows":            {"sigwindowstools/kube-proxy:v1.34.0-nanoserver", []string{`C:\k\kube-proxy.exe`}, nil, []string{"kube-proxy 1.34 both:"}},
		"Azure's cloud part": {"mcr.microsoft.com/oss/kubernetes/azure-cloud-controller-manager:v1.33.1", []string{"cloud-controller-manager"}, nil, []string{"cloud-controller-manager 1.33 both:"}},
		"Azure's node part":  {"mcr.microsoft.com/oss/kubernetes/azure-cloud-node-manager:v1.33.1", []string{"cloud-node-manager"}, nil, []string{"cloud-node-manager 1.33 both:"}},
		"others count their own": {"hetznercloud/hcloud-cloud-controller-manager:v1.25.1", []string{"/bin/hcloud-cloud-controller-manager"}, nil,
			[]string{"hcloud-cloud-controller-manager both:"}},
		"node part is not the controller part": {"azure-cloud-node-manager:v1.33.1", []string{"cloud-controller-manager"}, nil,
			[]string{"cloud-controller-manager command:"}},
		"autoscaler": {"registry.k8s.io/autoscaling/cluster-autoscaler:v1.34.2", []string{"./cluster-autoscaler"}, nil,
			[]string{"cluster-autoscaler 1.34 both:"}},
		"script": {"registry.k8s.io/kube-scheduler:v1.34.4", []string{"sh", "-c", "sleep 1\nexec kube-scheduler --v=2"}, nil,
			[]string{"kube-scheduler 1.34 script: --v=2"}},
		"script in the args": {"busybox", []string{"/bin/bash", "-euo", "pipefail", "-c"}, []string{"kube-proxy --v=2"},
			[]string{"kube-proxy script: --v=2"}},
		"script of several":         {"busybox", []string{"sh", "-ec", "kubelet --a & kube-proxy --b"}, nil, []string{"kubelet script: --a", "kube-proxy script: --b"}},
		"script that speaks only":   {"busybox", []string{"sh", "-c", "echo kube-scheduler --v=2; which kubelet"}, nil, nil},
		"script file":               {"busybox", []string{"sh", "/run/kube-proxy.sh"}, nil, nil},
		"script that is none":       {"busybox", []string{"sh", "-c", "kube-proxy ("}, nil, nil},
		"here-document for a shell": {"busybox", []string{"sh", "-c", "bash <<'EOF'\nkube-proxy --v=2\nEOF"}, nil, []string{"kube-proxy script: --v=2"}},
		"shell behind tini":         {"busybox", []string{"tini", "--", "sh", "-c", "kube-proxy"}, nil, []string{"kube-proxy script:"}},
		"nothing":                   {"nginx", nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := spell(kubecomponent.Identify(&corev1.Container{Image: c.image, Command: c.command, Args: c.args}, &kubecomponent.ScriptReader{}))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("components (-want +got):\n%s", diff)
			}
		})
	}
}

func spell(components []kubecomponent.Component) []string {
	var lines []string
	for _, c := range components {
		line := c.Name
		if c.Versioned {
			line += " " + c.Minor.String()
		}
		line += " " + [...]string{"both", "command", "image", "script"}[c.Evidence] + ": " + strings.Join(c.Texts(), " ")
		lines = append(lines, strings.TrimSuffix(line, " "))
	}
	return lines
}

func TestArgsTellTheirPlace(t *testing.T) {
	c := &corev1.Container{
		Image: "kube-proxy:v1.36.3", Command: []string{"kube-proxy", "--a=$(A)"}, Args: []string{"--b=$(B)", "--c=$(C)"},
		Env: []corev1.EnvVar{{Name: "A", Value: "1"}, {Name: "B", ValueFrom: &corev1.EnvVarSource{}}},
	}
	want := []kubecomponent.Arg{
		{Text: "--a=1", Known: true, Field: "command", Index: 1},
		{Text: "--b=$(B)", Field: "args", Index: 0},
		{Text: "--c=$(C)", Field: "args", Index: 1},
	}
	if diff := cmp.Diff(want, kubecomponent.Identify(c, &kubecomponent.ScriptReader{})[0].Args); diff != "" {
		t.Errorf("args (-want +got):\n%s", diff)
	}
}

func TestExpansionFollowsKubernetes(t *testing.T) {
	env := []corev1.EnvVar{
		{Name: "A", Value: "a"}, {Name: "B", Value: "<$(A)>"}, {Name: "EARLY", Value: "$(LATE)"}, {Name: "LATE", Value: "l"},
		{Name: "TWICE", Value: "1"}, {Name: "TWICE", Value: "2"}, {Name: "REF", ValueFrom: &corev1.EnvVarSource{}},
	}
	for text, want := range map[string]string{
		"plain": "plain", "$(A)": "a", "x$(A)y$(B)": "xay<a>", "$$(A)": "$(A)", "$$$(A)": "$a", "$": "$", "$$": "$", "a$b": "a$b",
		"$(A": "$(A", "$(": "$(", "$(NONE)": "$(NONE)", "$(EARLY)": "$(EARLY)", "$(TWICE)": "2", "$(REF)": "$(REF)", "$()": "$()",
	} {
		line := kubecomponent.CommandLine(&corev1.Container{Command: []string{text}, Env: env})
		if got := line.Args[0].Text; got != want {
			t.Errorf("%s is expanded to %s, want %s", text, got, want)
		}
	}
}

func TestFlag(t *testing.T) {
	c := kubecomponent.Component{}
	for _, text := range []string{"--a-b=1", "--a_b=2", "--a-b", "3", "-a-b=4", "--a-bc=5", "a-b=6", "--a-b"} {
		c.Args = append(c.Args, kubecomponent.Arg{Text: text, Index: len(c.Args)})
	}
	var got []string
	for _, a := range c.Flag("a-b") {
		got = append(got, a.Text)
	}
	if diff := cmp.Diff([]string{"1", "2", "3", "--a-b"}, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

// TestExpansionIsBounded plants variables that double each other: written out they would fill terabytes.
func TestExpansionIsBounded(t *testing.T) {
	env := []corev1.EnvVar{{Name: "A0", Value: strings.Repeat("x", 1024)}}
	for i := range 32 {
		from := "$(A" + string(rune('0'+i)) + ")"
		env = append(env, corev1.EnvVar{Name: "A" + string(rune('1'+i)), Value: from + from})
	}
	line := kubecomponent.CommandLine(&corev1.Container{Command: []string{"kubelet", "$(A" + string(rune('0'+32)) + ")"}, Env: env})
	if got := len(line.Args[1].Text); got > 2*kubecomponent.MaxScript {
		t.Errorf("the expanded argument has %d bytes", got)
	}
}
