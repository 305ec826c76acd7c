// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// extensions are those of the files that a directory is searched for. A file named by itself may have any.
var extensions = []string{".yaml", ".yml", ".json"}

func (c *Contents) path(name string) {
	info, err := os.Stat(name)
	if err != nil {
		c.problem(Place{File: name}, cause(err))
		return
	}
	if info.IsDir() {
		c.directory(name)
		return
	}
	f, err := os.Open(name)
	if err != nil {
		c.problem(Place{File: name}, cause(err))
		return
	}
	defer f.Close() //nolint:errcheck // it was only read
	c.read(name, f)
}

// cause leaves out the operation and the path, which the note names already.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// directory reads what lies below a directory, in the order of the names. It never leaves the directory, whatever
// symbolic links there are: what is checked may be a stranger's change.
func (c *Contents) directory(name string) {
	root, err := os.OpenRoot(name)
	if err != nil {
		c.problem(Place{File: name}, cause(err))
		return
	}
	defer root.Close() //nolint:errcheck // it was only read
	found := false
	err = fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		at := Place{File: filepath.Join(name, filepath.FromSlash(p))}
		switch {
		case err != nil:
			c.problem(at, cause(err))
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir() && hidden(p):
			return fs.SkipDir
		case !d.IsDir() && slices.Contains(extensions, strings.ToLower(path.Ext(p))):
			found = true
			c.entry(root, p, at)
		}
		return nil
	})
	if err != nil {
		c.problem(Place{File: name}, cause(err))
	}
	if !found {
		c.problem(Place{File: name}, "holds no file that ends in "+strings.Join(extensions, ", "))
	}
}

// hidden says whether a directory is one of a tool's own: .git, .github, the ..data of a mounted ConfigMap.
func hidden(p string) bool { return p != "." && strings.HasPrefix(path.Base(p), ".") }

// entry reads one file of a directory.
func (c *Contents) entry(root *os.Root, p string, at Place) {
	info, err := root.Stat(p)
	switch {
	case err != nil && isLink(root, p):
		c.skip(at, "a symbolic link that leads out of the directory or nowhere")
	case err != nil:
		c.problem(at, cause(err))
	case !info.Mode().IsRegular():
		c.skip(at, "not a regular file")
	default:
		f, err := root.Open(p)
		if err != nil {
			c.problem(at, cause(err))
			return
		}
		defer f.Close() //nolint:errcheck // it was only read
		c.read(at.File, f)
	}
}

func isLink(root *os.Root, p string) bool {
	info, err := root.Lstat(p)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}
