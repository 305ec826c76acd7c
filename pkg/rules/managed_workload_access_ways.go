// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// access is one way of reaching into a pod. Its message is must, the namespace, and why.
type access struct {
	path           *field.Path
	must, why, fix string
	atMost         policy.Mode
}

// Ways into a pod by CONNECT, by their subresource.
var connections = map[string]string{
	"exec":        "must not run commands in a pod",
	"attach":      "must not attach to a pod",
	"portforward": "must not forward a port of a pod",
	"proxy":       "must not reach through the API server into a pod",
}

const operatedByAKS = ": AKS operates what runs there"

// accessOf says what the request does to whose pod; false where it changes nothing.
func accessOf(in policy.Input) (access, bool) {
	switch {
	case in.Operation == policy.Connect:
		return connection(in)
	case in.Subresource == "ephemeralcontainers":
		return debugging(in)
	case in.Subresource == "eviction":
		return access{must: "must not be evicted except by a drain: pods", why: " are AKS's", atMost: policy.Audit,
			fix: "drain the node, or restart the component with kubectl rollout restart -n " + in.NamespaceName}, true
	}
	return access{path: field.NewPath("target"), must: "must be chosen by AKS's scheduler: pods", why: " go where it puts them",
		fix: "let kube-scheduler place the pod; node pools are chosen through az aks"}, true
}

func connection(in policy.Input) (access, bool) {
	a := access{must: connections[in.Subresource], why: operatedByAKS,
		fix: "read it with kubectl logs -n " + in.NamespaceName + " " + in.Name + ", or open a support request"}
	if in.Resource == object.Services {
		a.must = "must not reach through the API server into a Service"
		a.fix = "use what AKS documents for " + serviceName(in.Name) + ", or open a support request"
	} else if in.Subresource != "exec" && in.Subresource != "attach" {
		a.fix = "read its metrics with managed Prometheus, or kubectl logs -n " + in.NamespaceName + " " + in.Name
	}
	return a, a.must != ""
}

// serviceName cuts the scheme and the port off the name that a proxied request gives.
func serviceName(name string) string {
	if parts := strings.Split(name, ":"); len(parts) == 3 {
		return parts[1]
	}
	name, _, _ = strings.Cut(name, ":")
	return name
}

// debugging finds the first container that the request adds. None can be changed or removed.
func debugging(in policy.Input) (access, bool) {
	after, ok := object.As[*corev1.Pod](in.Object)
	before, ok2 := object.As[*corev1.Pod](in.Old)
	if !ok || !ok2 || len(after.Spec.EphemeralContainers) <= len(before.Spec.EphemeralContainers) {
		return access{}, false
	}
	return access{path: field.NewPath("spec", "ephemeralContainers").Index(len(before.Spec.EphemeralContainers)),
		must: "must not be added to a pod", why: operatedByAKS + ", and it stays until the pod goes",
		fix: "read it with kubectl logs -n " + in.NamespaceName + " " + in.Name + ", or debug from a pod of your own"}, true
}
