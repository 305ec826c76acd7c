// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/util/json"
)

// recorded are the rounds that the tests without a server ask about.
func recorded(round int) string { return fmt.Sprintf("testdata/round-%d.json.gz", round) }

const rounds = 4

func (r *Round) write(path string) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write a round: %w", err)
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("write a round: %w", err)
	}
	if _, err := w.Write(raw); err != nil {
		return fmt.Errorf("write a round: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("write a round: %w", err)
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}

func read(path string) (*Round, error) {
	packed, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("read a round: %w", err)
	}
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(z); err != nil {
		return nil, fmt.Errorf("read a round: %w", err)
	}
	r := &Round{}
	// This reader keeps whole numbers whole inside maps.
	if err := json.Unmarshal(raw.Bytes(), r); err != nil {
		return nil, fmt.Errorf("read a round: %w", err)
	}
	return r, nil
}
