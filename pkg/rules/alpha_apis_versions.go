// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/alphaapis"
	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// alphaDoubt says why a version called alpha may not be Kubernetes' own: the server's release has no such version, or
// nobody knows the release. A minor version of 0 is unknown.
func alphaDoubt(r *alphaapis.Resource, version string, minor featuregates.Minor) string {
	oldest, newest := alphaapis.Known()
	v, known := r.Version(version)
	switch {
	case minor == 0:
		return "the version of Kubernetes is not known"
	case minor < oldest:
		return "the table of alpha APIs begins with Kubernetes " + oldest.String()
	case minor > newest:
		return "the table of alpha APIs knows up to Kubernetes " + newest.String()
	case !known || !v.In(minor):
		return "Kubernetes " + minor.String() + " itself does not serve this version"
	}
	return ""
}

// beyondAlpha says which version to go to, and since when it is there.
func beyondAlpha(r *alphaapis.Resource) string {
	for _, m := range []alphaapis.Maturity{alphaapis.Stable, alphaapis.Beta} {
		if v, ok := r.First(m); ok {
			return "use " + r.Group + "/" + v.Name + ", " + string(m) + " since Kubernetes " + v.From.String()
		}
	}
	_, newest := alphaapis.Known()
	return "wait until " + r.Kind + " is beta: up to Kubernetes " + newest.String() + " it is not"
}

// alphaAnnotation is an annotation of namespaces that a plug-in of the API server reads.
// They are those of pkg/admission/plugin in Kubernetes that work without a configuration file of the server's own.
type alphaAnnotation struct{ key, fix string }

var alphaNamespaceAnnotations = []alphaAnnotation{
	{"scheduler.alpha.kubernetes.io/node-selector", "set nodeSelector in the pod templates"},
	{"scheduler.alpha.kubernetes.io/defaultTolerations", "set tolerations in the pod templates"},
	{"scheduler.alpha.kubernetes.io/tolerationsWhitelist", "bound tolerations by a ValidatingAdmissionPolicy"},
}

// alphaAnnotations are recorded and no more. AKS's FAQ lists PodNodeSelector and PodTolerationRestriction among the
// plug-ins that it runs: that may be the documentation that the policy asks for.
func alphaAnnotations(in policy.Input) []policy.Finding {
	if len(in.Object.Meta.Annotations) == 0 {
		return nil
	}
	var findings []policy.Finding
	for _, a := range alphaNamespaceAnnotations {
		if _, ok := in.Object.Meta.Annotations[a.key]; ok {
			findings = append(findings, policy.Finding{
				Path:    field.NewPath("metadata", "annotations").Key(a.key),
				Message: "must not be relied on: the annotation is alpha",
				Fix:     a.fix,
				AtMost:  policy.Audit,
			})
		}
	}
	return findings
}
