// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// pauseImage is the image of the container that holds a pod's namespaces.
const pauseImage = "localhost/demarc-pause:e2e"

const containerdConfig = `version = 2
root = %q
state = %q
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  # Where a machine may not lower its score, every sandbox would fail.
  restrict_oom_score_adj = true
  # Below our folder, where clearing up finds them.
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`

func (n *Node) socket() string { return n.path("containerd", "containerd.sock") }

func (n *Node) containerd(ctx context.Context) error {
	config := fmt.Sprintf(containerdConfig, n.path("containerd", "root"), n.path("containerd", "state"), n.socket(), pauseImage, n.path("cni"))
	if err := os.WriteFile(n.path("containerd", "config.toml"), []byte(config), 0o644); err != nil {
		return err
	}
	if err := n.launch("containerd", "--config", n.path("containerd", "config.toml")); err != nil {
		return err
	}
	return n.until(ctx, 30*time.Second, "containerd does not answer", func() bool {
		return exec.Command("ctr", "-a", n.socket(), "version").Run() == nil
	}, "containerd")
}

//go:embed pause/main.go
var pauseSource []byte

// pause builds the pause image from a few lines of Go, since no registry is asked for anything.
func (n *Node) pause(ctx context.Context) error {
	dir := n.path("pause")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(dir+"/main.go", pauseSource, 0o644); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+"/pause", dir+"/main.go")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	dockerfile := "FROM scratch\nCOPY pause /pause\nENTRYPOINT [\"/pause\"]\n"
	if err := os.WriteFile(dir+"/Dockerfile", []byte(dockerfile), 0o644); err != nil {
		return err
	}
	if err := command("buildah", "bud", "--isolation", "chroot", "-t", pauseImage, dir); err != nil {
		return err
	}
	return n.Import(pauseImage)
}

// Import brings an image of buildah's into the node, under the same name.
func (n *Node) Import(image string) error {
	archive := n.path("image.tar")
	defer os.Remove(archive)
	if err := os.RemoveAll(archive); err != nil {
		return err
	}
	if err := command("buildah", "push", image, "docker-archive:"+archive+":"+image); err != nil {
		return err
	}
	return command("ctr", "-a", n.socket(), "-n", "k8s.io", "images", "import", archive)
}

const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %[2]s/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: %[2]s/pki/kubelet-server.crt
tlsPrivateKeyFile: %[2]s/pki/kubelet-server.key
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix://%[3]s
podLogsDir: %[2]s/pods
evictionHard: {memory.available: 10Mi, nodefs.available: "1%%", imagefs.available: "1%%"}
imageGCHighThresholdPercent: 100
enforceNodeAllocatable: []
nodeStatusUpdateFrequency: 5s
registerWithTaints: []
resolvConf: ""
`

func (n *Node) kubelet(context.Context) error {
	if err := n.pki.issue("kubelet-server", "kubelet", nil, []string{bridgeAddress, Name}); err != nil {
		return err
	}
	config := fmt.Sprintf(kubeletConfig, bridgeAddress, n.o.Dir, n.socket())
	if err := os.WriteFile(n.path("kubelet.yaml"), []byte(config), 0o644); err != nil {
		return err
	}
	labels := []string{"agentpool=system1"} // those below kubernetes.azure.com a kubelet may set too
	for key, value := range map[string]string{"agentpool": "system1", "mode": "system", "cluster": "MC_shop-rg_shop-aks_westeurope"} {
		labels = append(labels, "kubernetes.azure.com/"+key+"="+value)
	}
	return n.launch("kubelet", "--config="+n.path("kubelet.yaml"), "--kubeconfig="+n.pki.file("kubelet.kubeconfig"),
		"--root-dir="+n.path("kubelet"), "--hostname-override="+Name, "--node-ip="+bridgeAddress,
		"--node-labels="+strings.Join(labels, ","))
}
