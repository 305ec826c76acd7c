// SPDX-License-Identifier: Apache-2.0

package provider

import "strings"

// nodeWalk is a place on a node, reached step by step.
type nodeWalk struct {
	folder *nodeFolder
	// out counts the steps beyond the folders of the tree.
	out     int
	windows bool
}

// start returns where a path begins. What begins with a drive or a backslash is Windows'; of those without a drive, all
// but pipes lie on C:.
func (t nodeTree) start(path string) nodeWalk {
	switch {
	case strings.HasPrefix(path, pipes), strings.HasPrefix(path, `\\?\`), strings.HasPrefix(path, "//./"),
		len(path) > 1 && path[1] == ':':
		return nodeWalk{folder: t.windows, windows: true}
	case strings.HasPrefix(path, `\`):
		w := nodeWalk{folder: t.windows, windows: true}
		w.step("C:", nil)
		return w
	}
	return nodeWalk{folder: t.linux}
}

// step goes along a path, part by part. Where the tree ends it grows what plant makes, or leaves it if plant is nil.
func (w *nodeWalk) step(path string, plant func(at *nodeFolder, name string, last bool) *nodeFolder) {
	for len(path) > 0 {
		end := w.separator(path)
		part := path[:end]
		path = path[min(end+1, len(path)):]
		switch {
		case part == "", part == ".", w.windows && part == "?":
		case part == "..":
			w.back()
		case w.out > 0:
			w.out++
		default:
			next := w.folder.child(part, w.windows)
			if next == nil && plant != nil {
				next = plant(w.folder, w.fold(part), path == "")
			}
			if next == nil {
				w.out++
				continue
			}
			w.folder = next
		}
	}
}

func (w *nodeWalk) fold(name string) string {
	if w.windows {
		return strings.ToLower(name)
	}
	return name
}

func (w *nodeWalk) back() {
	switch {
	case w.out > 0:
		w.out--
	case w.folder.parent != nil:
		w.folder = w.folder.parent
	}
}

// separator returns where the first part of a path ends.
func (w *nodeWalk) separator(path string) int {
	end := strings.IndexByte(path, '/')
	if w.windows {
		end = strings.IndexAny(path, `/\`)
	}
	if end < 0 {
		return len(path)
	}
	return end
}

// NodePlace is what the provider owns at a place on a node.
type NodePlace struct {
	*NodeFile
	// Above is true where the place lies above what the provider owns, and holds it.
	Above bool
	// Registers is true for a folder in which plug-ins register.
	Registers bool
}

// NodePlace returns what the provider owns at a path of a node: the entry that it lies at or below, or the strongest of
// those that it holds. expression is a path below, of which what follows the first variable is not known; only one of
// below and expression is there. It allocates nothing.
func (p *Profile) NodePlace(path, below, expression string) (NodePlace, bool) {
	if len(path)+len(below)+len(expression) > longestPath {
		return NodePlace{}, false
	}
	t := &p.index.nodeFiles
	w := t.start(path)
	w.step(path, nil)
	w.step(below, nil)
	if fixed, _, varies := strings.Cut(expression, "$("); varies {
		w.step(fixed[:1+strings.LastIndexAny(fixed, `/\`)], nil)
		w.out++
	} else {
		w.step(expression, nil)
	}
	place := NodePlace{NodeFile: w.folder.entry}
	if w.out == 0 {
		place.Registers = t.plugIns[w.folder]
		if strength(w.folder.most) > strength(place.NodeFile) {
			place.NodeFile, place.Above = w.folder.most, true
		}
	}
	return place, place.NodeFile != nil
}
