// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestStartWithoutBinaries(t *testing.T) {
	_, err := Start(t.Context(), Options{BinaryDir: t.TempDir()})
	if !errors.Is(err, ErrNoBinaries) {
		t.Errorf("got error %v, want %v", err, ErrNoBinaries)
	}
}

func TestFindBinaries(t *testing.T) {
	root := t.TempDir()
	t.Setenv(BinaryDirEnv, "")
	t.Chdir(root)
	if _, err := FindBinaries(); !errors.Is(err, ErrNoBinaries) {
		t.Errorf("outside a module: got error %v, want %v", err, ErrNoBinaries)
	}

	inside := filepath.Join(root, "test", "controlplane")
	if err := os.MkdirAll(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, pinsFile), []byte("pins\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(inside)
	if _, err := FindBinaries(); !errors.Is(err, ErrNoBinaries) {
		t.Errorf("before the build: got error %v, want %v", err, ErrNoBinaries)
	}

	// printf 'pins\n' | sha256sum | cut -c1-12
	want := filepath.Join(root, ".cache", "controlplane", "v1.2.3-d68dc7755cc6")
	if err := os.MkdirAll(want, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := FindBinaries(); err != nil || got != want {
		t.Errorf("after the build: got %s, %v, want %s", got, err, want)
	}

	t.Setenv(BinaryDirEnv, inside)
	if got, err := FindBinaries(); err != nil || got != inside {
		t.Errorf("with %s: got %s, %v, want %s", BinaryDirEnv, got, err, inside)
	}
}

func TestSeedObjects(t *testing.T) {
	objects, err := seedObjects()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, object := range objects {
		name := object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
	}
	if len(objects) == 0 {
		t.Error("no manifests")
	}
}
