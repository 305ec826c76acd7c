// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"maps"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Typical is a request that every cluster sees, by which a hook's reach can be told.
type Typical struct {
	// ID names it for good, for example "pods-create".
	ID string
	// Title says what it is, in words: "a Pod is created".
	Title string
	// Namespaced is true if it is about something in a namespace.
	Namespaced bool
	// Hot is true if a cluster makes it many times a second, or once for each node every few seconds.
	Hot bool
	// Vital says what stops in the cluster if it is refused; empty if nothing of the cluster's own does.
	Vital string

	request Request
}

// In returns the request as it is made in a namespace; ns is left out of account if it is about nothing in one.
func (t *Typical) In(ns *Namespace) *Request {
	r := t.request
	if !t.Namespaced || ns == nil {
		return &r
	}
	r.Namespace = ns
	r.Object, r.OldObject = inside(r.Object, ns.Name), inside(r.OldObject, ns.Name)
	return &r
}

func inside(o *Object, namespace string) *Object {
	if o == nil || o.Content == nil {
		return o
	}
	content := maps.Clone(o.Content)
	meta, _ := content["metadata"].(map[string]any)
	meta = maps.Clone(meta)
	meta["namespace"] = namespace
	content["metadata"] = meta
	return &Object{Content: content, Sparse: o.Sparse}
}

const (
	create = admissionregistrationv1.Create
	update = admissionregistrationv1.Update
	remove = admissionregistrationv1.Delete
)

// Typicals returns the typical requests, the most vital first.
func Typicals() []*Typical {
	return []*Typical{
		ask("nodes-status", "a kubelet reports its node's status", update, "", "nodes/status", "Node").by(kubelet).hot().vital("nodes become NotReady"),
		ask("leases-update", "a heartbeat or a leader election renews its Lease", update, "coordination.k8s.io", "leases", "Lease").
			namespaced().hot().vital("nodes become NotReady, and controllers lose their leadership"),
		ask("nodes-create", "a new node registers", create, "", "nodes", "Node").by(kubelet).vital("no node can join: scaling, upgrades and repairs stop"),
		ask("nodes-update", "a node's labels or taints change", update, "", "nodes", "Node").by(nodeController).vital("nodes are neither cordoned nor made ready"),
		ask("nodes-delete", "a node is removed", remove, "", "nodes", "Node").by(nodeController).vital("scaling down and upgrades stop"),
		ask("csr-create", "a kubelet asks for a certificate", create, "certificates.k8s.io", "certificatesigningrequests", "CertificateSigningRequest").
			by(kubelet).vital("no node gets a certificate, and the tunnel to the nodes can't be built up"),
		ask("csr-approve", "a certificate is approved", update, "certificates.k8s.io", "certificatesigningrequests/approval", "CertificateSigningRequest").
			by(approver).vital("no node gets a certificate, and the tunnel to the nodes can't be built up"),
		ask("csr-status", "a certificate is issued", update, "certificates.k8s.io", "certificatesigningrequests/status", "CertificateSigningRequest").
			by(signer).vital("no node gets a certificate, and the tunnel to the nodes can't be built up"),
		ask("pods-create", "a Pod is created", create, "", "pods", "Pod").namespaced().vital("no pod starts"),
		ask("pods-bind", "the scheduler gives a Pod its node", create, "", "pods/binding", "Binding").by(scheduler).namespaced().vital("no pod starts"),
		ask("pods-status", "a kubelet reports a Pod's status", update, "", "pods/status", "Pod").by(kubelet).namespaced().hot().vital("no pod becomes ready"),
		ask("pods-delete", "a Pod is removed", remove, "", "pods", "Pod").namespaced().vital("no pod goes away"),
		ask("pods-evict", "a Pod is evicted", create, "", "pods/eviction", "Eviction").namespaced().vital("no node can be drained: upgrades stop"),
		ask("endpointslices-update", "a Service's endpoints change", update, "discovery.k8s.io", "endpointslices", "EndpointSlice").
			by(endpointSlices).namespaced().hot().vital("services lose sight of their pods"),
		ask("serviceaccount-token", "a pod gets its token", create, "", "serviceaccounts/token", "TokenRequest").by(kubelet).namespaced().hot().vital("no pod starts"),
		ask("tokenreviews-create", "somebody's token is checked", create, "authentication.k8s.io", "tokenreviews", "TokenReview").
			hot().vital("kubelets and extension servers let nobody in"),
		ask("subjectaccessreviews-create", "somebody's rights are checked", create, "authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview").
			hot().vital("kubelets and extension servers let nobody in"),
		ask("daemonsets-update", "a DaemonSet changes", update, "apps", "daemonsets", "DaemonSet").namespaced().vital("node agents aren't upgraded"),
		ask("deployments-update", "a Deployment changes", update, "apps", "deployments", "Deployment").namespaced().vital("components aren't upgraded"),
		ask("deployments-scale", "a Deployment is scaled", update, "apps", "deployments/scale", "Scale").namespaced(),
		ask("deployments-status", "a Deployment's status is written", update, "apps", "deployments/status", "Deployment").namespaced().hot(),
		ask("replicasets-create", "a Deployment makes a ReplicaSet", create, "apps", "replicasets", "ReplicaSet").namespaced().vital("nothing rolls out"),
		ask("configmaps-update", "a ConfigMap changes", update, "", "configmaps", "ConfigMap").namespaced(),
		ask("secrets-create", "a Secret is created", create, "", "secrets", "Secret").namespaced(),
		ask("secrets-update", "a Secret changes", update, "", "secrets", "Secret").namespaced(),
		ask("services-create", "a Service is created", create, "", "services", "Service").namespaced(),
		ask("events-create", "something is reported as an Event", create, "", "events", "Event").namespaced().hot(),
		ask("namespaces-create", "a namespace is created", create, "", "namespaces", "Namespace"),
		ask("namespaces-delete", "a namespace is removed", remove, "", "namespaces", "Namespace"),
		ask("clusterroles-update", "a ClusterRole changes", update, "rbac.authorization.k8s.io", "clusterroles", "ClusterRole").
			vital("the control plane can't set its rights right after a start"),
		ask("clusterrolebindings-update", "a ClusterRoleBinding changes", update, "rbac.authorization.k8s.io", "clusterrolebindings", "ClusterRoleBinding").
			vital("the control plane can't set its rights right after a start"),
		ask("crds-update", "a custom resource definition changes", update, "apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition").
			vital("add-ons aren't upgraded"),
		ask("persistentvolumes-create", "a volume is provisioned", create, "", "persistentvolumes", "PersistentVolume"),
		ask("webhookconfigurations-update", "a webhook configuration changes", update, "admissionregistration.k8s.io",
			"validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
	}
}

// Accounts that make typical requests.
var (
	kubelet = &authenticationv1.UserInfo{
		Username: "system:node:aks-nodepool1-12345678-vmss000000", Groups: []string{"system:nodes", "system:authenticated"}}
	scheduler      = &authenticationv1.UserInfo{Username: "system:kube-scheduler", Groups: []string{"system:authenticated"}}
	nodeController = account("node-controller")
	approver       = account("certificate-controller")
	signer         = account("certificate-controller")
	endpointSlices = account("endpointslice-controller")
)

func account(name string) *authenticationv1.UserInfo {
	return &authenticationv1.UserInfo{Username: "system:serviceaccount:kube-system:" + name,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}}
}

