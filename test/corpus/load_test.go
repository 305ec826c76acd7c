// SPDX-License-Identifier: Apache-2.0

// Package corpus_test puts what customers run on AKS through the rules: manifests of public projects and of AKS's own
// guides. Nothing in here is wrong, so nothing may be refused, and every warning has to be worth its reader's time.
package corpus_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	kyaml "sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/object"
)

// The files of a project, each beginning with the project's name.
const (
	manifestSuffix = ".yaml"
	oldSuffix      = ".old.yaml"     // what is there before: the objects that the manifest edits
	deletedSuffix  = ".deleted.yaml" // objects that a guide deletes
	verdictsSuffix = ".verdicts"     // the golden
)

// contextFile holds the namespaces beside those that every fixture knows.
const contextFile = "context.yaml"

// project is one piece of software, or one guide, with all that it puts into a cluster.
type project struct {
	area, name string
	documents  []document
}

func (p project) path(suffix string) string { return path.Join(p.area, p.name+suffix) }

// document is one object of a project and what becomes of it.
type document struct {
	file   string
	number int
	raw    []byte
	*object.Object
	// old is what is there before, if the document edits it.
	old []byte
	// deleted says that the request takes the object away.
	deleted bool
}

func (d document) String() string {
	name := d.Meta.Name
	if d.Meta.Namespace != "" {
		name = d.Meta.Namespace + "/" + name
	}
	return d.GVK.Kind + " " + name
}

func (d document) place() string { return fmt.Sprintf("%s#%d", d.file, d.number) }

// identity is what a document edits or deletes.
func (d document) identity() string { return d.GVK.GroupKind().String() + " " + d.String() }

// loadCorpus reads all projects. The error holds everything that is wrong with the files.
func loadCorpus(root fs.FS) ([]project, error) {
	files, err := fs.Glob(root, "*/*")
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	var projects []project
	var errs []error
	for _, file := range files {
		name, isManifest := strings.CutSuffix(path.Base(file), manifestSuffix)
		if !isManifest || strings.HasSuffix(file, oldSuffix) || strings.HasSuffix(file, deletedSuffix) {
			continue
		}
		p := project{area: path.Dir(file), name: name}
		errs = append(errs, p.load(root))
		projects = append(projects, p)
		for _, suffix := range []string{manifestSuffix, oldSuffix, deletedSuffix, verdictsSuffix} {
			known[p.path(suffix)] = true
		}
	}
	for _, file := range files {
		if !known[file] {
			errs = append(errs, fmt.Errorf("%s: belongs to no project", file))
		}
	}
	return projects, errors.Join(errs...)
}

func (p *project) load(root fs.FS) error {
	now, err := readDocuments(root, p.path(manifestSuffix))
	if err != nil {
		return err
	}
	before, err := readDocuments(root, p.path(oldSuffix))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	deleted, err := readDocuments(root, p.path(deletedSuffix))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var errs []error
	for _, old := range before {
		i := slices.IndexFunc(now, func(d document) bool { return d.identity() == old.identity() })
		if i < 0 {
			errs = append(errs, fmt.Errorf("%s: %s is not edited by %s", old.place(), old, p.path(manifestSuffix)))
			continue
		}
		now[i].old = old.raw
	}
	for i := range deleted {
		deleted[i].deleted = true
	}
	p.documents = append(now, deleted...)
	return errors.Join(errs...)
}

// readDocuments reads a file of YAML documents, strictly: a name that stands twice is an error.
func readDocuments(root fs.FS, file string) ([]document, error) {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(text, []byte("# ")) {
		return nil, fmt.Errorf("%s: must begin with comments that name project, version and source", file)
	}
	var documents []document
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for number := 1; ; number++ {
		chunk, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		raw, err := kyaml.YAMLToJSONStrict(chunk)
		if err != nil {
			return nil, fmt.Errorf("%s#%d: %w", file, number, err)
		}
		if bytes.Equal(raw, []byte("null")) {
			continue
		}
		o, err := object.Decode(raw, schema.GroupVersionKind{})
		if err != nil {
			return nil, fmt.Errorf("%s#%d: %w", file, number, err)
		}
		documents = append(documents, document{file: file, number: number, raw: raw, Object: o})
	}
}

// here is the corpus on disk.
func here() fs.FS { return os.DirFS(".") }
