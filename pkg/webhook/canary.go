// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/review"
)

// KnowCanary makes the handler answer the dry runs by which demarc, as that account, looks whether requests are judged.
func (h *Handler) KnowCanary(account string) { h.canary.Store(&account) }

// isCanary says whether a request is demarc's own question. It is a dry run of a kind that does nothing, so whoever
// forges one gains a warning.
func (h *Handler) isCanary(r *review.Request) bool {
	account := h.canary.Load()
	return account != nil && r.DryRun && r.User.Username == *account && r.Operation == "CREATE" && r.Resource.Group == "" &&
		r.Resource.Resource == object.PodTemplates.Plural && strings.HasPrefix(r.Name, registration.CanaryPrefix)
}

// appendCanary answers with the name that was asked for.
func appendCanary(b []byte, r *review.Request) ([]byte, error) {
	raw, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: review.APIVersion, Kind: review.Kind},
		Response: &admissionv1.AdmissionResponse{UID: types.UID(r.UID), Allowed: true, Warnings: []string{"demarc: judged " + r.Name}},
	})
	if err != nil {
		return nil, fmt.Errorf("write response: %w", err)
	}
	return append(b, raw...), nil
}
