// SPDX-License-Identifier: Apache-2.0

package kubecomponent

import "strings"

// Program returns what the line runs: the program and its arguments, without init systems and other wrappers before it.
func (l Line) Program() Command {
	args := l.Args[unwrap(l.Args):]
	c := Command{Words: make([]Word, len(args)), Prints: true}
	for i, a := range args {
		c.Words[i] = Word{Text: a.Text, Known: a.Known}
	}
	return c
}

// Name returns the name of the program that the command runs, without its folder.
func (c *Command) Name() string {
	if len(c.Words) == 0 {
		return ""
	}
	return base(c.Words[0].Text)
}

// After returns the command that begins n words further on: what a program runs that is given another.
func (c *Command) After(n int) Command {
	return Command{Words: c.Words[min(n, len(c.Words)):], Input: c.Input, Prints: c.Prints}
}

// Script returns the text that the command hands to a shell: as an argument, or as its input.
func (c *Command) Script() (string, bool) { return innerScript(c) }

// Terminal says whether the command is a shell that does what somebody types: it has no script, file or text to read.
func (c *Command) Terminal() bool {
	if c.Input != "" {
		return false
	}
	switch name := c.Name(); {
	case name == "su", name == "login":
		return !c.has("-c", "--command")
	case name == "powershell", name == "pwsh", name == "cmd":
		return len(c.Words) == 1
	case !isShell(name):
		return false
	}
	for _, w := range c.Words[1:] {
		if !strings.HasPrefix(w.Text, "-") || strings.Contains(w.Text, "c") && !strings.HasPrefix(w.Text, "--") {
			return false
		}
	}
	return true
}

func (c *Command) has(words ...string) bool {
	for _, w := range c.Words {
		for _, word := range words {
			if w.Text == word {
				return true
			}
		}
	}
	return false
}
