// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrap(t *testing.T) {
	for name, test := range map[string]struct {
		line string
		want []string
	}{
		"empty":                     {"", []string{""}},
		"fits exactly":              {"0123456789", []string{"0123456789"}},
		"breaks at the last space":  {"one two three", []string{"one two", "three"}},
		"breaks right at the edge":  {"0123456789 abc", []string{"0123456789", "abc"}},
		"keeps the indentation":     {"    one two three", []string{"    one", "two three"}},
		"counts runes":              {"äöüäöüäöüä x", []string{"äöüäöüäöüä", "x"}},
		"not bytes":                 {"äöü äöüäöü", []string{"äöü äöüäöü"}},
		"a long word alone":         {"0123456789abc", []string{"0123456789abc"}},
		"a long word stays":         {"see: 0123456789abc", []string{"see: 0123456789abc"}},
		"a long word, then another": {"see: 0123456789abc one two", []string{"see: 0123456789abc", "one two"}},
		"a long word later":         {"one two three 0123456789abc", []string{"one two", "three 0123456789abc"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, wrap(test.line, 10)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPrinter(t *testing.T) {
	var terminal, transcript strings.Builder
	p := &printer{terminal: &terminal, transcript: &transcript, colour: true}
	p.quote("one\n\n  two\n")
	p.quote("")
	p.mark(false, "bad")
	if diff := cmp.Diff("  │ one\n  │ \n  │   two\n  ✗ bad\n", transcript.String()); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
	want := "\x1b[2m  │ \x1b[0mone\n\x1b[2m  │ \x1b[0m\n\x1b[2m  │ \x1b[0m  two\n\x1b[1;31m  ✗ bad\x1b[0m\n"
	if diff := cmp.Diff(want, terminal.String()); diff != "" {
		t.Errorf("terminal (-want +got):\n%s", diff)
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestPrinterRemembersTheFirstError(t *testing.T) {
	p := &printer{terminal: broken{io.ErrClosedPipe}, transcript: broken{io.ErrShortWrite}}
	p.text("one")
	p.terminal = io.Discard
	p.text("two")
	if !errors.Is(p.err, io.ErrClosedPipe) {
		t.Errorf("got error %v, want %v", p.err, io.ErrClosedPipe)
	}
}

func TestSummarise(t *testing.T) {
	fine := result{title: "fine", want: "accepted", got: "accepted"}
	for name, test := range map[string]struct {
		results []result
		steps   int
		want    bool
		says    string
	}{
		"all well":      {[]result{fine, fine}, 2, true, "all 2 steps"},
		"one otherwise": {[]result{fine, {title: "x", want: "refused by a", got: "accepted"}}, 2, false, "1 of 2 steps"},
		"spoilt":        {[]result{{title: "x", want: "accepted", got: "accepted", err: io.EOF}}, 1, false, "1 of 1 steps"},
		"ended early":   {[]result{fine}, 2, false, "ended after 1 of 2"},
	} {
		t.Run(name, func(t *testing.T) {
			var shown strings.Builder
			p := &printer{terminal: &shown, transcript: io.Discard}
			if got := summarise(p, test.results, test.steps); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
			if !strings.Contains(shown.String(), test.says) {
				t.Errorf("got %q, want it to say %q", shown.String(), test.says)
			}
		})
	}
}
