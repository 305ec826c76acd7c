// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// features reads metrics and hands over the family that tells of feature gates. Metrics are megabytes; that family is a
// few hundred lines.
func (p *pager) features(ctx context.Context, path string, source policy.Subject, g Gatherer) error {
	body, err := p.client.Get().AbsPath(path).SetHeader("Accept", "text/plain").Stream(ctx)
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // it was read, or is given up
	kept, err := familyLines(body)
	if err != nil {
		return err
	}
	return g.Metrics(source, kept)
}

const (
	family = "kubernetes_feature_enabled"
	// maxFamily bounds what is kept of it: no release has a tenth of that.
	maxFamily = 1 << 20
)

var errTooMany = errors.New("more feature gates than there can be")

// familyLines keeps the lines of the family, its description included. A line longer than the reader's memory is none.
func familyLines(r io.Reader) (*bytes.Buffer, error) {
	lines := bufio.NewReaderSize(r, 64<<10)
	var kept bytes.Buffer
	for {
		line, err := lines.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if !long && ofFamily(line) {
			if kept.Len() > maxFamily {
				return nil, errTooMany
			}
			kept.Write(line)
		}
		for long {
			_, err = lines.ReadSlice('\n')
			long = errors.Is(err, bufio.ErrBufferFull)
		}
		if errors.Is(err, io.EOF) {
			return &kept, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func ofFamily(line []byte) bool {
	for _, comment := range []string{"# HELP ", "# TYPE "} {
		line = bytes.TrimPrefix(line, []byte(comment))
	}
	rest, ok := bytes.CutPrefix(line, []byte(family))
	return ok && len(rest) > 0 && (rest[0] == '{' || rest[0] == ' ')
}
