// SPDX-License-Identifier: Apache-2.0

package kubecomponent

// maxOpeners bounds what may nest in a script. Even a long and dense script has fewer.
const maxOpeners = 4096

// tooDeep says whether a script could nest too deep for a recursive parser. A stack overflow ends the whole process and
// can't be recovered from, so this comes first. Where a bracket closes can't be told without parsing, hence everything
// that opens or chains counts, closed or not.
func tooDeep(script string) bool {
	openers, word := 0, 0
	for i := range len(script) {
		switch c := script[i]; {
		case opens[c]:
			openers++
		case 'a' <= c && c <= 'z':
			continue
		}
		if nests(script[word:i]) {
			openers++
		}
		word = i + 1
		if openers > maxOpeners {
			return true
		}
	}
	return false
}

// opens are the bytes by which something begins that has an end, or by which an expression goes on: the parser recurses
// on all of them.
var opens = [256]bool{
	'(': true, '{': true, '[': true, '`': true, '<': true, '|': true, '&': true, '!': true,
	'?': true, '=': true, '*': true, '~': true,
}

// nests says whether a word of the script is one of the shell's own that take further commands.
func nests(word string) bool {
	switch word {
	case "if", "while", "until", "for", "case", "select", "time", "coproc", "function", "then", "else", "do", "let":
		return true
	}
	return false
}
