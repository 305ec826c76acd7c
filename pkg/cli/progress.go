// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/demarc-dev/demarc/pkg/audit"
	"github.com/demarc-dev/demarc/pkg/report"
)

// bar shows on a terminal how far an audit is, on one line that goes away again. Where nobody looks it writes nothing.
type bar struct {
	out   io.Writer
	width func() int
	now   func() time.Time
	name  string
	last  time.Time
	drawn bool
}

func (a *app) progressBar(name string) *bar {
	b := &bar{name: report.Clean(name), now: a.now}
	if f, ok := a.stderr.(*os.File); ok && isTerminal(f) && a.getenv("TERM") != "dumb" {
		b.out = f
		b.width = func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return narrowest
			}
			return width
		}
	}
	return b
}

// every is how often the line is drawn: often enough to look alive.
const every = 100 * time.Millisecond

func (b *bar) show(p audit.Progress) {
	if b.out == nil {
		return
	}
	now := b.now()
	if b.drawn && now.Sub(b.last) < every {
		return
	}
	b.last, b.drawn = now, true
	fmt.Fprint(b.out, "\r"+b.line(p, b.width())+"\x1b[K")
}

func (b *bar) erase() {
	if b.drawn {
		fmt.Fprint(b.out, "\r\x1b[K")
		b.drawn = false
	}
}

// cells is the length of the bar itself.
const cells = 20

// line draws the bar. A narrow terminal does without the name, then without the bar, and in the end the text is cut: a
// line that wraps could not be erased.
func (b *bar) line(p audit.Progress, width int) string {
	kind := 0.0
	if p.Total > 0 {
		kind = min(float64(p.Objects)/float64(p.Total), 1)
	}
	full := 0
	if p.Kinds > 0 {
		full = int(float64(cells) * (float64(p.Done) + kind) / float64(p.Kinds))
	}
	text := fmt.Sprintf("%s %s", p.Resource, thousands(p.Objects))
	if p.Total > p.Objects {
		text += " of " + thousands(p.Total)
	}
	text += fmt.Sprintf(", %s with findings", thousands(p.Results))
	drawn := "[" + strings.Repeat("#", full) + strings.Repeat(".", cells-full) + "] "
	for _, line := range []string{b.name + " " + drawn + text, drawn + text, text} {
		if len(line) < width {
			return line
		}
	}
	return text[:max(min(width-1, len(text)), 0)]
}

// thousands writes a number with its thousands apart.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
