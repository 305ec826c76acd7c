// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// width is the number of columns that lines are wrapped at.
const width = 100

// style is how a terminal is told to show text.
type style string

const (
	plain   style = ""
	heading style = "1"
	faint   style = "2"
	good    style = "32"
	bad     style = "1;31"
	prompt  style = "36"
)

type span struct {
	style style
	text  string
}

// printer writes lines to the terminal and, without colour, to a transcript.
type printer struct {
	terminal, transcript io.Writer
	colour               bool
	// err is the first that came of writing. A reader that has gone ends the
	// story, and not the clean-up.
	err error
}

func newPrinter(terminal *os.File, transcript io.Writer) *printer {
	return &printer{terminal: terminal, transcript: transcript, colour: wantsColour(terminal)}
}

// wantsColour follows no-color.org.
func wantsColour(file *os.File) bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *printer) line(spans ...span) {
	var shown, bare strings.Builder
	for _, s := range spans {
		bare.WriteString(s.text)
		if p.colour && s.style != plain && s.text != "" {
			shown.WriteString("\x1b[" + string(s.style) + "m" + s.text + "\x1b[0m")
			continue
		}
		shown.WriteString(s.text)
	}
	p.write(p.terminal, shown.String()+"\n")
	p.write(p.transcript, bare.String()+"\n")
}

func (p *printer) write(to io.Writer, text string) {
	if _, err := io.WriteString(to, text); err != nil && p.err == nil {
		p.err = err
	}
}

func (p *printer) blank() { p.line() }

func (p *printer) text(text string) {
	for _, line := range wrap(text, width) {
		p.line(span{plain, line})
	}
}

// The bars in front of what a program printed. The second marks a line that
// was too long for one.
const (
	bar      = "  │ "
	sameLine = "  ┊   "
)

// quote shows what a program printed, as it came.
func (p *printer) quote(output string) {
	output = strings.TrimSuffix(output, "\n")
	if output == "" {
		return
	}
	for line := range strings.SplitSeq(output, "\n") {
		rows := wrap(line, width-utf8.RuneCountInString(sameLine))
		p.line(span{faint, bar}, span{plain, rows[0]})
		for _, row := range rows[1:] {
			p.line(span{faint, sameLine}, span{plain, row})
		}
	}
}

// mark shows how a step ended.
func (p *printer) mark(ok bool, text string) {
	with, sign := good, "✓ "
	if !ok {
		with, sign = bad, "✗ "
	}
	for i, row := range wrap(text, width-4) {
		if i > 0 {
			sign = "  "
		}
		p.line(span{with, "  " + sign + row})
	}
}

// wrap breaks a line between words so that each row has at most so many
// columns. Spaces in front of it stay. A word too long for any row stays where
// it is: a break would not help.
func wrap(line string, columns int) []string {
	var rows []string
	for utf8.RuneCountInString(line) > columns {
		at := breakAt(line, columns)
		if at < 0 {
			break
		}
		if word, _, _ := strings.Cut(line[at+1:], " "); utf8.RuneCountInString(word) > columns {
			if at += 1 + len(word); at == len(line) {
				break
			}
		}
		rows = append(rows, strings.TrimRight(line[:at], " "))
		line = strings.TrimLeft(line[at:], " ")
	}
	return append(rows, line)
}

// breakAt returns the last space within the columns, else the first after
// them, else -1. Spaces in front of the line are no place to break it.
func breakAt(line string, columns int) int {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	at, column := -1, 0
	for i, r := range line {
		if column > columns && at >= 0 {
			break
		}
		if r == ' ' && i > indent {
			at = i
		}
		column++
	}
	return at
}
