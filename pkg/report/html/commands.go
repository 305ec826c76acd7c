// SPDX-License-Identifier: Apache-2.0

package html

import (
	"slices"
	"strings"
)

// piece is a part of a sentence: words, or code. A command is code that somebody may want to copy.
type piece struct {
	text    string
	code    bool
	command bool
}

// programs are those whose commands remedies name.
var programs = []string{"az", "kubectl", "demarc", "helm"}

// pieces takes a sentence apart. Code stands between backticks, or begins with the name of a program.
func pieces(s string) []piece {
	var list []piece
	for i, part := range strings.Split(s, "`") {
		switch {
		case part == "":
		case i%2 == 1:
			list = append(list, code(part))
		default:
			list = append(list, bare(part)...)
		}
	}
	return list
}

func code(s string) piece {
	words := strings.Fields(s)
	return piece{text: s, code: true, command: len(words) > 2 && slices.Contains(programs, words[0]) && inert(s)}
}

// inert says whether a shell sees one command in it. Names within may be anybody's choice, and what a button puts on the
// clipboard ends in a shell. Placeholders such as <group> are no redirections worth the name.
func inert(s string) bool {
	inside := false
	for _, r := range s {
		switch {
		case r == '<' && !inside:
			inside = true
		case r == '>' && inside:
			inside = false
		case inside && r != '-' && (r < 'a' || r > 'z'), r == '<', r == '>', r < ' ', strings.ContainsRune(";&|$()`\\!", r):
			return false
		}
	}
	return !inside
}

// bare finds commands in words that nothing marks as code.
func bare(s string) []piece {
	var list []piece
	said := 0 // up to where s is in the list
	for at := 0; at < len(s); {
		end := at + len(word(s[at:]))
		if !slices.Contains(programs, s[at:end]) {
			at = end + 1
			continue
		}
		end = commandEnd(s, at)
		if !strings.Contains(s[at:end], " ") { // the program's name alone
			at = end + 1
			continue
		}
		if at > said {
			list = append(list, piece{text: s[said:at]})
		}
		list = append(list, code(s[at:end]))
		said, at = end, end+1
	}
	if said < len(s) {
		list = append(list, piece{text: s[said:]})
	}
	return list
}

// commandEnd is where the command that begins at a position ends: before a word that belongs to the sentence, or at a
// mark of punctuation.
func commandEnd(s string, at int) int {
	end := at
	for at < len(s) {
		w := word(s[at:])
		if slices.Contains(joining, w) {
			return end
		}
		if trimmed := strings.TrimRight(w, ",;:.)"); trimmed != w {
			return at + len(trimmed)
		}
		end = at + len(w)
		at = end + 1
	}
	return end
}

// joining are words that no command has and that sentences go on with.
var joining = []string{"", "and", "or", "to", "where", "which", "that", "with", "if", "for", "by", "so", "then", "instead", "first"}

// word is what stands before the first space.
func word(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return w
}

// prose writes a sentence with its code as such.
func (p *page) prose(s string) {
	for _, part := range pieces(s) {
		switch {
		case part.command:
			p.leaf("code", part.text, class("command"))
		case part.code:
			p.leaf("code", part.text)
		default:
			p.text(part.text)
		}
	}
}
