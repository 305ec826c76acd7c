// SPDX-License-Identifier: Apache-2.0

package pseudonym

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// place is where a word stands in a text.
type place bool

// What stands in quotes is what somebody wrote into an object; there, words of prose are no excuse.
const (
	prose  place = false
	quoted place = true
)

// Text takes names, addresses and ids out of a sentence: every word of it that is not public gets a pseudonym. A name that
// is also a word of ours, such as image, is taken for the word, but in quotes, and where it is one of those that the
// sentence is about.
func (n *Names) Text(sentence string, about ...string) string {
	var b strings.Builder
	t := text{names: n, about: about}
	Words(sentence, func(gap string) { b.WriteString(gap) }, func(word string, inQuotes bool) {
		t.place = place(inQuotes)
		b.WriteString(t.word(word))
	})
	return b.String()
}

// text is a sentence on its way.
type text struct {
	names *Names
	about []string
	place place
}

// Words takes a text apart into words and what stands between them. A word holds no space, bracket, quote or comma, but
// it may be a path, an image or an address. inQuotes says whether it stands between double quotes.
func Words(text string, gap func(string), word func(word string, inQuotes bool)) {
	inQuotes, escaped, start := false, false, 0
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		if escaped || between(c) {
			if start < i {
				word(text[start:i], inQuotes)
			}
			gap(text[i : i+size])
			start = i + size
			inQuotes = inQuotes != (c == '"' && !escaped)
			escaped = c == '\\' && !escaped
		}
		i += size
	}
	if start < len(text) {
		word(text[start:], inQuotes)
	}
}

func between(c rune) bool {
	return unicode.IsSpace(c) || strings.ContainsRune("\"'`,;()[]{}<>|!?\\*+~^$%&#", c)
}

// joints are what compound words are joined by, the loosest first: pairs, digests, paths and service accounts.
func joints() []string { return []string{"=", "@", "/:"} }

func (t *text) word(word string) string {
	bare := strings.TrimLeft(word, "-.")
	front, bare := word[:len(word)-len(bare)], strings.TrimRight(bare, ".:-")
	end := word[len(front)+len(bare):]
	return front + t.bare(bare) + end
}

func (t *text) bare(word string) string {
	public := t.public(word)
	if p, ok := t.names.given[word]; ok && !public {
		return p
	}
	if word == "" || public {
		return word
	}
	switch {
	case isAddress(word):
		return t.names.Name("address", word)
	case isID(word):
		return t.names.Name("id", word)
	case isUser(word):
		return t.names.Name("user", word)
	case number(word):
		return word
	}
	for _, joint := range joints() {
		if i := strings.IndexAny(word, joint); i >= 0 {
			return t.bare(word[:i]) + word[i:i+1] + t.bare(word[i+1:])
		}
	}
	if strings.Contains(word, ".") {
		if !slices.ContainsFunc(strings.Split(word, "."), func(part string) bool { return !t.public(part) }) {
			return word
		}
		return t.names.Name("host", word)
	}
	return t.names.Name("name", word)
}

// public says whether a word is ours, the provider's or Kubernetes', and not meant as somebody's name here.
func (t *text) public(word string) bool {
	if _, taken := t.names.given[word]; taken && (t.place == quoted || slices.Contains(t.about, word)) {
		return false
	}
	return t.names.public(word, t.place)
}

// public says whether a word is the provider's, Kubernetes' or demarc's own.
func (n *Names) public(word string, at place) bool {
	if n.known(word) || n.vocabulary.data[word] || reserved(word) {
		return true
	}
	if at == quoted {
		return false
	}
	return n.vocabulary.prose[word] || n.vocabulary.prose[strings.ToLower(word[:min(1, len(word))])+word[min(1, len(word)):]]
}

// reserved says whether a word is a domain that is Kubernetes' own.
func reserved(word string) bool {
	return strings.HasSuffix(word, ".k8s.io") || strings.HasSuffix(word, ".kubernetes.io") || strings.HasSuffix(word, ".x-k8s.io")
}

func isAddress(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(s)
	return err == nil
}

// isID says whether s is a GUID, a long string of hexadecimal digits, as only machines write, or a number that is too long
// to count something.
func isID(s string) bool {
	const least = 16
	if strings.Trim(s, "0123456789") == "" {
		return len(s) > maxDigits
	}
	digits := 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			digits++
		case c != '-':
			return false
		}
	}
	return digits >= least
}

// isUser says whether s is a user's name as directories spell it. An image with a digest has one sign of that kind too.
func isUser(s string) bool {
	name, domain, found := strings.Cut(s, "@")
	return found && name != "" && strings.Contains(domain, ".") && !strings.ContainsAny(s, "/:=")
}
