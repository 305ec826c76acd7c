// SPDX-License-Identifier: Apache-2.0

//go:build browser

// Package browser looks at the HTML report in a headless Chromium.
package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/report/html"
	"github.com/demarc-dev/demarc/test/browser/chrome"
	"github.com/demarc-dev/demarc/test/browser/sample"
)

// shared is the one browser of this package: a start takes seconds.
var shared *chrome.Browser

func TestMain(m *testing.M) {
	var err error
	shared, err = chrome.Start()
	if errors.Is(err, chrome.ErrMissing) {
		fmt.Println("SKIP:", err)
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := shared.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

const corpus = "../corpus"

var desktop, phone = chrome.Size{Width: 1440, Height: 900}, chrome.Size{Width: 390, Height: 844, Phone: true}

// view is a report in a browser.
type view struct {
	*testing.T
	*chrome.Page
	ctx  context.Context
	file string
}

func write(t *testing.T, r *report.Report, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := html.Write(&b, r, html.Options{Version: "v0.1.0", Now: sample.Now}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// look opens a page of that size; nothing is shown in it yet.
func look(t *testing.T, size chrome.Size, file string) *view {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	p, err := shared.Open(ctx, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	})
	return &view{T: t, Page: p, ctx: ctx, file: file}
}

// open opens the report, and says when the test ends whether anything was logged or asked for.
func open(t *testing.T, size chrome.Size, file, fragment string) *view {
	t.Helper()
	v := look(t, size, file)
	v.goTo(fragment)
	t.Cleanup(func() {
		for _, line := range v.Console() {
			t.Errorf("the console says %s", line)
		}
		for _, u := range v.Requests() {
			if !strings.HasPrefix(u, "file://"+file) && !strings.HasPrefix(u, "data:") {
				t.Errorf("the page asked for %s", u)
			}
		}
	})
	return v
}

func (v *view) goTo(fragment string) {
	v.Helper()
	if err := v.GoFile(v.ctx, v.file, fragment); err != nil {
		v.Fatal(err)
	}
}

func (v *view) reload() {
	v.Helper()
	if err := v.Reload(v.ctx); err != nil {
		v.Fatal(err)
	}
}

// eval runs a script in the page and returns its value.
func eval[T any](v *view, script string) T {
	v.Helper()
	var result T
	if err := v.Eval(v.ctx, script, &result); err != nil {
		v.Fatal(err)
	}
	return result
}

// check expects a value of a script, at once or soon.
func check[T comparable](v *view, what, script string, want T) {
	v.Helper()
	var got T
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if got = eval[T](v, script); got == want {
			return
		}
		if time.Now().After(deadline) {
			v.Errorf("%s: got %v, want %v", what, got, want)
			return
		}
	}
}

func (v *view) do(script string) { v.Helper(); eval[any](v, script+"; null") }

// enter sets a control the way that a user does, as far as the page can tell.
func (v *view) enter(name, value string) {
	v.Helper()
	v.do(fmt.Sprintf(`{ const e = document.querySelector('[name=%q]'); e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true})) }`, name, value))
}

// Scripts that tests ask for again and again.
const (
	shown    = `[...document.querySelectorAll('#groups tbody tr')].filter(r => r.checkVisibility()).length`
	count    = `document.getElementById('count').textContent`
	fragment = `location.hash`
	wide     = `document.documentElement.scrollWidth > innerWidth`
)

// found is how many open findings a report has that a condition holds for.
func found(r *report.Report, holds func(report.Result, report.Verdict) bool) int {
	n := 0
	for _, result := range r.Results {
		for _, v := range result.Verdicts {
			if v.Shown() && holds(result, v) {
				n++
			}
		}
	}
	return n
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
