// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/report"
)

// page is text for people: headings, with what belongs below them indented.
type page struct {
	strings.Builder
	width int
	color bool
}

const indent = "  "

func (p *page) bold(s string) string {
	if !p.color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

func (p *page) title(id, title string) {
	p.WriteString(p.bold(id) + ": " + title + "\n")
}

func (p *page) heading(s string) {
	p.WriteString("\n" + p.bold(s) + "\n")
}

// section is a heading and sentences; without sentences it is nothing.
func (p *page) section(heading, sentences string) {
	if sentences == "" {
		return
	}
	p.heading(heading)
	p.paragraph(sentences)
}

func (p *page) paragraph(sentences string) {
	for _, line := range report.Wrap(sentences, p.width-len(indent)) {
		p.line(line)
	}
}

// item is a paragraph whose first line sticks out, so that a list of them is told apart.
func (p *page) item(text string) {
	for i, line := range report.Wrap(text, p.width-2*len(indent)) {
		if i > 0 {
			line = indent + line
		}
		p.line(line)
	}
}

// line writes one line as it is; an empty one is left out.
func (p *page) line(s string) {
	if strings.TrimSpace(s) != "" {
		p.WriteString(indent + s + "\n")
	}
}

func (p *page) verbatim(text string) {
	for line := range strings.Lines(text) {
		p.line(strings.TrimRight(line, "\n"))
	}
}

// yaml writes JSON as YAML.
func (p *page) yaml(raw []byte) {
	doc, err := yaml.JSONToYAML(raw)
	if err != nil {
		doc = raw
	}
	p.verbatim(string(doc))
}
