// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// module is a module in the module cache.
type module struct {
	Dir   string
	GoMod string
}

// download brings a module into the module cache.
func download(ctx context.Context, query string) (module, error) {
	out, err := goCommand(ctx, os.TempDir(), "mod", "download", "-json", query)
	if err != nil {
		return module{}, err
	}
	var m module
	if err := json.Unmarshal(out, &m); err != nil {
		return module{}, fmt.Errorf("decode the download of %s: %w", query, err)
	}
	return m, nil
}

// goModFile is what `go mod edit -json` tells of a go.mod file.
type goModFile struct {
	Go      string
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
}

// scratchGoMod returns the go.mod of a module that can import k8s.io/kubernetes: the replacements of that module are
// repeated, since only those of a main module count, and its ./staging directories become the published modules.
func scratchGoMod(ctx context.Context, p pin, kubernetes module) (string, error) {
	out, err := goCommand(ctx, os.TempDir(), "mod", "edit", "-json", kubernetes.GoMod)
	if err != nil {
		return "", err
	}
	var file goModFile
	if err := json.Unmarshal(out, &file); err != nil {
		return "", fmt.Errorf("decode %s: %w", kubernetes.GoMod, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "module scratch\n\ngo %s\n\n", atLeastGo118(file.Go))
	fmt.Fprintf(&b, "require k8s.io/kubernetes %s\n", p.release())
	for _, name := range []string{"apiextensions-apiserver", "apiserver", "component-base"} {
		fmt.Fprintf(&b, "require k8s.io/%s %s\n", name, p.staging())
	}
	for _, r := range file.Replace {
		if strings.HasPrefix(r.New.Path, "./staging/") {
			r.New.Path, r.New.Version = r.Old.Path, p.staging()
		}
		fmt.Fprintf(&b, "replace %s => %s\n", spaced(r.Old.Path, r.Old.Version), spaced(r.New.Path, r.New.Version))
	}
	return b.String(), nil
}

// atLeastGo118 lifts the language version of old releases, whose pinned dependencies need what came with 1.17 and 1.18.
func atLeastGo118(version string) string {
	switch version {
	case "1.15", "1.16", "1.17":
		return "1.18"
	}
	return version
}

func spaced(path, version string) string { return strings.TrimSpace(path + " " + version) }
