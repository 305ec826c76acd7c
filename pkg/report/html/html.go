// SPDX-License-Identifier: Apache-2.0

// Package html writes a report as one HTML file that needs nothing beside it: no network, no script from elsewhere, no
// font. Everything is in the markup, each finding once; the script only moves rows about and hides them, so it makes no
// markup of what others have written, and without it all is there to read.
package html

import (
	"crypto/sha256"
	_ "embed" // the assets
	"encoding/base64"
	"io"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/report"
)

// Options says what the report does not know of itself.
type Options struct {
	// Version is demarc's.
	Version string
	// Now is when the report is written; ages are counted from there.
	Now time.Time
}

//go:embed report.css
var style string

// early runs before anything is drawn, the other when everything is read.
var (
	//go:embed early.js
	early string
	//go:embed report.js
	script string
)

// icon is a file's icon without a fetch: a line between two sides.
const icon = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E" +
	"%3Crect width='16' height='16' rx='3' fill='%230b62a8'/%3E%3Cpath d='M8 2v12' stroke='%23fff' stroke-width='2' " +
	"stroke-dasharray='3 1.5'/%3E%3C/svg%3E"

// Write writes the report as HTML.
func Write(w io.Writer, r *report.Report, o Options) error {
	p := newPage(w)
	m := newModel(r, o)
	p.raw("<!doctype html>\n<html lang=\"en\">\n")
	p.head(m)
	p.el("body", func() {
		p.leaf("a", "Skip to the findings", class("skip"), set("href", "#findings"))
		p.el("header", func() { p.masthead(m) })
		p.el("main", func() {
			p.overview(m)
			p.clusters(m)
			p.charts(m)
			p.findings(m)
			p.unseen(m)
			p.passed(m)
			p.listed(m)
		})
		p.el("footer", func() { p.colophon(m) })
		p.asset("script", script)
	})
	p.raw("\n</html>\n")
	return p.flush()
}

func (p *page) head(m *model) {
	p.el("head", func() {
		p.el("meta", nil, set("charset", "utf-8"))
		p.el("meta", nil, set("http-equiv", "Content-Security-Policy"), set("content", contentPolicy()))
		p.el("meta", nil, set("name", "viewport"), set("content", "width=device-width, initial-scale=1"))
		p.el("meta", nil, set("name", "referrer"), set("content", "no-referrer"))
		p.el("meta", nil, set("name", "color-scheme"), set("content", "light dark"))
		p.el("meta", nil, set("name", "generator"), set("content", strings.TrimSpace("demarc "+m.Version)))
		p.leaf("title", m.title())
		p.el("link", nil, set("rel", "icon"), set("href", icon))
		p.asset("style", style)
		p.asset("script", early)
	})
}

// asset writes one of ours as it is: its hash is in the policy.
func (p *page) asset(t tag, text string) {
	p.start(t, nil)
	p.raw(text)
	p.end(t)
}

// contentPolicy forbids everything but the assets of the file itself: nothing is fetched, and even a script that got in
// would not run. Trusted types forbid the script to make markup out of text.
func contentPolicy() string {
	return "default-src 'none'; style-src " + hash(style) + "; script-src " + hash(early) + " " + hash(script) +
		"; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
