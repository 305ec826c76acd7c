// SPDX-License-Identifier: Apache-2.0

//go:build browser

package browser

import (
	"testing"

	"github.com/demarc-dev/demarc/test/browser/sample"
)

// TestKeyboard: everything can be reached, has a name and shows where the focus is.
func TestKeyboard(t *testing.T) {
	r, err := sample.Fleet("")
	v := open(t, desktop, write(t, r, err), "")
	nameless := eval[[]string](v, `[...document.querySelectorAll('button, select, input, a, summary')].filter(e => e.checkVisibility())
		.filter(e => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim())).map(e => e.outerHTML)`)
	if len(nameless) > 0 {
		t.Errorf("controls without a name: %v", nameless)
	}
	check(v, "landmarks", `['header', 'main', 'footer', '[role=search]', '[role=status]'].every(s => document.querySelectorAll(s).length === 1)`, true)
	check(v, "one first heading", `document.querySelectorAll('h1').length`, 1)
	check(v, "identities that stand twice", `[...document.querySelectorAll('[id]')].length - new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size`, 0)
	key := func() {
		t.Helper()
		for _, kind := range []string{"keyDown", "keyUp"} {
			err := v.Call(v.ctx, "Input.dispatchKeyEvent", map[string]any{"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}, nil)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	key()
	check(v, "the first stop", `document.activeElement.textContent`, "Skip to the findings")
	check(v, "the focus shows", `getComputedStyle(document.activeElement).outlineStyle`, "solid")
}

// TestContrast: text stands out from its ground as WCAG's AA asks.
func TestContrast(t *testing.T) {
	r, err := sample.Fleet("")
	file := write(t, r, err)
	for _, scheme := range []string{"light", "dark"} {
		v := open(t, desktop, file, "")
		if err := v.Media(v.ctx, "prefers-color-scheme", scheme); err != nil {
			t.Fatal(err)
		}
		if faint := eval[[]string](v, contrast); len(faint) > 0 {
			t.Errorf("%s: too faint: %v", scheme, faint)
		}
	}
}

// contrast lists texts that stand out by less than 4.5 to 1.
const contrast = `(() => {
	const parse = c => (c.match(/[\d.]+/g) || []).map(Number);
	const part = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
	const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
	const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c } return [255, 255, 255] };
	const faint = new Set();
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.data.trim() || !e.checkVisibility() || e.closest('script, option, .skip')) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		if (ratio < 4.5) faint.add(e.className + ' ' + ratio.toFixed(2));
	}
	return [...faint];
})()`
