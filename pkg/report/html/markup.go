// SPDX-License-Identifier: Apache-2.0

package html

import (
	"bufio"
	"io"
	"strings"

	"github.com/demarc-dev/demarc/pkg/report"
)

// tag, key and token are what markup is made of. They are types of their own so that text from a report can't become
// one: only constants of this package convert to them by themselves.
type (
	tag   string // an element's name
	key   string // an attribute's name
	token string // a class name
)

// attr is one attribute of an element.
type attr struct {
	key   key
	value string
	bare  bool
}

func class(names ...token) attr {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = string(n)
	}
	return attr{key: "class", value: strings.Join(words, " ")}
}

func id(name string) attr          { return attr{key: "id", value: name} }
func set(k key, value string) attr { return attr{key: k, value: value} }
func on(k key) attr                { return attr{key: k, bare: true} }

// page writes HTML. Text and values of attributes are always cleaned and escaped, and there is no way around that: the only
// other things that are written are constants and the embedded assets.
type page struct {
	w *bufio.Writer
}

func newPage(w io.Writer) *page { return &page{w: bufio.NewWriterSize(w, 1<<16)} }

// void elements have no content and no end tag.
var void = map[tag]bool{"meta": true, "link": true, "input": true, "br": true}

// el writes an element; inside writes what is in it.
func (p *page) el(t tag, inside func(), attrs ...attr) {
	p.start(t, attrs)
	if inside != nil {
		inside()
	}
	p.end(t)
}

// leaf writes an element that holds nothing but text.
func (p *page) leaf(t tag, s string, attrs ...attr) {
	p.start(t, attrs)
	p.text(s)
	p.end(t)
}

func (p *page) start(t tag, attrs []attr) {
	p.raw("<", string(t))
	for _, a := range attrs {
		p.raw(" ", string(a.key))
		if a.bare {
			continue
		}
		p.raw(`="`)
		p.text(a.value)
		p.raw(`"`)
	}
	p.raw(">")
}

func (p *page) end(t tag) {
	switch {
	case void[t]:
	case t == "tr", t == "section", t == "li":
		p.raw("</", string(t), ">\n")
	default:
		p.raw("</", string(t), ">")
	}
}

// escapes are the characters that mean something in text or in a quoted value.
var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// text writes text that others may have chosen.
func (p *page) text(s string) { p.raw(escapes.Replace(report.Clean(s))) }

// raw is for this file and for the assets. The writer keeps its first error for flush.
func (p *page) raw(parts ...string) {
	for _, s := range parts {
		_, _ = p.w.WriteString(s)
	}
}

func (p *page) flush() error { return p.w.Flush() }

// link writes a link to a page elsewhere. What is no https address is written as text: nothing else belongs in a link.
func (p *page) link(url, text string) {
	if !strings.HasPrefix(url, "https://") {
		p.leaf("span", text)
		return
	}
	p.leaf("a", text, set("href", url), set("rel", "noreferrer noopener"))
}
