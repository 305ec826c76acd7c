// SPDX-License-Identifier: Apache-2.0

// Package node runs a real Kubernetes of one node, on this machine: a control plane built from source, containerd, and a
// kubelet that runs real pods. It needs root and Debian's packages containerd, runc, containernetworking-plugins,
// iptables, conntrack, ipset, iproute2 and socat.
//
// There is one such node on a machine at a time. What a run that was cut off left behind is cleared away by the next.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Name is the node's name.
const Name = "aks-system1-12345678-vmss000000"

// The addresses. All lie in private ranges that nothing else on a test machine should use.
const (
	bridgeAddress = "10.250.0.1" // the node, the API server, and the gateway of its pods
	podRange      = "10.250.0.0/24"
	serviceRange  = "10.251.0.0/24"
	firstService  = "10.251.0.1" // the Service "kubernetes"
	securePort    = "16443"
	etcdPort      = "12379"
	etcdPeerPort  = "12380"
	proxyMetrics  = "127.0.0.1:12381"
)

// Options says how to start a Node.
type Options struct {
	// Binaries is the folder of the control plane's binaries, as hack/controlplane.sh prints it.
	Binaries string
	// Dir holds everything that the node writes, and is removed by Stop. It must be short: sockets lie in it.
	Dir string
	// APIServerArgs are further flags of the API server.
	APIServerArgs []string
	// Log receives a line for each step.
	Log io.Writer
}

// Node is a running cluster of one node.
type Node struct {
	// Config belongs to the customer's local admin.
	Config *rest.Config
	// Kubeconfig is the path of the same as a file.
	Kubeconfig string

	o         Options
	pki       *pki
	processes map[string]*process
	order     []string
}

// Start clears what an earlier run left behind, and starts everything until the node is ready. The caller must call
// Stop, also after an error.
func Start(ctx context.Context, o Options) (*Node, error) {
	n := &Node{o: o, processes: map[string]*process{}}
	if os.Geteuid() != 0 {
		return n, errors.New("start node: only root can: a kubelet mounts, and makes namespaces and cgroups")
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"clear what an earlier run left", func(context.Context) error { return clear(o.Dir) }},
		{"make folders", n.folders},
		{"make certificates", n.certificates},
		{"make the network", n.network},
		{"start etcd", n.etcd},
		{"start the API server", n.apiServer},
		{"start the controllers and the scheduler", n.controllers},
		{"start containerd", n.containerd},
		{"import the pause image", n.pause},
		{"start the kubelet", n.kubelet},
		{"start kube-proxy", n.kubeProxy},
		{"wait for the node", n.ready},
	} {
		began := time.Now()
		if err := step.do(ctx); err != nil {
			return n, fmt.Errorf("start node: %s: %w", step.what, err)
		}
		n.say("%s: %.1f s", step.what, time.Since(began).Seconds())
	}
	return n, nil
}

func (n *Node) say(format string, args ...any) {
	if n.o.Log != nil {
		fmt.Fprintf(n.o.Log, "node: "+format+"\n", args...)
	}
}

// Stop stops every process by its pid, the last one first, and takes away what they made: containers, mounts, links,
// packet filter rules and files.
func (n *Node) Stop() error {
	var errs []error
	for i := len(n.order) - 1; i >= 0; i-- {
		errs = append(errs, n.processes[n.order[i]].stop())
	}
	return errors.Join(append(errs, clear(n.o.Dir))...)
}

// Kill ends one of the node's processes at once, as a crash would; Resume starts it again.
func (n *Node) Kill(name string) error { return n.processes[name].kill() }

// Resume starts a process again that Kill ended.
func (n *Node) Resume(name string) error {
	p, err := run(n.o.Dir, name, n.processes[name].args...)
	if err != nil {
		return err
	}
	n.processes[name] = p
	return nil
}

// LogFile is where the named process writes its log.
func (n *Node) LogFile(name string) string { return filepath.Join(n.o.Dir, name+".log") }

func (n *Node) path(elements ...string) string {
	return filepath.Join(append([]string{n.o.Dir}, elements...)...)
}

func (n *Node) folders(context.Context) error {
	for _, name := range []string{"pki", "etcd", "containerd/root", "containerd/state", "cni", "kubelet", "pids", "pods"} {
		if err := os.MkdirAll(n.path(name), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// launch starts a server of the control plane's binaries, or of the system's where it has none of that name.
func (n *Node) launch(name string, args ...string) error {
	binary := filepath.Join(n.o.Binaries, name)
	if _, err := os.Stat(binary); err != nil {
		binary = name
	}
	p, err := run(n.o.Dir, name, append([]string{binary}, args...)...)
	if err != nil {
		return err
	}
	n.processes[name] = p
	n.order = append(n.order, name)
	return nil
}

// ready waits until the node can run pods.
func (n *Node) ready(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(n.Config)
	if err != nil {
		return err
	}
	return n.until(ctx, time.Minute, "the node is not ready", func() bool {
		node, err := client.CoreV1().Nodes().Get(ctx, Name, metav1.GetOptions{})
		if err != nil {
			return false
		}
		for _, c := range node.Status.Conditions {
			if c.Type == corev1.NodeReady {
				return c.Status == corev1.ConditionTrue
			}
		}
		return false
	}, "kubelet", "containerd", "kube-controller-manager")
}

// until asks again and again. It gives up early where one of the processes has ended, and then shows its last words.
func (n *Node) until(ctx context.Context, limit time.Duration, problem string, ok func() bool, processes ...string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !ok() {
		for _, name := range processes {
			if p := n.processes[name]; p.ended() {
				return fmt.Errorf("%s: %s has ended; its last words:\n%s", problem, name, p.lastWords())
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s within %s; last words of %s:\n%s", problem, limit, processes[0], n.processes[processes[0]].lastWords())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

func listening(address string) func() bool {
	return func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		c.Close()
		return true
	}
}
