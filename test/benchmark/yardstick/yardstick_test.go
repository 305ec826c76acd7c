// SPDX-License-Identifier: Apache-2.0

package yardstick

import (
	"fmt"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

func TestHandler(t *testing.T) {
	const (
		pod       = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":%s}`
		daemonSet = `{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"a"},"spec":{"template":{"spec":%s}}}`
	)
	h := NewHandler()
	tests := []struct {
		name, spec string
		want       bool
	}{
		{"plain", `{"containers":[{"name":"a"}],"volumes":[{"name":"v","emptyDir":{}}]}`, true},
		{"not privileged", `{"containers":[{"name":"a","securityContext":{"privileged":false}}]}`, true},
		{"privileged", `{"containers":[{"name":"a","securityContext":{"privileged":true}}]}`, false},
		{"privileged init container", `{"initContainers":[{"name":"a","securityContext":{"privileged":true}}]}`, false},
		{"privileged ephemeral container", `{"ephemeralContainers":[{"name":"a","securityContext":{"privileged":true}}]}`, false},
		{"hostPath", `{"containers":[{"name":"a"}],"volumes":[{"name":"v","hostPath":{"path":"/"}}]}`, false},
	}
	for _, test := range tests {
		for kind, form := range map[string]string{"Pod": pod, "DaemonSet": daemonSet} {
			t.Run(test.name+" "+kind, func(t *testing.T) {
				got := h.Handle(t.Context(), request(kind, form, test.spec))
				if got.Allowed != test.want {
					t.Errorf("got allowed %t (%v), want %t", got.Allowed, got.Result, test.want)
				}
			})
		}
	}
	if got := h.Handle(t.Context(), request("ConfigMap", "%s", "{}")); !got.Allowed {
		t.Errorf("another kind: got refused (%v), want allowed", got.Result)
	}
	if got := h.Handle(t.Context(), request("Pod", "%s", "{")); got.Allowed || got.Result.Code != 400 {
		t.Errorf("malformed: got %v, want code 400", got.Result)
	}
}

func request(kind, form, spec string) admission.Request {
	return admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		UID: "1", Kind: metav1.GroupVersionKind{Kind: kind},
		Object: runtime.RawExtension{Raw: fmt.Appendf(nil, form, spec)}}}
}
