// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/demarc-dev/demarc/pkg/featuregates"
)

// sidePackages register gates of their own, but only from the main functions of the components. Each exists in some
// releases only.
var sidePackages = []string{
	"logs",
	"logs/api/v1",
	"metrics/features",
	"zpages/features",
}

// preAlpha is the stage of gates that exist only for versions to come.
const preAlpha = "PRE-ALPHA"

// stages translates the names of component-base.
var stages = map[string]featuregates.Stage{
	"ALPHA":      featuregates.Alpha,
	"BETA":       featuregates.Beta,
	"":           featuregates.GA,
	"DEPRECATED": featuregates.Deprecated,
}

// program prints the registries of one Kubernetes release as a list of records.
var program = template.Must(template.New("main.go").Parse(`package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	_ "k8s.io/apiextensions-apiserver/pkg/features"
	_ "k8s.io/apiserver/pkg/features"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/featuregate"
	_ "k8s.io/kubernetes/pkg/features"
{{range $i, $p := .Side}}	side{{$i}} "k8s.io/component-base/{{$p}}"
{{end}})

type record struct {
	Name, Stage     string
	Default, Locked bool
}

var records []record

{{if .ListsAll}}
func list(gate featuregate.MutableFeatureGate) {
	for name, spec := range gate.GetAll() {
		records = append(records, record{string(name), string(spec.PreRelease), spec.Default, spec.LockToDefault})
	}
}
{{else}}
func list(gate featuregate.MutableFeatureGate) {
	for _, line := range gate.KnownFeatures() {
		name, rest, ok := strings.Cut(line, "=true|false (")
		stage, value, ok2 := strings.Cut(rest, " - default=")
		if !ok || !ok2 {
			must(fmt.Errorf("%q is not understood", line))
		}
		records = append(records, record{Name: name, Stage: stage, Default: value == "true)"})
	}
}
{{end}}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var _ = strings.Cut

func main() {
	list(utilfeature.DefaultMutableFeatureGate)
{{range $i, $p := .Side}}
	gate{{$i}} := featuregate.NewFeatureGate()
	must(side{{$i}}.AddFeatureGates(gate{{$i}}))
	list(gate{{$i}})
{{end}}
	must(json.NewEncoder(os.Stdout).Encode(records))
}
`))

// runtimeGates builds a module around one Kubernetes release and returns what its registries say at run time.
func runtimeGates(ctx context.Context, p pin, kubernetes module) (gates, error) {
	dir, err := os.MkdirTemp("", "featuregates-")
	if err != nil {
		return nil, fmt.Errorf("make the scratch module: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := writeScratch(ctx, dir, p, kubernetes); err != nil {
		return nil, fmt.Errorf("write the scratch module: %w", err)
	}
	out, err := goCommand(ctx, dir, "run", ".")
	if err != nil {
		return nil, err
	}
	return decodeRecords(out)
}

func writeScratch(ctx context.Context, dir string, p pin, kubernetes module) error {
	goMod, err := scratchGoMod(ctx, p, kubernetes)
	if err != nil {
		return err
	}
	side, err := presentSidePackages(ctx, p)
	if err != nil {
		return err
	}
	var source bytes.Buffer
	if err := program.Execute(&source, map[string]any{"Side": side, "ListsAll": p.listsAll()}); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(goMod), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "main.go"), source.Bytes(), 0o600)
}

// presentSidePackages returns those side packages that the release has and that register gates.
func presentSidePackages(ctx context.Context, p pin) ([]string, error) {
	base, err := download(ctx, "k8s.io/component-base@"+p.staging())
	if err != nil {
		return nil, err
	}
	var present []string
	for _, name := range sidePackages {
		source, err := os.ReadFile(filepath.Join(base.Dir, name, "kube_features.go"))
		if err == nil && strings.Contains(string(source), "\nfunc AddFeatureGates(") {
			present = append(present, name)
		}
	}
	return present, nil
}

func decodeRecords(out []byte) (gates, error) {
	var records []struct {
		Name, Stage     string
		Default, Locked bool
	}
	if err := json.Unmarshal(out, &records); err != nil {
		return nil, fmt.Errorf("decode the gates: %w", err)
	}
	result := gates{}
	for _, r := range records {
		if r.Stage == preAlpha {
			continue
		}
		stage, ok := stages[r.Stage]
		if !ok {
			return nil, fmt.Errorf("gate %s: stage %q is not known", r.Name, r.Stage)
		}
		spec := featuregates.Spec{Stage: stage, Default: r.Default, Locked: r.Locked}
		if before, twice := result[r.Name]; twice && before != spec {
			return nil, fmt.Errorf("gate %s is registered as %v and as %v", r.Name, before, spec)
		}
		result[r.Name] = spec
	}
	return result, nil
}

// goCommand runs the go command and returns what it prints.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false", "GOWORK=off", "CGO_ENABLED=0")
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s%s", strings.Join(args, " "), err, out.Bytes(), problems.Bytes())
	}
	return out.Bytes(), nil
}
