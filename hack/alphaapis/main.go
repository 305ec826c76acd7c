// SPDX-License-Identifier: Apache-2.0

// Command alphaapis writes the table of Kubernetes' alpha APIs that package alphaapis embeds.
//
// Each release carries what a server answers to discovery with every API and every feature turned on, in the folder
// api/discovery of its module. The Go types tell less: some outlived the serving of their API by years. It needs a
// module proxy, and reads the releases that the table of feature gates is made from.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"github.com/demarc-dev/demarc/pkg/featuregates"
)

// oldest is the first release with all of its discovery in its module.
const oldest featuregates.Minor = 28

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "alphaapis:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("alphaapis", flag.ContinueOnError)
	out := flags.String("out", "pkg/alphaapis/apis.tsv", "the `file` to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	_, newest := featuregates.Known()
	t := newTable()
	for minor := oldest; minor <= newest; minor++ {
		release, ok := featuregates.Source(minor)
		if !ok {
			return fmt.Errorf("no release is known for %s", minor)
		}
		dir, err := download(ctx, "k8s.io/kubernetes@"+release)
		if err != nil {
			return fmt.Errorf("download %s: %w", release, err)
		}
		served, err := readDiscovery(os.DirFS(dir), "api/discovery")
		if err == nil {
			err = t.add(minor, release, served)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", release, err)
		}
	}
	if err := os.WriteFile(*out, []byte(t.render()), 0o644); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// download brings a module into the module cache and returns its folder there.
func download(ctx context.Context, query string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", query)
	cmd.Dir = os.TempDir()
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return "", fmt.Errorf("go mod download: %w: %s%s", err, out, failed.Stderr)
	}
	if err != nil {
		return "", err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", fmt.Errorf("decode the download: %w", err)
	}
	return module.Dir, nil
}
