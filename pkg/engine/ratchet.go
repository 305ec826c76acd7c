// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// seen counts the findings that the old object had already. What is added is a finding more, wherever it stands:
// list positions do not count, since a container put in front moves all others.
type seen map[likeness]int

type likeness struct{ path, message string }

func like(f policy.Finding) likeness { return likeness{withoutPositions(f.Path), f.Message} }

// before judges the old object of an update by the same rule. A rule that needs the old object compares for itself.
func (b *bound) before(in policy.Input) (seen, *Fault) {
	if in.Operation != policy.Update || in.Old == nil || b.rule.Needs.Old {
		return nil, nil
	}
	in.Object, in.Old = in.Old, nil
	findings, fault := b.run(in)
	s := make(seen, len(findings))
	for _, f := range findings {
		s[like(f)]++
	}
	return s, fault
}

// take says whether the old object had this finding, and counts it off.
func (s seen) take(f policy.Finding) bool {
	l := like(f)
	if s[l] == 0 {
		return false
	}
	s[l]--
	return true
}

// withoutPositions spells a path with every number in brackets left out.
func withoutPositions(path *field.Path) string {
	if path == nil {
		return ""
	}
	var b strings.Builder
	rest := path.String()
	for {
		open := strings.IndexByte(rest, '[')
		if open < 0 {
			b.WriteString(rest)
			return b.String()
		}
		b.WriteString(rest[:open+1])
		rest = strings.TrimLeft(rest[open+1:], "0123456789")
	}
}
