// SPDX-License-Identifier: Apache-2.0

package object

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// types makes an empty body for each kind whose fields a rule reads. Other kinds are judged on metadata and, if need
// be, as a tree.
var types = map[schema.GroupVersionKind]func() runtime.Object{
	Pods.GVK():                   func() runtime.Object { return &corev1.Pod{} },
	PodTemplates.GVK():           func() runtime.Object { return &corev1.PodTemplate{} },
	ReplicationControllers.GVK(): func() runtime.Object { return &corev1.ReplicationController{} },
	Namespaces.GVK():             func() runtime.Object { return &corev1.Namespace{} },
	Nodes.GVK():                  func() runtime.Object { return &corev1.Node{} },
	ConfigMaps.GVK():             func() runtime.Object { return &corev1.ConfigMap{} },
	Deployments.GVK():            func() runtime.Object { return &appsv1.Deployment{} },
	DaemonSets.GVK():             func() runtime.Object { return &appsv1.DaemonSet{} },
	StatefulSets.GVK():           func() runtime.Object { return &appsv1.StatefulSet{} },
	ReplicaSets.GVK():            func() runtime.Object { return &appsv1.ReplicaSet{} },
	Jobs.GVK():                   func() runtime.Object { return &batchv1.Job{} },
	CronJobs.GVK():               func() runtime.Object { return &batchv1.CronJob{} },
	Services.GVK():               func() runtime.Object { return &corev1.Service{} },
	Endpoints.GVK():              func() runtime.Object { return &corev1.Endpoints{} }, //nolint:staticcheck // deprecated, and still obeyed
	EndpointSlices.GVK():         func() runtime.Object { return &discoveryv1.EndpointSlice{} },

	ValidatingWebhookConfigurations.GVK(): func() runtime.Object { return &admissionregistrationv1.ValidatingWebhookConfiguration{} },
	MutatingWebhookConfigurations.GVK():   func() runtime.Object { return &admissionregistrationv1.MutatingWebhookConfiguration{} },

	Roles.GVK():                      func() runtime.Object { return &rbacv1.Role{} },
	ClusterRoles.GVK():               func() runtime.Object { return &rbacv1.ClusterRole{} },
	CertificateSigningRequests.GVK(): func() runtime.Object { return &certificatesv1.CertificateSigningRequest{} },

	autoscalingv1.SchemeGroupVersion.WithKind("Scale"): func() runtime.Object { return &autoscalingv1.Scale{} },
}
