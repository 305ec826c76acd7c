// SPDX-License-Identifier: Apache-2.0

package kubecomponent

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// MaxScript is how many bytes of script one ScriptReader parses. The text comes from whoever writes a pod, and parsing
// costs milliseconds for that much.
const MaxScript = 64 << 10

// maxNesting bounds how deep scripts may stand inside scripts, as in `sh -c "sh -c '...'"`.
const maxNesting = 4

// Command is one simple command of a script, such as `sed -i s/a/b/ file`.
type Command struct {
	// Words are the program and its arguments after quote removal, with variables replaced where their value is known.
	Words []Word
	// Input is the text of the here-documents and here-strings that the command reads.
	Input string
	// Prints says that what the command writes is only printed: it goes into no file, pipe or variable.
	Prints bool
}

// Word is one word of a command.
type Word struct {
	Text string
	// Known is false where the shell would put in something that the script doesn't tell; Text has nothing in its place.
	Known bool
}

// ScriptReader reads shell scripts without running them, up to a total of MaxScript bytes: which simple commands they
// have, and what text reaches each. What it can't read it leaves out. The zero value is ready.
type ScriptReader struct {
	parsed, expanded int
}

// Commands returns the simple commands of a script in their order, those of functions, substitutions and of scripts given
// to an inner shell included. env are the variables that the script starts with. It is false for text that isn't a
// script, is too long or nested too deep; then nothing is known about it.
func (r *ScriptReader) Commands(script string, env map[string]Word) ([]Command, bool) {
	return r.nested(script, env, 0)
}

func (r *ScriptReader) nested(script string, env map[string]Word, depth int) ([]Command, bool) {
	if depth > maxNesting || len(script) > MaxScript-r.parsed || tooDeep(script) {
		return nil, false
	}
	r.parsed += len(script)
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return nil, false
	}
	w := walker{variables: variables{outer: env, expanded: &r.expanded}}
	syntax.Walk(file, w.visit)
	commands := w.commands
	var exported map[string]Word
	for i := range w.commands {
		inner, ok := innerScript(&w.commands[i])
		if !ok {
			continue
		}
		if exported == nil {
			exported = w.flat()
		}
		more, _ := r.nested(inner, exported, depth+1)
		commands = append(commands, more...)
	}
	return commands, true
}

// innerScript returns the text that a command hands to another shell: `sh -c text`, wherever the shell stands among the
// words (after chroot, nsenter, sudo, ...), or a here-document.
func innerScript(c *Command) (string, bool) {
	if len(c.Words) == 0 || c.Quotes() {
		return "", false
	}
	for i := range c.Words {
		if isShell(c.Words[i].Text) {
			if at, ok := scriptIndex(c.Words[i+1:]); ok {
				return c.Words[i+1+at].Text, true
			}
			return c.Input, c.Input != ""
		}
	}
	return "", false
}
