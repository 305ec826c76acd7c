// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// MarkPath returns where the labels or annotations carry a mark; nil where they don't.
func MarkPath(mark provider.Label, labels, annotations map[string]string) *field.Path {
	if mark.Matches(labels) {
		return field.NewPath("metadata", "labels").Key(mark.Key)
	}
	if mark.Matches(annotations) {
		return field.NewPath("metadata", "annotations").Key(mark.Key)
	}
	return nil
}
