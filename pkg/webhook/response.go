// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/review"
)

// appendResponse writes the AdmissionReview that answers a request. Nearly every request is allowed without a word, so
// that answer is put together by hand.
func appendResponse(b []byte, uid string, d *engine.Decision) ([]byte, error) {
	if d.Identity == nil && len(d.Verdicts)+len(d.Skipped)+len(d.Faults) == 0 {
		return appendPlain(b, uid)
	}
	response := admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: review.APIVersion, Kind: review.Kind},
		Response: &admissionv1.AdmissionResponse{
			UID: types.UID(uid), Allowed: d.Allowed(), Warnings: report.Warnings(*d), AuditAnnotations: report.AuditAnnotations(*d),
		},
	}
	if !d.Allowed() {
		// The API server lets a status of its own through to the client; 403 is what users know from RBAC and from the
		// pod security admission.
		response.Response.Result = &metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: report.Refusal(*d)}
	}
	raw, err := json.Marshal(response)
	if err != nil {
		return nil, fmt.Errorf("write response: %w", err)
	}
	return append(b, raw...), nil
}

var plainHead, plainTail, _ = strings.Cut(
	`{"kind":"`+review.Kind+`","apiVersion":"`+review.APIVersion+`","response":{"uid":*,"allowed":true,"auditAnnotations":{"`+
		report.AnnotationDecision+`":"`+report.DecisionAllowed+`"}}}`, "*")

func appendPlain(b []byte, uid string) ([]byte, error) {
	b = append(b, plainHead...)
	b, err := jsontext.AppendQuote(b, uid)
	if err != nil {
		return nil, fmt.Errorf("write response: %w", err)
	}
	return append(b, plainTail...), nil
}
