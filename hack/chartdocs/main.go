// SPDX-License-Identifier: Apache-2.0

// Command chartdocs writes the chart's values.schema.json and README.md from its commented values.yaml. Run it from the
// root: `make generate`.
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

const chart = "charts/demarc"

// page is the part of the README that is written by hand.
//
//go:embed README.md.tmpl
var page string

func main() {
	if err := run(chart); err != nil {
		fmt.Fprintln(os.Stderr, "chartdocs:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "values.yaml"))
	if err != nil {
		return err
	}
	values, err := parse(raw)
	if err != nil {
		return fmt.Errorf("values.yaml: %w", err)
	}
	schema, err := marshal(document(values))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "values.schema.json"), schema, 0o644); err != nil {
		return err
	}
	readme, err := render(page, values)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), readme, 0o644)
}

// marshal writes JSON for readers: indented, and with <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
