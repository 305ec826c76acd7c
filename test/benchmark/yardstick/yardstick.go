// SPDX-License-Identifier: Apache-2.0

// Package yardstick is what demarc is measured by: the smallest validating webhook that one would write with
// controller-runtime. It decodes the object into its type, looks at two fields and answers.
package yardstick

import (
	"context"
	"crypto/tls"
	"net/http"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// Path is where Serve answers.
const Path = "/validate"

// Handler refuses Pods and DaemonSets with a privileged container or a hostPath volume.
type Handler struct {
	decoder admission.Decoder
}

var _ admission.Handler = (*Handler)(nil)

// NewHandler returns a handler that knows the types it decodes.
func NewHandler() *Handler {
	scheme := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(appsv1.AddToScheme(scheme))
	return &Handler{decoder: admission.NewDecoder(scheme)}
}

// Handle implements admission.Handler.
func (h *Handler) Handle(_ context.Context, req admission.Request) admission.Response {
	switch req.Kind.Kind {
	case "Pod":
		pod := &corev1.Pod{}
		if err := h.decoder.Decode(req, pod); err != nil {
			return admission.Errored(http.StatusBadRequest, err)
		}
		return judge(&pod.Spec)
	case "DaemonSet":
		set := &appsv1.DaemonSet{}
		if err := h.decoder.Decode(req, set); err != nil {
			return admission.Errored(http.StatusBadRequest, err)
		}
		return judge(&set.Spec.Template.Spec)
	}
	return admission.Allowed("")
}

func judge(spec *corev1.PodSpec) admission.Response {
	if slices.ContainsFunc(spec.InitContainers, privileged) || slices.ContainsFunc(spec.Containers, privileged) ||
		slices.ContainsFunc(spec.EphemeralContainers, func(c corev1.EphemeralContainer) bool {
			return privileged(corev1.Container(c.EphemeralContainerCommon))
		}) {
		return admission.Denied("privileged containers are not allowed")
	}
	for i := range spec.Volumes {
		if spec.Volumes[i].HostPath != nil {
			return admission.Denied("hostPath volumes are not allowed")
		}
	}
	return admission.Allowed("")
}

func privileged(c corev1.Container) bool {
	return c.SecurityContext != nil && c.SecurityContext.Privileged != nil && *c.SecurityContext.Privileged
}

// Serve answers on the loopback address until the context ends. Like a project that kubebuilder made, it leaves HTTP/2
// off; everything else is controller-runtime's default.
func Serve(ctx context.Context, port int, certDir string) error {
	server := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, CertDir: certDir,
		TLSOpts: []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }}})
	server.Register(Path, &webhook.Admission{Handler: NewHandler()})
	return server.Start(ctx)
}
