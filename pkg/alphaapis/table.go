// SPDX-License-Identifier: Apache-2.0

package alphaapis

import (
	_ "embed" // for the table
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/demarc-dev/demarc/pkg/featuregates"
)

//go:embed apis.tsv
var embedded string

type groupKind struct{ group, kind string }

// table is the decoded form of apis.tsv.
type table struct {
	oldest, newest featuregates.Minor
	resources      []Resource
	byKind         map[groupKind]*Resource
}

// loaded decodes the embedded table when it is first needed.
var loaded = sync.OnceValue(func() *table {
	t, err := decode(embedded)
	if err != nil {
		panic(err) // The table is part of the program, and a test decodes it.
	}
	return t
})

// decode reads the table: comments, then "@minor, release" for each source, then "group, plural, kind, scope, version,
// version, ..." for each resource, all separated by tabs. A version is "v1alpha1 1.28-1.31", "v1alpha1 1.34", or, to the
// end, "v1 1.36+".
func decode(text string) (*table, error) {
	t := &table{byKind: map[groupKind]*Resource{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := t.add(line); err != nil {
			return nil, fmt.Errorf("decode the alpha APIs: line %q: %w", line, err)
		}
	}
	for i := range t.resources {
		r := &t.resources[i]
		if t.byKind[groupKind{r.Group, r.Kind}] != nil {
			return nil, fmt.Errorf("decode the alpha APIs: %s of %s stands twice", r.Kind, r.Group)
		}
		t.byKind[groupKind{r.Group, r.Kind}] = r
	}
	return t, nil
}

func (t *table) add(line string) error {
	fields := strings.Split(line, "\t")
	if minor, ok := strings.CutPrefix(fields[0], "@"); ok {
		return t.addSource(minor)
	}
	if len(fields) < 5 {
		return errors.New("must have a group, plural, kind, scope and version")
	}
	r := Resource{Group: fields[0], Plural: fields[1], Kind: fields[2], Namespaced: fields[3] == "Namespaced"}
	if !r.Namespaced && fields[3] != "Cluster" {
		return fmt.Errorf("%q is no scope", fields[3])
	}
	for _, field := range fields[4:] {
		v, ok := t.decodeVersion(field)
		if !ok {
			return fmt.Errorf("%q is no version", field)
		}
		r.Versions = append(r.Versions, v)
	}
	t.resources = append(t.resources, r)
	return nil
}

func (t *table) addSource(minor string) error {
	m, ok := featuregates.ParseMinor(minor)
	if !ok {
		return fmt.Errorf("%q is no minor version", minor)
	}
	if t.oldest == 0 {
		t.oldest = m
	} else if m != t.newest+1 {
		return fmt.Errorf("%s does not follow %s", m, t.newest)
	}
	t.newest = m
	return nil
}

func (t *table) decodeVersion(field string) (Version, bool) {
	name, span, ok := strings.Cut(field, " ")
	from, to, many := strings.Cut(span, "-")
	first, open := strings.CutSuffix(from, "+")
	switch {
	case !many && open:
		to = t.newest.String()
	case !many:
		to = from
	}
	v := Version{Name: name}
	var fromOK, toOK bool
	v.From, fromOK = featuregates.ParseMinor(first)
	v.To, toOK = featuregates.ParseMinor(to)
	return v, ok && name != "" && fromOK && toOK && t.oldest <= v.From && v.From <= v.To && v.To <= t.newest
}
