// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
)

// entry is what a container does on its node.
type entry struct {
	kind entryKind
	// by is the program that leads there.
	by string
}

type entryKind int

// The kinds of entry, weakest first.
const (
	stays entryKind = iota // nothing that can be seen
	runs                   // runs commands there
	waits                  // sleeps, for somebody to come
	opens                  // opens a shell there
)

// entry reads the command line of a container that reaches its node.
func (p *accessPod) entry(r reach, c *corev1.Container) entry {
	if len(c.Command)+len(c.Args) == 0 {
		return entry{}
	}
	line := kubecomponent.CommandLine(c)
	program := line.Program()
	if e := p.enters(r, c, &program); e.kind != stays {
		return e
	}
	if program.Terminal() {
		return entry{kind: opens}
	}
	if sleeps(&program) {
		return entry{kind: waits}
	}
	script, ok := line.Script()
	if !ok {
		return entry{}
	}
	commands, _ := p.scripts.Commands(script.Text, line.Env)
	if onlySleeps(commands) {
		return entry{kind: waits}
	}
	for i := range commands {
		// A shell in a script reads a file or a pipe: there is no terminal.
		if e := p.enters(r, c, &commands[i]); e.kind != stays {
			return entry{runs, e.by}
		}
	}
	return entry{}
}

// deepest bounds how many programs that lead to the node may stand one behind the other, as in `nsenter ... chroot ...`.
const deepest = 4

// enters says what a command does on the node, if it is one that leads there.
func (p *accessPod) enters(r reach, c *corev1.Container, command *kubecomponent.Command) entry {
	by, inner := "", *command
	for range deepest {
		skip, ok := p.leads(r, c, &inner)
		if !ok {
			break
		}
		by, inner = cmp.Or(by, inner.Name()), inner.After(skip)
	}
	switch {
	case by == "":
		return entry{}
	case len(inner.Words) == 0 && inner.Input == "", inner.Terminal():
		return entry{opens, by}
	case sleeps(&inner):
		return entry{waits, by}
	}
	return entry{runs, by}
}

// leads says whether a command is one that enters the node, and how many of its words come before what it runs there.
func (p *accessPod) leads(r reach, c *corev1.Container, command *kubecomponent.Command) (skip int, ok bool) {
	switch command.Name() {
	case "nsenter":
		skip, byNumber, byFile := hostNamespaces(command.Words)
		return skip, r.hostPID && (byNumber || byFile) || r.root && byFile
	case "chroot":
		skip = chrootFolder(command.Words)
		if skip == len(command.Words) || !command.Words[skip].Known {
			return 0, false
		}
		folder := command.Words[skip].Text
		return skip + 1, p.within(c, folder) || r.hostPID && strings.HasPrefix(folder, "/proc/1/root")
	}
	return 0, false
}

// nsenterValues are the options of nsenter that take the next word.
const nsenterValues = " -S --setuid -G --setgid -N --net-socket "

// hostNamespaces reads the options of nsenter: whether they name the first process, by number or by a file of its
// namespaces, and where the program to run begins.
func hostNamespaces(words []kubecomponent.Word) (skip int, byNumber, byFile bool) {
	for i := 1; i < len(words); i++ {
		w := words[i].Text
		switch {
		case w == "--":
			return i + 1, byNumber, byFile
		case !strings.HasPrefix(w, "-"):
			return i, byNumber, byFile
		case w == "-t" || w == "--target":
			i++
			byNumber = byNumber || i < len(words) && words[i].Text == "1"
		case strings.Contains(nsenterValues, " "+w+" "):
			i++
		case w == "-t1", w == "--target=1":
			byNumber = true
		case strings.Contains(w, "/proc/1/ns/"):
			byFile = true
		}
	}
	return len(words), byNumber, byFile
}

// chrootFolder returns the index of the folder among the words of chroot.
func chrootFolder(words []kubecomponent.Word) int {
	i := 1
	for i < len(words) && strings.HasPrefix(words[i].Text, "-") {
		i++
	}
	return i
}

// sleeps says whether a command does nothing but pass time.
func sleeps(c *kubecomponent.Command) bool {
	switch c.Name() {
	case "sleep":
		return true
	case "tail":
		return len(c.Words) > 1 && c.Words[len(c.Words)-1].Text == "/dev/null"
	case "powershell", "pwsh":
		last := strings.ToLower(strings.TrimSpace(c.Words[len(c.Words)-1].Text))
		return strings.HasPrefix(last, "start-sleep") && !strings.ContainsAny(last, ";|\n")
	}
	return false
}

// onlySleeps says whether a script passes time and does nothing else that counts.
func onlySleeps(commands []kubecomponent.Command) bool {
	slept := false
	for i := range commands {
		c := commands[i]
		if c.Name() == "exec" {
			c = c.After(1)
		}
		switch c.Name() {
		case "true", ":", "echo", "trap", "wait", "date":
			continue
		}
		if !sleeps(&c) {
			return false
		}
		slept = true
	}
	return slept
}