func ask(id, title string, op admissionregistrationv1.OperationType, group, resource, kind string) *Typical {
	name, subresource, _ := strings.Cut(resource, "/")
	o := &Object{Content: map[string]any{"metadata": map[string]any{}}, Sparse: true}
	r := Request{
		Operation: op, Resource: schema.GroupVersionResource{Group: group, Version: "v1", Resource: name}, Subresource: subresource,
		Kind: kindOf(group, kind), AnyName: true,
	}
	apiVersion, k := r.Kind.ToAPIVersionAndKind()
	o.Content["apiVersion"], o.Content["kind"] = apiVersion, k
	if op != remove {
		r.Object = o
	}
	if op != create {
		r.OldObject = o
	}
	return &Typical{ID: id, Title: title, request: r}
}

// kindOf returns the version of a body that differs from its resource's.
func kindOf(group, kind string) schema.GroupVersionKind {
	switch kind {
	case "Scale":
		group = "autoscaling"
	case "Eviction":
		group = "policy"
	case "TokenRequest":
		group = "authentication.k8s.io"
	}
	return schema.GroupVersionKind{Group: group, Version: "v1", Kind: kind}
}

func (t *Typical) namespaced() *Typical { t.Namespaced = true; return t }
func (t *Typical) hot() *Typical        { t.Hot = true; return t }

func (t *Typical) vital(stops string) *Typical { t.Vital = stops; return t }

func (t *Typical) by(u *authenticationv1.UserInfo) *Typical { t.request.User = u; return t }
