// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/report"
)

// webhooksText is the table, with what is wrong below it.
func (a *app) webhooksText(s *hookState) string {
	t := a.terminal()
	p := &page{width: cmp.Or(t.width, report.DefaultWidth), color: t.color}
	table(p, folded(a.rows(s)))
	if len(s.verdicts) > 0 {
		p.heading("What is wrong")
		last := ""
		for i := range s.verdicts {
			v := &s.verdicts[i]
			if name := v.Configuration.String(); name != last {
				last = name
				p.WriteString("\n")
				p.titleOf(v.Configuration, "")
			}
			verdictBlock(p, v)
		}
	} else if len(s.hooks) > 0 {
		p.WriteString("\nNothing is wrong with them.\n")
	}
	unreadSection(p, s)
	return p.String()
}

func unreadSection(p *page, s *hookState) {
	if len(s.Unread) == 0 {
		return
	}
	p.heading("Not read")
	for _, u := range s.Unread {
		p.item(report.Clean(unreadLine(u)))
	}
}

// folded makes one row of neighbours in a configuration that say the same.
func folded(rows []hookRow) []hookRow {
	var list []hookRow
	more := 0
	for i, r := range rows {
		last := len(list) - 1
		if i > 0 && sameRow(&list[last], &r) {
			more++
			list[last].name = fmt.Sprintf("%s and %d more", report.Clean(list[last].hook.Name), more)
			continue
		}
		more, list = 0, append(list, r)
	}
	return list
}

func sameRow(a, b *hookRow) bool {
	return a.hook.Configuration.String() == b.hook.Configuration.String() && a.fails == b.fails && a.timeout == b.timeout &&
		a.reaches == b.reaches && a.blocks == b.blocks && slices.Equal(a.verdicts, b.verdicts)
}

// The columns of the text table beside the flexible ones, and what is between two.
const (
	failsWidth   = 6
	timeoutWidth = 7
	gap          = 2
)

// table writes a configuration's name on a line of its own, and below it its hooks in cells that are wrapped.
func table(p *page, rows []hookRow) {
	if len(rows) == 0 {
		p.WriteString("There is no webhook and no admission policy.\n")
		return
	}
	name := 0
	for _, r := range rows {
		name = max(name, len(r.name)+len(indent))
	}
	free := p.width - failsWidth - timeoutWidth - 4*gap
	name = min(max(name, len("CONFIGURATION")), free*36/100)
	reach := (free - name) / 2
	widths := []int{name, failsWidth, timeoutWidth, reach, free - name - reach}
	p.WriteString(p.bold(tableRow(widths, []string{"CONFIGURATION", "FAILS", "TIMEOUT", "REACHES", "BLOCKS"})))
	configuration := ""
	for _, r := range rows {
		if c := r.hook.Configuration.String(); c != configuration {
			configuration = c
			p.titleOf(r.hook.Configuration, r.owner)
		}
		p.WriteString(tableRow(widths, []string{indent + r.name, r.fails, r.timeout, r.reaches, r.blocks}))
		if len(r.verdicts) > 0 {
			for i, line := range report.Wrap(classList(r.verdicts), p.width-2*len(indent)-2) {
				mark := "! "
				if i > 0 {
					mark = "  "
				}
				p.WriteString(indent + indent + mark + line + "\n")
			}
		}
	}
}

// titleOf writes whose hooks come below.
func (p *page) titleOf(c admissionconfig.Ref, owner string) {
	name, rest := report.Clean(c.Name), string(c.Kind)
	if owner != "" {
		rest += " [" + owner + "]"
	}
	between := " "
	if len(name)+1+len(rest) > p.width {
		between = "\n" + indent
	}
	p.WriteString(p.bold(name) + between + rest + "\n")
}

func classList(classes []admissionconfig.Class) string {
	words := make([]string, 0, len(classes))
	for _, c := range classes {
		words = append(words, string(c))
	}
	return strings.Join(words, ", ")
}

// tableRow writes one row, each cell wrapped in its width.
func tableRow(widths []int, texts []string) string {
	columns := make([][]string, len(texts))
	height := 1
	for i, text := range texts {
		columns[i] = cellLines(text, widths[i])
		height = max(height, len(columns[i]))
	}
	var b strings.Builder
	for y := range height {
		var line strings.Builder
		for i, lines := range columns {
			cell := ""
			if y < len(lines) {
				cell = lines[y]
			}
			fmt.Fprintf(&line, "%-*s", widths[i]+gap, cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// cellLines wraps a cell and keeps its indentation; a word that is too long is broken.
func cellLines(text string, width int) []string {
	in := text[:len(text)-len(strings.TrimLeft(text, " "))]
	room := max(width-len(in), 1)
	var words []string
	for word := range strings.FieldsSeq(text) {
		for len(word) > room {
			at := room
			if dot := strings.LastIndexAny(word[:room], ".-/"); dot > room/2 {
				at = dot + 1
			}
			words, word = append(words, word[:at]), word[at:]
		}
		words = append(words, word)
	}
	lines := report.Wrap(strings.Join(words, " "), room)
	for i := range lines {
		lines[i] = in + lines[i]
	}
	return lines
}

// wideTable has a line for each hook, for grep and awk.
func wideTable(rows []hookRow) string {
	all := [][]string{{"CONFIGURATION", "WEBHOOK", "KIND", "OWNER", "FAILS", "TIMEOUT", "REACHES", "BLOCKS", "VERDICTS"}}
	for _, r := range rows {
		c := r.hook.Configuration
		all = append(all, []string{report.Clean(c.Name), r.name, string(c.Kind), cmp.Or(r.owner, "-"), r.fails, r.timeout,
			r.reaches, r.blocks, cmp.Or(strings.ReplaceAll(classList(r.verdicts), ", ", ","), "-")})
	}
	widths := make([]int, len(all[0]))
	for _, line := range all {
		for i, cell := range line {
			widths[i] = max(widths[i], len(cell))
		}
	}
	var b strings.Builder
	for _, line := range all {
		var text strings.Builder
		for i, cell := range line {
			fmt.Fprintf(&text, "%-*s", widths[i]+gap+1, cell)
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	return b.String()
}

// verdictBlock writes a verdict: its class, where, why, what to do, and the YAML.
func verdictBlock(p *page, v *admissionconfig.Verdict) {
	p.line(p.bold(string(v.Class)))
	p.sentences(verdictWords(v), v.YAML)
}

// sentences writes paragraphs below a line of their own, and YAML below those.
func (p *page) sentences(texts []string, yaml string) {
	for _, text := range texts {
		for i, line := range report.Wrap(text, p.width-3*len(indent)) {
			if i > 0 {
				line = indent + line
			}
			p.line(indent + line)
		}
	}
	for line := range strings.Lines(yaml) {
		p.line(indent + indent + report.Clean(strings.TrimRight(line, "\n")))
	}
}

func verdictWords(v *admissionconfig.Verdict) []string {
	words := []string{report.Clean(v.Message), "Fix: " + report.Clean(v.Fix)}
	if v.Path != nil {
		words[0] = v.Path.String() + ": " + words[0]
	}
	if len(v.Others) > 0 {
		words = append(words, "The same of: "+report.Clean(firstFew(v.Others, 4)))
	}
	if v.Doubt != "" {
		words = append(words, "In doubt: "+report.Clean(v.Doubt))
	}
	return words
}
