// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	yamlv2 "go.yaml.in/yaml/v2"
	"sigs.k8s.io/yaml"
)

// documents takes a stream apart.
func (c *Contents) documents(file string, data []byte) {
	number := 0
	for _, chunk := range split(decoded(data)) {
		at := Place{File: file, Line: chunk.line, Hint: chunk.hint}
		values, err := parse(chunk, strings.EqualFold(filepath.Ext(file), ".json"))
		for _, v := range values {
			if number++; number > MaxDocuments {
				c.problem(Place{File: file, Line: v.line}, fmt.Sprintf("more than %d documents: split it", MaxDocuments))
				return
			}
			at.Number, at.Line = number, v.line
			c.document(at, v, 0)
		}
		if err != nil {
			number++
			at.Number = number
			c.broken(at, chunk, err)
		}
	}
}

// value is one JSON value, where it begins, and the YAML that it was made from, if it was.
type value struct {
	raw  []byte
	line int
	yaml []byte
}

// parse reads the JSON values of a chunk, or the one YAML document. YAML may begin like JSON; where the two disagree on
// what is wrong, the file's ending says which one was meant.
func parse(c chunk, isJSON bool) ([]value, error) {
	var jsonErr error
	if first := bytes.TrimLeft(c.text, " \t\r\n"); len(first) > 0 && (first[0] == '{' || first[0] == '[') {
		values, err := parseJSON(c)
		if err == nil || len(values) > 0 {
			return values, err
		}
		jsonErr = err
	}
	raw, err := parseYAML(c)
	if err == nil {
		return []value{{raw, c.line, c.text}}, nil
	}
	if jsonErr != nil && isJSON {
		return nil, jsonErr
	}
	return nil, err
}

func parseJSON(c chunk) ([]value, error) {
	var values []value
	dec := jsontext.NewDecoder(bytes.NewReader(c.text), jsontext.AllowDuplicateNames(true))
	for {
		v, err := dec.ReadValue()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return values, &positioned{lineAt(c, dec.InputOffset(), err), trimPackage(err)}
		}
		start := int(dec.InputOffset()) - len(v)
		values = append(values, value{raw: bytes.Clone(v), line: c.line + bytes.Count(c.text[:start], []byte("\n"))})
		if len(values) > MaxDocuments {
			return values, nil
		}
	}
}

// positioned is an error at a line of the file.
type positioned struct {
	line    int
	message string
}

func (p *positioned) Error() string { return p.message }

func lineAt(c chunk, offset int64, err error) int {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		offset = syntax.ByteOffset
	}
	return c.line + bytes.Count(c.text[:min(int(offset), len(c.text))], []byte("\n"))
}

func trimPackage(err error) string { return strings.TrimPrefix(err.Error(), "jsontext: ") }

// parseYAML reads YAML as kubectl does.
func parseYAML(c chunk) (raw []byte, err error) {
	if err := unfolds(c.text); err != nil {
		return nil, atLine(c, err)
	}
	raw, err = yaml.YAMLToJSON(c.text)
	if err != nil {
		return nil, atLine(c, err)
	}
	return raw, nil
}

// atLine takes the line out of the library's message, where it counts from the beginning of the text.
func atLine(c chunk, err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	rest, ok := strings.CutPrefix(message, "line ")
	if !ok {
		return &positioned{c.line, message}
	}
	digits, message, _ := strings.Cut(rest, ": ")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return &positioned{c.line, rest}
	}
	return &positioned{c.line + n - 1, message}
}

// unfolds says whether a document is too big once its aliases are replaced by what they stand for. The library bounds
// how many nodes that makes, but not how long they are.
func unfolds(text []byte) error {
	if bytes.IndexByte(text, '&') < 0 || bytes.IndexByte(text, '*') < 0 {
		return nil
	}
	var v any
	if err := yamlv2.Unmarshal(text, &v); err != nil {
		return err
	}
	if room := MaxFile; !fits(v, &room) {
		return fmt.Errorf("its aliases stand for more than %d MiB", MaxFile>>20)
	}
	return nil
}

func fits(v any, room *int) bool {
	*room -= 4
	switch v := v.(type) {
	case string:
		*room -= len(v)
	case []any:
		for _, item := range v {
			if !fits(item, room) {
				return false
			}
		}
	case map[any]any:
		for name, item := range v {
			if !fits(name, room) || !fits(item, room) {
				return false
			}
		}
	}
	return *room >= 0
}

// broken reports what could not be read.
func (c *Contents) broken(at Place, chunk chunk, err error) {
	var p *positioned
	if errors.As(err, &p) {
		at.Line = p.line
	}
	message := "not readable: " + err.Error()
	if bytes.Contains(chunk.text, []byte("{{")) {
		message += "; it looks like a template: check what it renders to, as with `helm template . | demarc check -f -`"
	}
	c.problem(at, message)
}
