// SPDX-License-Identifier: Apache-2.0

package kubecomponent_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
)

// FuzzIdentify looks for text that ends the process, and for arguments that tell a place where they don't stand.
func FuzzIdentify(f *testing.F) {
	f.Add("registry.k8s.io/kube-scheduler:v1.34.4", "kube-scheduler\x00--feature-gates=$(A)", "--v=2", "X=true")
	f.Add("busybox", "sh\x00-c", "A=1; exec kube-proxy --feature-gates=\"$A\" <<E\n$(kubelet)\nE", "")
	f.Add("busybox", "tini\x00--\x00bash\x00-ec", "sh -c 'hyperkube kubelet' | tee ${X:-$(f)} && [[ a ]]", "$(A)")
	f.Fuzz(func(t *testing.T, image, command, args, value string) {
		c := &corev1.Container{
			Image: image, Command: strings.Split(command, "\x00"), Args: strings.Split(args, "\x00"),
			Env: []corev1.EnvVar{{Name: "A", Value: value}, {Name: "B", ValueFrom: &corev1.EnvVarSource{}}},
		}
		for _, component := range kubecomponent.Identify(c, &kubecomponent.ScriptReader{}) {
			if component.Name == "" {
				t.Error("a component without a name")
			}
			component.Flag("feature-gates")
			for _, a := range component.Args {
				list := map[string][]string{"command": c.Command, "args": c.Args}[a.Field]
				if a.Index >= len(list) {
					t.Errorf("argument %q stands at %s[%d]", a.Text, a.Field, a.Index)
				}
			}
		}
	})
}

// FuzzConfigs looks for configuration files that end the process.
func FuzzConfigs(f *testing.F) {
	f.Add("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfeatureGates: {A: true}\n---\n- *a\n")
	f.Add("{\"apiVersion\":\"kubeadm.k8s.io/v1beta4\",\"kind\":\"ClusterConfiguration\",\"scheduler\":{\"extraArgs\":" +
		"[{\"name\":\"feature-gates\",\"value\":\"A=true\"}]}}")
	f.Fuzz(func(_ *testing.T, text string) {
		new(kubecomponent.ConfigReader).Configs(text)
	})
}

func BenchmarkIdentify(b *testing.B) {
	for name, c := range map[string]*corev1.Container{
		"nothing": {
			Image: "contoso.azurecr.io/shop/web:2026.11.3", Command: []string{"/app/server"},
			Args: []string{"--listen=:8080", "--database=$(DATABASE)", "--log-level=info"},
			Env:  []corev1.EnvVar{{Name: "DATABASE", Value: "postgres://db.shop.svc:5432/shop"}, {Name: "TZ", Value: "UTC"}},
		},
		"component": {
			Image: "registry.k8s.io/kube-scheduler:v1.34.4", Command: []string{"kube-scheduler"},
			Args: []string{"--config=/etc/scheduler.yaml", "--feature-gates=MemoryQoS=true"},
		},
		"script": {
			Image: "busybox", Command: []string{"sh", "-c", "set -eu\nuntil nc -z db 5432; do sleep 1; done\nexec kube-scheduler --v=2\n"},
		},
	} {
		b.Run(name, func(b *testing.B) {
			var r kubecomponent.ScriptReader
			b.ReportAllocs()
			for b.Loop() {
				r = kubecomponent.ScriptReader{}
				kubecomponent.Identify(c, &r)
			}
		})
	}
}
