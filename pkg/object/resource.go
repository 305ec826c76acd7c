// SPDX-License-Identifier: Apache-2.0

package object

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Resource names one kind of Kubernetes object in the two ways the API uses: by kind in manifests, by
// plural resource in requests. Version is the served version that demarc reads and registers for;
// `matchPolicy: Equivalent` makes the API server convert the others to it.
//
// Version is AnyVersion for kinds whose versions come and go with their project's releases. Rules read such objects
// as a tree, by fields that all versions share, and the registration names group and resource for every version.
type Resource struct {
	Group, Version, Kind, Plural string
	Namespaced                   bool
	Presence                     Presence
}

// AnyVersion stands for every version of a kind.
const AnyVersion = "*"

// Presence says whether a server that lacks the resource is a reason to worry.
type Presence string

// The presences.
const (
	Always    Presence = ""          // every supported server serves it
	Installed Presence = "Installed" // a custom resource: served where its project is installed
	Alpha     Presence = "Alpha"     // in-tree, and served only where somebody turned it on
)

// GroupKind returns the group and kind, as a manifest spells them.
func (r Resource) GroupKind() schema.GroupKind {
	return schema.GroupKind{Group: r.Group, Kind: r.Kind}
}

// GroupResource returns the group and plural resource, as a request spells them.
func (r Resource) GroupResource() schema.GroupResource {
	return schema.GroupResource{Group: r.Group, Resource: r.Plural}
}

// GVK returns group, version and kind.
// Its version may be AnyVersion.
func (r Resource) GVK() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind}
}

// The resources that rules speak of. A rule names one of these in its Match, so that nothing is registered for a
// resource that is misspelt; a test against a real API server proves that each exists there.
var (
	Pods                   = core("Pod", "pods", true)
	Bindings               = core("Binding", "bindings", true)
	Namespaces             = core("Namespace", "namespaces", false)
	Nodes                  = core("Node", "nodes", false)
	ConfigMaps             = core("ConfigMap", "configmaps", true)
	Secrets                = core("Secret", "secrets", true)
	Services               = core("Service", "services", true)
	Endpoints              = core("Endpoints", "endpoints", true)
	ServiceAccounts        = core("ServiceAccount", "serviceaccounts", true)
	ReplicationControllers = core("ReplicationController", "replicationcontrollers", true)
	PodTemplates           = core("PodTemplate", "podtemplates", true)
	PersistentVolumeClaims = core("PersistentVolumeClaim", "persistentvolumeclaims", true)

	Deployments  = in("apps", "v1", "Deployment", "deployments", true)
	DaemonSets   = in("apps", "v1", "DaemonSet", "daemonsets", true)
	StatefulSets = in("apps", "v1", "StatefulSet", "statefulsets", true)
	ReplicaSets  = in("apps", "v1", "ReplicaSet", "replicasets", true)

	Jobs     = in("batch", "v1", "Job", "jobs", true)
	CronJobs = in("batch", "v1", "CronJob", "cronjobs", true)

	HorizontalPodAutoscalers = in("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true)
	PodDisruptionBudgets     = in("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true)
	EndpointSlices           = in("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true)
	IngressClasses           = in("networking.k8s.io", "v1", "IngressClass", "ingressclasses", false)
	NetworkPolicies          = in("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true)

	CertificateSigningRequests = in("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", false)

	Roles               = rbac("Role", "roles", true)
	RoleBindings        = rbac("RoleBinding", "rolebindings", true)
	ClusterRoles        = rbac("ClusterRole", "clusterroles", false)
	ClusterRoleBindings = rbac("ClusterRoleBinding", "clusterrolebindings", false)

	// No webhook is asked about these two: rules judge them at rest.
	ValidatingWebhookConfigurations = admission("ValidatingWebhookConfiguration", "validatingwebhookconfigurations")
	MutatingWebhookConfigurations   = admission("MutatingWebhookConfiguration", "mutatingwebhookconfigurations")

	StorageClasses            = in("storage.k8s.io", "v1", "StorageClass", "storageclasses", false)
	CustomResourceDefinitions = in("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false)
	APIServices               = in("apiregistration.k8s.io", "v1", "APIService", "apiservices", false)
)

// Unknown stands for every resource that is not listed here. A rule that matches it judges such objects by their
// metadata wherever they turn up; nothing is registered for it, since a registration has no wildcards.
var Unknown = Resource{Group: "*", Version: "*", Kind: "*", Plural: "*", Namespaced: true}

func in(group, version, kind, plural string, namespaced bool) Resource {
	return Resource{Group: group, Version: version, Kind: kind, Plural: plural, Namespaced: namespaced}
}

// custom is a resource that comes with somebody's custom resource definition.
func custom(group, kind, plural string, namespaced bool) Resource {
	return Resource{Group: group, Version: AnyVersion, Kind: kind, Plural: plural, Namespaced: namespaced, Presence: Installed}
}

func core(kind, plural string, namespaced bool) Resource {
	return Resource{Version: "v1", Kind: kind, Plural: plural, Namespaced: namespaced}
}

func admission(kind, plural string) Resource {
	return Resource{Group: "admissionregistration.k8s.io", Version: "v1", Kind: kind, Plural: plural}
}

func rbac(kind, plural string, namespaced bool) Resource {
	return Resource{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: kind, Plural: plural, Namespaced: namespaced}
}

// Resources lists every resource that demarc knows, in the order in which registrations and docs print them.
func Resources() []Resource {
	return slices.Concat(builtIn(), network(), azure(), alpha())
}

func builtIn() []Resource {
	return []Resource{
		Pods, Bindings, Namespaces, Nodes, ConfigMaps, Secrets, Services, Endpoints, ServiceAccounts, ReplicationControllers,
		PodTemplates, PersistentVolumeClaims,
		Deployments, DaemonSets, StatefulSets, ReplicaSets, Jobs, CronJobs,
		HorizontalPodAutoscalers, PodDisruptionBudgets, EndpointSlices, IngressClasses, NetworkPolicies,
		CertificateSigningRequests, Roles, RoleBindings, ClusterRoles, ClusterRoleBindings,
		ValidatingWebhookConfigurations, MutatingWebhookConfigurations,
		StorageClasses, CustomResourceDefinitions, APIServices,
	}
}

// ByKind returns the resource of a group and kind.
func ByKind(gk schema.GroupKind) (Resource, bool) {
	r, ok := byKind[gk]
	return r, ok
}

// ByName returns the resource of a group and plural name.
func ByName(gr schema.GroupResource) (Resource, bool) {
	r, ok := byName[gr]
	return r, ok
}

// Workloads lists the resources whose objects hold a pod or a pod template, bare pods first.
func Workloads() []Resource {
	return append([]Resource{Pods}, Controllers()...)
}

// Controllers lists the resources whose objects hold a pod template.
func Controllers() []Resource {
	return []Resource{Deployments, DaemonSets, StatefulSets, ReplicaSets, ReplicationControllers, Jobs, CronJobs}
}

// Scalable lists the resources that have a scale subresource.
func Scalable() []Resource {
	return []Resource{Deployments, StatefulSets, ReplicaSets, ReplicationControllers}
}

var byKind, byName = index()

func index() (map[schema.GroupKind]Resource, map[schema.GroupResource]Resource) {
	kinds, names := map[schema.GroupKind]Resource{}, map[schema.GroupResource]Resource{}
	for _, r := range Resources() {
		kinds[r.GroupKind()], names[r.GroupResource()] = r, r
	}
	return kinds, names
}
