// SPDX-License-Identifier: Apache-2.0

package provider

import "strings"

// nodeTree finds paths of a node in one walk, however long they are and however many entries there are.
type nodeTree struct {
	linux, windows *nodeFolder
	// plugIns marks the folders in which plug-ins register.
	plugIns map[*nodeFolder]bool
}

// nodeFolder is one step of a path.
type nodeFolder struct {
	parent   *nodeFolder
	children map[string]*nodeFolder
	// beginnings are children by the beginning of their names.
	beginnings []nodeBeginning
	// entry is the one that holds here: this folder's own or the nearest above.
	entry *NodeFile
	// most is the strongest entry here or below.
	most *NodeFile
}

type nodeBeginning struct {
	name string
	*nodeFolder
}

// The most that Linux takes for a path, and for one part of it: what is longer is no file of the node. Windows' names
// are shorter.
const (
	longestPath = 4096
	longestPart = 255
)

// pipes begins the path of a named pipe on Windows.
const pipes = `\\.\`

func newNodeTree(f *NodeFiles) nodeTree {
	t := nodeTree{linux: &nodeFolder{}, windows: &nodeFolder{}, plugIns: map[*nodeFolder]bool{}}
	for i := range f.Paths {
		folder := t.plant(f.Paths[i].Path)
		folder.entry = &f.Paths[i]
		for up := folder; up != nil; up = up.parent {
			if up.most == nil || strength(folder.entry) > strength(up.most) {
				up.most = folder.entry
			}
		}
	}
	for i := range f.PlugIns.Folders {
		t.plugIns[t.plant(f.PlugIns.Folders[i].Path)] = true
	}
	t.linux.inherit()
	t.windows.inherit()
	return t
}

// strength ranks entries by standing.
func strength(f *NodeFile) int {
	switch {
	case f == nil:
		return -1
	case f.Standing == Owned:
		return 2
	case f.Standing == Shared:
		return 1
	}
	return 0
}

// plant returns the folder of an entry's path, and makes it if need be.
func (t nodeTree) plant(path string) *nodeFolder {
	path, beginning := strings.CutSuffix(path, "*")
	p := t.start(path)
	p.step(path, func(at *nodeFolder, name string, last bool) *nodeFolder {
		made := &nodeFolder{parent: at}
		if beginning && last {
			at.beginnings = append(at.beginnings, nodeBeginning{name, made})
			return made
		}
		if at.children == nil {
			at.children = map[string]*nodeFolder{}
		}
		at.children[name] = made
		return made
	})
	return p.folder
}

// inherit hands entries down to the folders that have none.
func (f *nodeFolder) inherit() {
	pass := func(child *nodeFolder) {
		if child.entry == nil {
			child.entry = f.entry
		}
		child.inherit()
	}
	for _, child := range f.children {
		pass(child)
	}
	for _, b := range f.beginnings {
		pass(b.nodeFolder)
	}
}

// child returns the folder below of that name. Windows doesn't tell cases apart.
func (f *nodeFolder) child(name string, windows bool) *nodeFolder {
	if len(name) > longestPart {
		return nil
	}
	folded := [longestPart]byte{}
	n := copy(folded[:], name)
	if windows {
		for i, c := range folded[:n] {
			if 'A' <= c && c <= 'Z' {
				folded[i] = c + 'a' - 'A'
			}
		}
	}
	if child, ok := f.children[string(folded[:n])]; ok {
		return child
	}
	for i := range f.beginnings {
		if b := &f.beginnings[i]; len(b.name) <= n && string(folded[:len(b.name)]) == b.name {
			return b.nodeFolder
		}
	}
	return nil
}
