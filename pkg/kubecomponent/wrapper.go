// SPDX-License-Identifier: Apache-2.0

package kubecomponent

import (
	"strings"
)

// wrappers are programs that run the one that their arguments name. The value lists their options that take a value of
// their own, each between blanks.
var wrappers = map[string]string{
	"tini": " -p -e ", "tini-static": " -p -e ", "dumb-init": " -r --rewrite ", "catatonit": "",
	"env": " -u --unset -C --chdir ", "exec": " -a ", "command": "", "nohup": "", "setsid": "", "sudo": " -u -g ",
	"kube-log-runner": " -log-file --log-file ", "go-runner": " -log-file --log-file ", hyperkube: "",
}

// program finds the component that a command line runs: the program itself, or what it wraps. A flag whose value is a
// path to something named like a component is none.
func program(args []Arg) (at int, name string, ok bool) {
	at = unwrap(args)
	if at == len(args) || strings.HasPrefix(args[at].Text, "-") {
		return 0, "", false
	}
	name = base(args[at].Text)
	return at, name, isComponent(name)
}

// unwrap returns the index of the first argument that is no wrapper, nor an option of one.
func unwrap(args []Arg) int {
	at := 0
	for at < len(args) {
		valued, wraps := wrappers[base(args[at].Text)]
		if !wraps {
			break
		}
		at = skipOptions(args, at+1, valued)
	}
	return at
}

func skipOptions(args []Arg, at int, valued string) int {
	for at < len(args) {
		text := args[at].Text
		switch {
		case text == "--":
			return at + 1
		case strings.HasPrefix(text, "-") && strings.Contains(valued, " "+text+" "):
			at += 2
		case strings.HasPrefix(text, "-"), isAssignment(text):
			at++
		default:
			return at
		}
	}
	return len(args)
}

// isAssignment says whether an argument is a variable that env sets.
func isAssignment(text string) bool {
	name, _, ok := strings.Cut(text, "=")
	return ok && !strings.Contains(name, "/")
}
