// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// NodeFiles is what the provider owns of the files of a node, and whom else it lets write there.
type NodeFiles struct {
	// Paths are files and folders. The most exact entry decides.
	Paths   []NodeFile `json:"paths"`
	PlugIns PlugIns    `json:"plugIns"`
	// Writers are programs that the provider's documentation has customers install, and that write to its files.
	Writers []NodeWriter `json:"writers"`
}

// NodeFile is a file of a node, or a folder with everything below it.
type NodeFile struct {
	// Path is absolute: /etc/kubernetes, C:\k or \\.\pipe\containerd. Windows' are found in any case and with either
	// slash. It may end in "*" for names that begin so.
	Path string `json:"path"`
	// What is there, in a few words.
	What     string       `json:"what"`
	Standing FileStanding `json:"standing"`
	// PlugIns lets pods that plug something into the node mount the whole of it.
	PlugIns bool `json:"plugIns,omitempty"`
	// Instead is what to do rather than write there, a clause that begins with a verb. Empty where nothing special helps.
	Instead string `json:"instead,omitempty"`
	Source  Source `json:"source"`
}

// FileStanding says whose a file of a node is.
type FileStanding string

// The standings of a file.
const (
	Owned  FileStanding = "Owned"  // the provider's alone
	Shared FileStanding = "Shared" // the provider's, and others write there too by a method that it supports
	Open   FileStanding = "Open"   // made for customers' software
)

// PlugIns tells pods that plug something into the node, such as a volume driver, by what they mount or are told.
type PlugIns struct {
	Folders []PlugInFolder `json:"folders"`
	// Variables are names of environment variables that a convention gives to such programs.
	Variables []PlugInVariable `json:"variables"`
}

// PlugInFolder is a folder of the node in which plug-ins register.
type PlugInFolder struct {
	Path   string `json:"path"`
	Source Source `json:"source"`
}

// PlugInVariable is an environment variable that plug-ins read.
type PlugInVariable struct {
	Name   string `json:"name"`
	Source Source `json:"source"`
}

// NodeWriter is a program by its image.
type NodeWriter struct {
	// Image is a repository without its registry. A mirror may put folders of its own before it.
	Image  string `json:"image"`
	Title  string `json:"title"`
	Source Source `json:"source"`
}

// WritesNodeFiles returns the documented program that an image is of.
func (p *Profile) WritesNodeFiles(image string) (NodeWriter, bool) {
	repository, _, _ := strings.Cut(image, "@")
	if colon := strings.LastIndexByte(repository, ':'); colon > strings.LastIndexByte(repository, '/') {
		repository = repository[:colon]
	}
	for _, w := range p.NodeFiles.Writers {
		if rest, ok := strings.CutSuffix(repository, w.Image); ok && (rest == "" || strings.HasSuffix(rest, "/")) {
			return w, true
		}
	}
	return NodeWriter{}, false
}

func (v *validator) nodeFiles() {
	f, path := &v.profile.NodeFiles, field.NewPath("nodeFiles")
	for i, n := range f.Paths {
		at := path.Child("paths").Index(i)
		v.nodePath(at.Child("path"), n.Path)
		v.unique(at.Child("path"), "node file", n.Path)
		v.required(at.Child("what"), n.What, "what is there, in a few words")
		oneOf(v, at.Child("standing"), n.Standing, Owned, Shared, Open)
		v.source(at, n.Source)
	}
	for i, n := range f.PlugIns.Folders {
		at := path.Child("plugIns", "folders").Index(i)
		v.nodePath(at.Child("path"), n.Path)
		v.source(at, n.Source)
	}
	for i, n := range f.PlugIns.Variables {
		at := path.Child("plugIns", "variables").Index(i)
		v.required(at.Child("name"), n.Name, "the name of an environment variable")
		v.source(at, n.Source)
	}
	for i, w := range f.Writers {
		at := path.Child("writers").Index(i)
		v.required(at.Child("title"), w.Title, "the program's name")
		v.unique(at.Child("image"), "writer", w.Image)
		if w.Image == "" || strings.Trim(w.Image, "/") != w.Image || strings.ContainsAny(w.Image, ":@*") {
			v.invalid(at.Child("image"), w.Image, "must be a repository without registry, tag and digest")
		}
		v.source(at, w.Source)
	}
}

// nodePath wants a path that is absolute and spelt in the one way that others are compared with.
func (v *validator) nodePath(path *field.Path, s string) {
	const must = `must be absolute and clean, such as /etc/x, C:\x or \\.\pipe\x`
	rest, windows := s, false
	switch {
	case strings.HasPrefix(s, pipes):
		rest, windows = s[len(pipes)-1:], true
	case len(s) > 2 && s[1] == ':':
		rest, windows = s[2:], true
	}
	separator := "/"
	if windows {
		separator = `\`
	}
	rest, ok := strings.CutPrefix(rest, separator)
	if !ok {
		v.invalid(path, s, must)
		return
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(rest, "*"), separator) {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, `*/\`) || len(part) > longestPart {
			v.invalid(path, s, must)
			return
		}
	}
}
