// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text that others wrote fit to be shown on one line: in a terminal, a log, a header. Line breaks and other
// white space become a space; control characters, characters that turn the direction of text or take no room, and bytes
// that are not UTF-8 become U+FFFD, so that it shows that something was there.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case harmless(r):
			b.WriteRune(r)
		default:
			b.WriteRune(utf8.RuneError)
		}
	}
	return b.String()
}

// cleanLines is a text of several lines with each of them clean.
func cleanLines(s string) string {
	if s == "" {
		return ""
	}
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	for i, line := range lines {
		lines[i] = Clean(line)
	}
	return strings.Join(lines, "\n") + "\n"
}

// plain says whether s is printable ASCII throughout, as nearly all of it is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// harmless says whether a character shows as itself and moves nothing around it.
func harmless(r rune) bool {
	return unicode.IsPrint(r) && !unicode.Is(invisible, r)
}

// invisible are the characters that Unicode counts as letters or marks though they show nothing: fillers and variation
// selectors. All others of no width are format characters, which are not printable.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034f, Hi: 0x034f, Stride: 1},
		{Lo: 0x115f, Hi: 0x1160, Stride: 1},
		{Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
		{Lo: 0x180b, Hi: 0x180f, Stride: 1},
		{Lo: 0x2800, Hi: 0x2800, Stride: 1},
		{Lo: 0x3164, Hi: 0x3164, Stride: 1},
		{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1},
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0xe0100, Hi: 0xe01ef, Stride: 1}},
}

// ellipsis stands for what was cut; it is ASCII, as everything is that demarc itself puts into a header.
const ellipsis = "..."

// cut shortens s to at most limit bytes, at a rune.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return head(s, limit-len(ellipsis)) + ellipsis
}

// cutAtWord shortens s to at most limit bytes at the end of a word. It is empty if less than half of the room would
// be used: half a word helps nobody.
func cutAtWord(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	kept := head(s, limit-len(ellipsis))
	end := strings.LastIndexByte(kept, ' ')
	if end < limit/2 {
		return ""
	}
	return strings.TrimRight(kept[:end], " ,;:(") + ellipsis
}

// cutMiddle shortens s to at most limit bytes, keeping its beginning and its end: those of a field path say most.
func cutMiddle(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	room := max(limit-len(ellipsis), 0)
	front := head(s, room/2)
	return front + ellipsis + tail(s, room-len(front))
}

// head returns the longest beginning of s that has at most limit bytes and ends at a rune.
func head(s string, limit int) string {
	if limit <= 0 {
		return ""
	}
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// tail returns the longest end of s that has at most limit bytes and begins at a rune.
func tail(s string, limit int) string {
	if limit <= 0 {
		return ""
	}
	start := max(len(s)-limit, 0)
	for start < len(s) && !utf8.RuneStart(s[start]) {
		start++
	}
	return s[start:]
}
