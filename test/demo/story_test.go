// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/config"
)

func TestStory(t *testing.T) {
	known := map[string]bool{}
	for _, rule := range catalogue.All() {
		known[string(rule.ID)] = true
	}
	for i, step := range story() {
		if n := utf8.RuneCountInString(step.title); n > titleColumn {
			t.Errorf("title %q has %d characters, want at most %d", step.title, n, titleColumn)
		}
		r, ok := step.act.(request)
		if !ok {
			continue
		}
		for _, rule := range slices.Concat(r.verdict.refused, r.verdict.warned) {
			if !known[rule] {
				t.Errorf("step %d expects %s, which is no rule", i+1, rule)
			}
		}
		if strings.Contains(r.command, " -f ") && len(opening(r.command)) == 0 {
			t.Errorf("step %d: the manifest of %q does not say what it is", i+1, r.command)
		}
	}
}

func TestConfigurations(t *testing.T) {
	now := time.Date(2026, time.March, 5, 13, 0, 0, 0, time.UTC)
	holds := exemption(now)
	if want := "expires: 2026-04-04T00:00:00Z"; !strings.Contains(holds, want) {
		t.Errorf("got %s, want %s in it", holds, want)
	}
	for _, text := range []string{
		firstConfiguration(), holds, manifest("configuration-exemption.yaml"), manifest("configuration-audit.yaml"),
	} {
		if _, err := config.Parse([]byte(text), catalogue.All()); err != nil {
			t.Errorf("%v in:\n%s", err, text)
		}
	}
	if end, err := time.Parse(time.RFC3339, expiry); err != nil || !end.Before(time.Now()) {
		t.Errorf("got %s (%v), want a time in the past", expiry, err)
	}
}

func TestChangedLines(t *testing.T) {
	want := []string{"- b: 1", "+ b: 2", "+ c: 3"}
	if diff := cmp.Diff(want, changedLines("a: 1\nb: 1\n", "a: 1\nb: 2\nc: 3\n")); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
