// SPDX-License-Identifier: Apache-2.0

package openreports

import (
	"fmt"
	"io"

	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/report"
)

// Write writes the objects of a report as a stream of YAML documents, which kubectl takes as it is.
func Write(w io.Writer, r *report.Report, o Options) error {
	for _, object := range Objects(r, o) {
		raw, err := yaml.Marshal(object)
		if err != nil {
			return fmt.Errorf("write %s %s: %w", object.Kind, object.Metadata.Name, err)
		}
		if _, err := fmt.Fprintf(w, "---\n%s", raw); err != nil {
			return err
		}
	}
	return nil
}
