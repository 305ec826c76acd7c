// SPDX-License-Identifier: Apache-2.0

package kubecomponent

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// walker collects the commands of a script, in the order of the text.
type walker struct {
	variables
	commands []Command
	stack    []frame
}

// frame is one node on the way to the current one.
type frame struct {
	node syntax.Node
	// captured says that the output of commands below doesn't reach the terminal.
	captured bool
	// piped is the left side of a pipe.
	piped *syntax.Stmt
	input string
}

// visit is called for each node, and with nil after the last child of one.
func (w *walker) visit(node syntax.Node) bool {
	if node == nil {
		w.stack = w.stack[:len(w.stack)-1]
		return true
	}
	var above frame
	if len(w.stack) > 0 {
		above = w.stack[len(w.stack)-1]
	}
	here := frame{node: node, captured: above.captured}
	switch n := node.(type) {
	case *syntax.Stmt:
		here.captured = here.captured || n == above.piped || writesFile(n.Redirs)
		here.input = w.input(n.Redirs)
	case *syntax.BinaryCmd:
		if n.Op == syntax.Pipe || n.Op == syntax.PipeAll {
			here.piped = n.X
		}
	case *syntax.CmdSubst, *syntax.ProcSubst:
		here.captured = true
	case *syntax.CallExpr:
		w.call(n, above)
	case *syntax.DeclClause:
		w.assign(n.Args)
	case *syntax.WordIter:
		w.forget(n.Name.Value)
	}
	w.stack = append(w.stack, here)
	return true
}

func (w *walker) call(n *syntax.CallExpr, stmt frame) {
	if len(n.Args) == 0 {
		w.assign(n.Assigns)
		return
	}
	c := Command{Prints: !stmt.captured, Input: stmt.input}
	for _, word := range n.Args {
		c.Words = append(c.Words, w.words(word)...)
	}
	w.commands = append(w.commands, c)
}

// writesFile says whether the standard output goes somewhere else than to the terminal or the log.
func writesFile(redirs []*syntax.Redirect) bool {
	for _, r := range redirs {
		switch r.Op {
		case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrInOut, syntax.RdrAll, syntax.AppAll:
		default:
			continue
		}
		if (r.N == nil || r.N.Value == "1") && !strings.HasPrefix(r.Word.Lit(), "/dev/") {
			return true
		}
	}
	return false
}

// input returns the text of here-documents and here-strings.
func (w *walker) input(redirs []*syntax.Redirect) string {
	var text strings.Builder
	for _, r := range redirs {
		switch {
		case r.Hdoc != nil:
			text.WriteString(w.expand(r.Hdoc, quotingOf(r.Word)).Text)
		case r.Op == syntax.WordHdoc:
			text.WriteString(w.text(r.Word).Text)
		}
	}
	return text.String()
}

// quotingOf tells from the delimiter of a here-document how its text is read: quoted in any way, it stands as it is.
func quotingOf(delimiter *syntax.Word) quoting {
	if word := delimiter.Lit(); word == "" || strings.IndexByte(word, '\\') >= 0 {
		return raw
	}
	return double
}
