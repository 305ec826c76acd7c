// SPDX-License-Identifier: Apache-2.0

//go:build integration

package reach

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/test/certs"
)

// recorder is the webhook behind every registration: it takes down who was asked about which call, and allows all.
type recorder struct {
	base string
	ca   []byte

	mu    sync.Mutex
	asked map[string]map[string]bool // by call, then by hook
	// reviews are what the two observers saw, by call.
	mutating, validating map[string][]*admissionv1.AdmissionRequest
}

const (
	observeMutating   = "observe-mutating"
	observeValidating = "observe-validating"
	callKey           = "call" // of the user's extra
)

func record(t *testing.T) *recorder {
	t.Helper()
	dir := t.TempDir()
	ca, err := certs.Write(dir, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{base: "https://" + l.Addr().String() + "/", ca: ca, asked: map[string]map[string]bool{},
		mutating: map[string][]*admissionv1.AdmissionRequest{}, validating: map[string][]*admissionv1.AdmissionRequest{}}
	srv := &http.Server{Handler: r}
	done := make(chan error, 1)
	go func() { done <- srv.ServeTLS(l, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")) }()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return r
}

func (r *recorder) client(id string) admissionregistrationv1.WebhookClientConfig {
	return admissionregistrationv1.WebhookClientConfig{URL: new(r.base + id), CABundle: r.ca}
}

// ServeHTTP answers a review.
func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	raw, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(raw, &review); err != nil || review.Request == nil {
		http.Error(w, "no review", http.StatusBadRequest)
		return
	}
	r.note(strings.TrimPrefix(request.URL.Path, "/"), review.Request)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(&admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Response: &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true},
	})
}

func (r *recorder) note(hook string, request *admissionv1.AdmissionRequest) {
	extra := request.UserInfo.Extra[callKey]
	if len(extra) != 1 {
		return // not one of ours
	}
	call := extra[0]
	r.mu.Lock()
	defer r.mu.Unlock()
	switch hook {
	case observeMutating:
		r.mutating[call] = append(r.mutating[call], request)
	case observeValidating:
		r.validating[call] = append(r.validating[call], request)
	default:
		if r.asked[call] == nil {
			r.asked[call] = map[string]bool{}
		}
		r.asked[call][hook] = true
	}
}
