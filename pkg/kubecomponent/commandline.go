// SPDX-License-Identifier: Apache-2.0

package kubecomponent

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Line is the command line of a container as the kubelet would start it, as far as the container tells it.
type Line struct {
	// Args are command and args. Without a command, the image's own entrypoint stands before them, unseen.
	Args []Arg
	// Env are the container's variables.
	Env map[string]Word
}

// CommandLine puts command, args and variables of a container together.
func CommandLine(c *corev1.Container) Line {
	env := environment(c)
	args := make([]Arg, 0, len(c.Command)+len(c.Args))
	left := MaxScript
	for _, list := range []struct {
		field string
		texts []string
	}{{"command", c.Command}, {"args", c.Args}} {
		for i, text := range list.texts {
			w := expand(text, env, &left)
			args = append(args, Arg{Text: w.Text, Known: w.Known, Field: list.field, Index: i})
		}
	}
	return Line{Args: args, Env: env}
}

// Script returns the shell script that the command line runs, as in `sh -c script`.
func (l Line) Script() (Arg, bool) {
	start := unwrap(l.Args)
	if start == len(l.Args) || !isShell(l.Args[start].Text) {
		return Arg{}, false
	}
	options := make([]Word, 0, len(l.Args))
	for _, a := range l.Args[start+1:] {
		options = append(options, Word{Text: a.Text, Known: a.Known})
	}
	at, ok := scriptIndex(options)
	if !ok {
		return Arg{}, false
	}
	return l.Args[start+1+at], true
}

// environment returns the variables of a container. What comes from elsewhere (valueFrom) is there, but not known.
func environment(c *corev1.Container) map[string]Word {
	if len(c.Env) == 0 {
		return nil
	}
	env := make(map[string]Word, len(c.Env))
	left := MaxScript
	for i := range c.Env {
		if c.Env[i].ValueFrom != nil {
			env[c.Env[i].Name] = Word{}
			continue
		}
		env[c.Env[i].Name] = expand(c.Env[i].Value, env, &left)
	}
	return env
}

// expand replaces $(NAME) as Kubernetes does: "$$" stands for one dollar, and what isn't known stays as it is written.
// left is how many bytes the replacements may still add: variables that hold variables would grow without end.
func expand(text string, env map[string]Word, left *int) Word {
	if strings.IndexByte(text, '$') < 0 {
		return Word{Text: text, Known: true}
	}
	var b strings.Builder
	known := true
	for {
		dollar := strings.IndexByte(text, '$')
		if dollar < 0 || dollar+1 == len(text) {
			break
		}
		b.WriteString(text[:dollar])
		text = text[dollar:]
		if text[1] != '(' {
			b.WriteByte('$')
			text = strings.TrimPrefix(text[1:], "$")
			continue
		}
		end := strings.IndexByte(text, ')')
		if end < 0 {
			break // Nothing behind can be a reference either.
		}
		value, ok := env[text[2:end]]
		if !ok || !value.Known || len(value.Text) > *left {
			// Variables of services and of envFrom are set by others. In a script this may be the shell's own.
			value.Text, known = text[:end+1], false
		} else {
			*left -= len(value.Text)
		}
		b.WriteString(value.Text)
		text = text[end+1:]
	}
	b.WriteString(text)
	return Word{Text: b.String(), Known: known}
}
