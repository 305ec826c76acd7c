// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// BinaryDirEnv names the environment variable that overrides where the
// binaries are looked for.
const BinaryDirEnv = "DEMARC_CONTROLPLANE"

// ErrNoBinaries means that the control plane has not been built.
var ErrNoBinaries = errors.New("no control plane binaries: run `make controlplane` first (6 to 7 minutes, once)")

var binaries = []string{"kube-apiserver", "etcd", "kubectl"}

//go:embed leash.sh
var leash []byte

// FindBinaries returns the folder that holds the control plane's binaries:
// what the environment says, or what hack/controlplane.sh built for the module
// that the working directory is in.
func FindBinaries() (string, error) {
	if dir := os.Getenv(BinaryDirEnv); dir != "" {
		return filepath.Abs(dir)
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	pins, err := os.ReadFile(filepath.Join(root, pinsFile))
	if err != nil {
		return "", fmt.Errorf("read the control plane's pins: %w", err)
	}
	sum := sha256.Sum256(pins)
	cache := filepath.Join(root, ".cache", "controlplane")
	found, err := filepath.Glob(filepath.Join(cache, "v*-"+hex.EncodeToString(sum[:])[:12]))
	if err != nil {
		return "", fmt.Errorf("search %s: %w", cache, err)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%w: nothing in %s fits %s", ErrNoBinaries, cache, pinsFile)
	}
	return found[0], nil
}

const pinsFile = "test/controlplane/go.sum"

func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module's root: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, pinsFile)); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%w: no folder above %s holds %s, and %s is not set", ErrNoBinaries, start, pinsFile, BinaryDirEnv)
		}
	}
}

func checkBinaries(dir string) error {
	for _, name := range binaries {
		_, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s is not in %s", ErrNoBinaries, name, dir)
		}
		if err != nil {
			return fmt.Errorf("check control plane binaries: %w", err)
		}
	}
	return nil
}

// leashed writes a script to dir that runs the server of that name and does
// not outlive this process.
func leashed(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, leash, 0o700); err != nil {
		return "", fmt.Errorf("write start script of %s: %w", name, err)
	}
	return path, nil
}
