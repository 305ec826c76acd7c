// SPDX-License-Identifier: Apache-2.0

package featuregates

import (
	_ "embed" // for the table
	"fmt"
	"strings"
	"sync"
)

//go:embed gates.tsv
var embedded string

// table is the decoded form of gates.tsv.
type table struct {
	oldest, newest Minor
	sources        map[Minor]string
	gates          map[string][]Range
}

// loaded decodes the embedded table when it is first needed.
var loaded = sync.OnceValue(func() *table {
	t, err := decode(embedded)
	if err != nil {
		panic(err) // The table is part of the program, and a test decodes it.
	}
	return t
})

// decode reads the table: comments, then "@minor, release" for each source, then "gate, range, range, ..." for each
// gate, all separated by tabs. A range is "1.24-1.29 alpha off", "1.26 beta on", or, to the end, "1.30+ ga on locked".
func decode(text string) (*table, error) {
	t := &table{sources: map[Minor]string{}, gates: map[string][]Range{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := t.add(line); err != nil {
			return nil, fmt.Errorf("decode the feature gates: line %q: %w", line, err)
		}
	}
	return t, nil
}

func (t *table) add(line string) error {
	name, rest, _ := strings.Cut(line, "\t")
	if minor, ok := strings.CutPrefix(name, "@"); ok {
		return t.addSource(minor, rest)
	}
	if _, twice := t.gates[name]; twice {
		return fmt.Errorf("gate %s stands twice", name)
	}
	ranges := make([]Range, 0, 1+strings.Count(rest, "\t"))
	for field := range strings.SplitSeq(rest, "\t") {
		r, err := t.decodeRange(field)
		if err != nil {
			return err
		}
		ranges = append(ranges, r)
	}
	t.gates[name] = ranges
	return nil
}

func (t *table) addSource(minor, release string) error {
	m, ok := ParseMinor(minor)
	if !ok {
		return fmt.Errorf("%q is no minor version", minor)
	}
	if len(t.sources) > 0 && m != t.newest+1 {
		return fmt.Errorf("%s does not follow %s", m, t.newest)
	}
	if len(t.sources) == 0 {
		t.oldest = m
	}
	t.newest, t.sources[m] = m, release
	return nil
}

func (t *table) decodeRange(field string) (Range, error) {
	span, spec, _ := strings.Cut(field, " ")
	first, last, ok := t.decodeSpan(span)
	if !ok {
		return Range{}, fmt.Errorf("%q is no range of minor versions", span)
	}
	stage, value, _ := strings.Cut(spec, " ")
	r := Range{From: first, To: last, Spec: Spec{Stage: Stage(stage)}}
	switch value {
	case "off":
	case "on":
		r.Default = true
	case "off locked":
		r.Locked = true
	case "on locked":
		r.Default, r.Locked = true, true
	default:
		return Range{}, fmt.Errorf("%q is no default", value)
	}
	return r, nil
}

func (t *table) decodeSpan(span string) (first, last Minor, ok bool) {
	if from, open := strings.CutSuffix(span, "+"); open {
		first, ok = ParseMinor(from)
		return first, t.newest, ok
	}
	from, to, many := strings.Cut(span, "-")
	if !many {
		to = from
	}
	first, fromOK := ParseMinor(from)
	last, toOK := ParseMinor(to)
	return first, last, fromOK && toOK
}
