// SPDX-License-Identifier: Apache-2.0

package kubecomponent

import "strings"

// isShell says whether a word names a shell, by its path or alone.
func isShell(word string) bool {
	switch base(word) {
	case "sh", "bash", "ash", "dash", "ksh", "zsh":
		return true
	}
	return false
}

// base returns the last element of a program's path, on Windows without its ending.
func base(path string) string {
	return strings.TrimSuffix(path[1+strings.LastIndexAny(path, `/\`):], ".exe")
}

// scriptIndex finds the script among the arguments of a shell: the first argument that is no option, if -c is one of the
// options. It is false for a shell that reads a file or its input.
func scriptIndex(args []Word) (int, bool) {
	command := false
	for i := 0; i < len(args); i++ {
		arg := args[i].Text
		if len(arg) < 2 || (arg[0] != '-' && arg[0] != '+') || arg == "--" {
			if arg == "--" {
				i++
			}
			return i, command && i < len(args)
		}
		if strings.HasPrefix(arg, "--") {
			if arg == "--rcfile" || arg == "--init-file" {
				i++
			}
			continue
		}
		command = command || arg[0] == '-' && strings.Contains(arg, "c")
		if strings.ContainsAny(arg, "oO") {
			i++ // The name of a shell option follows, as in -euo pipefail.
		}
	}
	return 0, false
}

// Quotes says that the command only reads, compares or prints its words, so that they do nothing.
func (c *Command) Quotes() bool {
	if len(c.Words) == 0 {
		return true
	}
	switch base(c.Words[0].Text) {
	case "grep", "egrep", "fgrep", "zgrep", "rg", "ag", "test", "[", "diff", "cmp", "logger", ":", "true", "false":
		return true
	case "echo", "printf", "cat":
		return c.Prints
	}
	return false
}
