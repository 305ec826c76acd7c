// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/test/benchmark/rig"
	"github.com/demarc-dev/demarc/test/cluster"
	"github.com/demarc-dev/demarc/test/node"
)

// nodeDir is where every run has its node, so that each clears away what one before it left.
const nodeDir = "/var/tmp/demarc-e2e"

// The image of demarc on the node; no registry knows it.
const repository, tag = "localhost/demarc", "restarts"

// startNode starts a node and installs demarc there as an operator would: first letting requests through, and failing closed
// once its pods answer.
func (b *bench) startNode(ctx context.Context) error {
	binaries, err := cluster.FindBinaries()
	if err != nil {
		return err
	}
	if b.helm == "" {
		b.say("finding Helm")
		if b.helm, err = tool(ctx, nil, "hack/helm.sh"); err != nil {
			return err
		}
	}
	b.say("building the image")
	if _, err := tool(ctx, nil, "make", "image", "IMAGE="+repository+":"+tag); err != nil {
		return err
	}
	n, err := node.Start(ctx, node.Options{Binaries: binaries, Dir: nodeDir, Log: os.Stderr})
	b.Cleanup(n.Stop)
	if err != nil {
		return err
	}
	if err := n.Import(repository + ":" + tag); err != nil {
		return err
	}
	if err := b.connect(n.Config); err != nil {
		return err
	}
	for _, policy := range []string{"Ignore", "Fail"} {
		b.say("installing the chart, failurePolicy %s", policy)
		_, err := tool(ctx, []string{"KUBECONFIG=" + n.Kubeconfig, "HOME=" + b.Dir}, b.helm, "upgrade", "--install", "demarc", "charts/demarc",
			"--namespace", b.system, "--create-namespace", "--wait", "--timeout=3m", "--set", "registration.customers.failurePolicy="+policy,
			"--set", "image.repository="+repository+",image.tag="+tag+",image.pullPolicy=Never")
		if err != nil {
			return err
		}
		if err := b.answered(ctx); err != nil {
			return err
		}
	}
	b.killPod = killHere
	return nil
}

// tool runs a program to its end and returns the last line of what it prints.
func tool(ctx context.Context, env []string, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(os.Environ(), env...)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s%s", name, strings.Join(args, " "), err, out, complaints.Bytes())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], nil
}

// killHere kills a pod's process, which is one of this machine's: that of demarc whose cgroup is the pod's.
func killHere(_ context.Context, p pod) error {
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return err
	}
	for _, file := range files {
		group, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(group, []byte("pod"+p.uid)) {
			continue // it has ended, or is another's
		}
		command, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if err != nil || !bytes.HasPrefix(command, []byte("/demarc\x00serve\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return err
		}
		return syscall.Kill(pid, syscall.SIGKILL)
	}
	return errors.New("pod " + p.name + " has no process on this machine")
}

// answered waits until the API server has answers of demarc: until then, it lacks its certificate or its address.
func (b *bench) answered(ctx context.Context) error {
	return rig.Eventually(ctx, "demarc answers", func() error {
		before, err := b.calls(ctx)
		if err != nil {
			return err
		}
		probe := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "demarc-restarts-probe"}}
		_, err = b.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			return err
		}
		after, err := b.calls(ctx)
		if err != nil {
			return err
		}
		if c := after.less(before); c.asked == 0 || c.failedOpen > 0 {
			return fmt.Errorf("%d calls, %d of them without an answer", c.asked, c.failedOpen)
		}
		return nil
	})
}
