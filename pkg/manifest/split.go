// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// chunk is one YAML document of a stream, or any number of JSON values in a row.
type chunk struct {
	text []byte // from the first line that says something
	line int    // of that in the file
	hint string
}

// split cuts a stream at the lines that end a document. Those markers stand at the beginning of a line, where nothing
// inside a YAML document or a JSON value can stand that looks like them. Chunks that hold nothing but comments and
// directives are left out.
func split(data []byte) []chunk {
	var chunks []chunk
	start, line := 0, 1
	begin := line
	end := func(at int) {
		if c := trim(data[start:at], begin); c.text != nil {
			chunks = append(chunks, c)
		}
	}
	for at := 0; at < len(data); line++ {
		next := at + lineLength(data[at:])
		if marker(data[at:next]) {
			end(at)
			start, begin = at+len("---"), line
		}
		at = next
	}
	end(len(data))
	return chunks
}

// lineLength is that of the first line, its end included.
func lineLength(data []byte) int {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1
	}
	return len(data)
}

// marker says whether a line is one of `---` and `...`, which may have content or a comment behind them.
func marker(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	if !ok {
		rest, ok = bytes.CutPrefix(line, []byte("..."))
	}
	return ok && (len(rest) == 0 || strings.IndexByte(" \t\r\n", rest[0]) >= 0)
}

// trim drops the blank lines, comments and directives that a chunk begins with.
func trim(text []byte, line int) chunk {
	c := chunk{line: line}
	for len(text) > 0 {
		n := lineLength(text)
		content := bytes.TrimSpace(text[:n])
		if len(content) > 0 && content[0] != '#' && text[0] != '%' {
			c.text = text
			return c
		}
		if source, ok := bytes.CutPrefix(content, []byte("# Source: ")); ok {
			c.hint = string(bytes.TrimSpace(source))
		}
		text = text[n:]
		c.line++
	}
	return c
}

// decoded returns the text as UTF-8 without a byte order mark. Some shells on Windows write UTF-16.
func decoded(data []byte) []byte {
	if rest, ok := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); ok {
		return rest
	}
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}
