// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"

	"golang.org/x/term"
)

// The widths within which sentences are wrapped: below, words are torn apart; above, eyes lose the line.
const (
	narrowest = 60
	widest    = 120
)

// terminal is what standard output can show; the zero value where it is none.
type terminal struct {
	color bool
	width int
}

func (a *app) terminal() terminal {
	t := terminal{}
	if !isTerminal(a.stdout) {
		return t
	}
	t.color = a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
	if width, _, err := term.GetSize(int(a.stdout.(*os.File).Fd())); err == nil {
		t.width = min(max(width, narrowest), widest)
	}
	return t
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
