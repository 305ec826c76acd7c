// SPDX-License-Identifier: Apache-2.0

// Package manifest reads Kubernetes objects from files, directories and standard input: YAML and JSON, any number of
// documents in each, lists taken apart, with the place of each so that people and programs find it again.
package manifest

import (
	"cmp"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The bounds of what is read. A file is somebody else's: neither its size nor what it unfolds to may exhaust us.
const (
	MaxFile      = 64 << 20
	MaxDocuments = 100_000
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Place is where a document stands.
type Place struct {
	File   string // empty for standard input
	Number int    // of the document in the file, from 1; those that hold nothing do not count
	Item   string // the object within the document if that is a list, such as ".items[3]"
	Line   int    // where it begins in the file, from 1
	Hint   string // the chart's template that it came from, as `helm template` notes it
}

// String spells the place as file#document.
func (p Place) String() string {
	name := cmp.Or(p.File, "stdin")
	if p.Number == 0 {
		return name
	}
	return fmt.Sprintf("%s#%d%s", name, p.Number, p.Item)
}

// Document is one object. Raw is JSON.
type Document struct {
	Place
	GVK schema.GroupVersionKind
	Raw []byte
}

// Note says something about a place that gave no object.
type Note struct {
	Place
	Message string
}

// Contents is all that was read.
type Contents struct {
	Documents []Document
	// Skipped are documents that are no Kubernetes objects, and files that were passed over.
	Skipped []Note
	// Problems are files and documents that could not be read.
	Problems []Note
}

// Read reads every path: a file, a directory with all that lies below it, or Stdin. It goes on after a problem, so that
// all of them are told at once.
func Read(paths []string, stdin io.Reader) *Contents {
	c := &Contents{}
	for _, path := range paths {
		if path == Stdin {
			c.read("", stdin)
			continue
		}
		c.path(path)
	}
	return c
}

func (c *Contents) problem(at Place, message string) {
	c.Problems = append(c.Problems, Note{at, message})
}

func (c *Contents) skip(at Place, message string) {
	c.Skipped = append(c.Skipped, Note{at, message})
}

// read reads one stream to its end.
func (c *Contents) read(file string, r io.Reader) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		c.problem(Place{File: file}, "read: "+err.Error())
		return
	}
	if len(data) > MaxFile {
		c.problem(Place{File: file}, fmt.Sprintf("more than %d MiB: split it", MaxFile>>20))
		return
	}
	c.documents(file, data)
}
