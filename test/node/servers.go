// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"time"

	"k8s.io/client-go/kubernetes"
)

func (n *Node) etcd(ctx context.Context) error {
	url := "http://127.0.0.1:" + etcdPort
	peer := "http://127.0.0.1:" + etcdPeerPort
	if err := n.launch("etcd", "--data-dir", n.path("etcd"), "--unsafe-no-fsync", "--listen-client-urls", url,
		"--advertise-client-urls", url, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
		"--initial-cluster", "default="+peer, "--log-level", "warn"); err != nil {
		return err
	}
	return n.until(ctx, 30*time.Second, "etcd does not listen", listening("127.0.0.1:"+etcdPort), "etcd")
}

func (n *Node) apiServer(ctx context.Context) error {
	args := append([]string{
		"--etcd-servers=http://127.0.0.1:" + etcdPort, "--advertise-address=" + bridgeAddress, "--secure-port=" + securePort,
		"--service-cluster-ip-range=" + serviceRange, "--allow-privileged", "--authorization-mode=Node,RBAC",
		"--kubelet-preferred-address-types=InternalIP", // nobody resolves the name of the node
		"--enable-admission-plugins=NodeRestriction", "--client-ca-file=" + n.pki.file("ca.crt"),
		"--tls-cert-file=" + n.pki.file("apiserver.crt"), "--tls-private-key-file=" + n.pki.file("apiserver.key"),
		"--kubelet-certificate-authority=" + n.pki.file("ca.crt"),
		"--kubelet-client-certificate=" + n.pki.file("kubelet-client.crt"), "--kubelet-client-key=" + n.pki.file("kubelet-client.key"),
		"--service-account-issuer=" + server, "--service-account-key-file=" + n.pki.file("service-accounts.key"),
		"--service-account-signing-key-file=" + n.pki.file("service-accounts.key"),
	}, n.o.APIServerArgs...)
	if err := n.launch("kube-apiserver", args...); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(n.Config)
	if err != nil {
		return err
	}
	return n.until(ctx, time.Minute, "the API server is not ready", func() bool {
		return client.CoreV1().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil
	}, "kube-apiserver")
}

func (n *Node) controllers(context.Context) error {
	if err := n.launch("kube-controller-manager", "--kubeconfig="+n.pki.file("kube-controller-manager.kubeconfig"),
		"--use-service-account-credentials", "--root-ca-file="+n.pki.file("ca.crt"),
		"--service-account-private-key-file="+n.pki.file("service-accounts.key"),
		"--cluster-signing-cert-file="+n.pki.file("ca.crt"), "--cluster-signing-key-file="+n.pki.file("ca.key"),
		"--allocate-node-cidrs", "--cluster-cidr=10.252.0.0/16", "--service-cluster-ip-range="+serviceRange,
		"--leader-elect=false", "--node-monitor-grace-period=20s", "--secure-port=0"); err != nil {
		return err
	}
	return n.launch("kube-scheduler", "--kubeconfig="+n.pki.file("kube-scheduler.kubeconfig"), "--leader-elect=false", "--secure-port=0")
}

func (n *Node) kubeProxy(ctx context.Context) error {
	if err := n.launch("kube-proxy", "--kubeconfig="+n.pki.file("kube-proxy.kubeconfig"), "--proxy-mode=iptables",
		"--hostname-override="+Name, "--conntrack-max-per-core=0", "--healthz-bind-address=", "--metrics-bind-address="+proxyMetrics); err != nil {
		return err
	}
	return n.until(ctx, 30*time.Second, "kube-proxy does not listen", listening(proxyMetrics), "kube-proxy")
}
