// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"slices"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

const (
	// mastersGroup may do everything, and no role or binding can take it away. The API server itself refuses requests
	// for it, unless an admission plug-in is off.
	mastersGroup = "system:masters"
	// longestRequest bounds the certificate requests that are read; those of people and programs have about 1 KiB.
	longestRequest = 64 << 10
	longestUser    = 64
)

// certificateFindings judges a request for a certificate, or its approval. Only one signer's certificates are taken for
// users by the API server whatever name they bear; that of kubelets signs nothing but nodes' names.
func certificateFindings(in policy.Input) []policy.Finding {
	csr, ok := object.As[*certificatesv1.CertificateSigningRequest](in.Object)
	if !ok || csr.Spec.SignerName != certificatesv1.KubeAPIServerClientSignerName || has(csr, certificatesv1.CertificateDenied) {
		return nil
	}
	approval := in.Subresource != ""
	if approval && !has(csr, certificatesv1.CertificateApproved) {
		return nil
	}
	must, f := "must not be for ", policy.Finding{Path: field.NewPath("spec", "request"),
		Fix: "ask for a name of your own, or use Microsoft Entra ID or a service account"}
	if approval {
		must, f.Path = "must not be approved for ", field.NewPath("status", "conditions")
		f.Fix = "deny it: kubectl certificate deny " + plainWordOf(in.Name, longestNodeName, "<name>")
	}
	subject, ok := requestedSubject(csr.Spec.Request)
	if !ok {
		f.Message, f.AtMost = "must be a certificate request in PEM of at most 64 KiB: nothing else tells whom it is for", policy.Audit
		return []policy.Finding{f}
	}
	id, known := in.Provider.Identify(subject.CommonName, subject.Organization)
	switch {
	case known:
		f.Message = must + quoteCut(subject.CommonName, longestUser) + ": " + whoActs(id)
	case slices.Contains(subject.Organization, mastersGroup):
		f.Message = must + `the group "` + mastersGroup + `": it stands above all roles`
	default:
		return nil
	}
	return []policy.Finding{f}
}

func has(csr *certificatesv1.CertificateSigningRequest, condition certificatesv1.RequestConditionType) bool {
	return slices.ContainsFunc(csr.Status.Conditions, func(c certificatesv1.CertificateSigningRequestCondition) bool {
		return c.Type == condition && c.Status == corev1.ConditionTrue
	})
}

// requestedSubject reads whom a certificate request is for, as the API server reads it: out of the first PEM block. The
// signature isn't checked, which the signer does.
func requestedSubject(request []byte) (pkix.Name, bool) {
	if len(request) > longestRequest {
		return pkix.Name{}, false
	}
	block, _ := pem.Decode(request)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return pkix.Name{}, false
	}
	parsed, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return pkix.Name{}, false
	}
	return parsed.Subject, true
}
