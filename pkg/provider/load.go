// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

//go:embed aks/*.yaml
var aksFiles embed.FS

// AKS returns the profile of Azure Kubernetes Service. It is one value, shared by all callers: nobody may change it.
var AKS = sync.OnceValue(func() *Profile {
	p, err := loadAKS()
	if err != nil {
		panic(err) // the files are part of the program, and a test loads them
	}
	return p
})

func loadAKS() (*Profile, error) {
	files, err := fs.Sub(aksFiles, "aks")
	if err != nil {
		return nil, err
	}
	return Load(files)
}

// Load reads a profile from the *.yaml files of one folder. Each file holds some of the profile's fields, and no field is
// in two files. The error names everything that is wrong: file, field, and what would be right.
func Load(fsys fs.FS) (*Profile, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("load profile: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("load profile: no *.yaml file")
	}
	l := loader{profile: &Profile{}, homes: map[string]string{}}
	for _, name := range names {
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("load profile: %w", err)
		}
		l.read(name, raw)
	}
	// A file that can't be read leaves gaps, and what is missing then is no finding of its own.
	if len(l.errs) == 0 {
		l.validate()
	}
	if len(l.errs) > 0 {
		return nil, fmt.Errorf("load profile: %w", errors.Join(l.errs...))
	}
	l.profile.build()
	return l.profile, nil
}

// loader puts a profile together and remembers in which file each of its fields is.
type loader struct {
	profile *Profile
	homes   map[string]string
	errs    []error
}

func (l *loader) read(file string, raw []byte) {
	for _, err := range l.decode(file, raw) {
		l.errs = append(l.errs, fmt.Errorf("%s: %w", file, err))
	}
}

func (l *loader) decode(file string, raw []byte) []error {
	if bytes.Contains(raw, []byte("\n---")) {
		return []error{errors.New("must be one YAML document: only the first would be read")}
	}
	doc, err := yaml.YAMLToJSONStrict(raw)
	if err != nil {
		return []error{err}
	}
	var fields map[string]any
	if err := json.UnmarshalCaseSensitivePreserveInts(doc, &fields); err != nil {
		return []error{fmt.Errorf("must be a map of the profile's fields: %w", err)}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if home, taken := l.homes[name]; taken {
			errs = append(errs, fmt.Errorf("%s: must be in one file, and is in %s too", name, home))
			continue
		}
		l.homes[name] = file
	}
	unknown, err := json.UnmarshalStrict(doc, l.profile)
	if err != nil {
		errs = append(errs, err)
	}
	return append(errs, unknown...)
}

// validate judges the whole, since entries of one file name those of another, and puts each error in its file.
func (l *loader) validate() {
	for _, err := range validate(l.profile) {
		name, _, _ := strings.Cut(err.Field, ".")
		name, _, _ = strings.Cut(name, "[")
		if home, ok := l.homes[name]; ok {
			l.errs = append(l.errs, fmt.Errorf("%s: %w", home, err))
		} else {
			l.errs = append(l.errs, err)
		}
	}
}
