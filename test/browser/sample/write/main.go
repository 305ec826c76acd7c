// SPDX-License-Identifier: Apache-2.0

// Command write writes the sample reports as HTML files into a folder, to be looked at.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/report/html"
	"github.com/demarc-dev/demarc/test/browser/sample"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./test/browser/sample/write FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	const corpus = "test/corpus"
	for name, of := range map[string]func() (*report.Report, error){
		"fleet":   func() (*report.Report, error) { return sample.Fleet(corpus) },
		"cluster": func() (*report.Report, error) { return sample.Cluster("prod-westeurope", "v1.34.4", corpus) },
		"files":   sample.Files,
		"large":   func() (*report.Report, error) { return sample.Large(5000) },
		"empty": func() (*report.Report, error) {
			return &report.Report{Profile: provider.AKS(), Clusters: []report.Cluster{{Name: "new", Version: "v1.34.4", Started: sample.Now, Seconds: 3}}}, nil
		},
		"hostile": func() (*report.Report, error) { return sample.Hostile(sample.Attacks[0]), nil },
	} {
		r, err := of()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := write(filepath.Join(folder, name+".html"), r); err != nil {
			return err
		}
	}
	return nil
}

func write(file string, r *report.Report) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := html.Write(f, r, html.Options{Version: "v0.1.0", Now: sample.Now}); err != nil {
		return err
	}
	return f.Close()
}
