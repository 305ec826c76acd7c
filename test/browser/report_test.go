// SPDX-License-Identifier: Apache-2.0

//go:build browser

package browser

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/test/browser/sample"
)

func TestFilters(t *testing.T) {
	r, err := sample.Fleet("")
	v := open(t, desktop, write(t, r, err), "")
	total := found(r, func(report.Result, report.Verdict) bool { return true })
	check(v, "without a filter", count, fmt.Sprintf("%s findings", comma(total)))

	v.enter("ns", "kube-system")
	n := found(r, func(r report.Result, _ report.Verdict) bool { return r.Live.Namespace == "kube-system" })
	check(v, "a namespace", count, fmt.Sprintf("%s of %s findings", comma(n), comma(total)))
	check(v, "rows of other namespaces", `document.querySelectorAll('#groups tr[data-ns]:not([data-ns="kube-system"])').length`, 0)
	check(v, "the address", fragment, "#ns=kube-system")

	v.enter("class", "unsupported")
	n = found(r, func(r report.Result, v report.Verdict) bool {
		return r.Live.Namespace == "kube-system" && v.Class == provider.Unsupported
	})
	check(v, "and a class", count, fmt.Sprintf("%s of %s findings", comma(n), comma(total)))
	v.do(`document.getElementById('reset').click()`)
	check(v, "after a reset", count, fmt.Sprintf("%s findings", comma(total)))
	check(v, "the address after a reset", fragment, "")

	v.enter("q", "Privileged DAEMONSET helm")
	n = found(r, func(r report.Result, v report.Verdict) bool {
		return v.Rule == "privileged-daemonset" && v.Change != nil && v.Change.Manager == "helm"
	})
	if n == 0 {
		t.Fatal("the sample has nothing of helm's")
	}
	check(v, "a search", count, fmt.Sprintf("%s of %s findings", comma(n), comma(total)))
	check(v, "rows of a search", shown, min(n, 25))
	v.enter("q", "no such thing anywhere")
	check(v, "a search for nothing", `document.getElementById('groups').textContent`, "No finding matches.")
	v.do(`document.getElementById('reset').click()`)

	v.enter("show", "exempt")
	check(v, "exempt ones", `document.querySelectorAll('#groups tr[data-status="exempt"]').length > 0 && document.querySelectorAll('#groups tr[data-ns]:not([data-status="exempt"])').length === 0`, true)
}

// TestLinks: figures, bars and clusters lead to what they count.
func TestLinks(t *testing.T) {
	r, err := sample.Fleet("")
	v := open(t, desktop, write(t, r, err), "")
	total := found(r, func(report.Result, report.Verdict) bool { return true })
	for selector, holds := range map[string]func(report.Result, report.Verdict) bool{
		`.figure.reverted a`:                        func(_ report.Result, v report.Verdict) bool { return v.Class == provider.Reverted },
		`.fleet tbody tr a[href$="staging"]`:        func(r report.Result, _ report.Verdict) bool { return r.Live.Cluster == "staging" },
		`.bars a[href="#rule=node-host-files"]`:     func(_ report.Result, v report.Verdict) bool { return v.Rule == "node-host-files" },
		`.bars a[href="#ns=-"]`:                     func(r report.Result, _ report.Verdict) bool { return r.Live.Namespace == "" },
		`.bars a[href="#rule=alpha-feature-gates"]`: func(_ report.Result, v report.Verdict) bool { return v.Rule == "alpha-feature-gates" },
	} {
		v.do(fmt.Sprintf(`document.querySelector(%s).click()`, marshal(t, selector)))
		check(v, selector, count, fmt.Sprintf("%s of %s findings", comma(found(r, holds)), comma(total)))
	}
}

// TestAddress: what is shown stands in the address, and comes back from there.
func TestAddress(t *testing.T) {
	r, err := sample.Cluster("prod", "v1.31.9", "")
	file := write(t, r, err)
	v := open(t, desktop, file, "ns=kube-system&mode=Deny&by=owner&q=privileged")
	n := found(r, func(r report.Result, v report.Verdict) bool {
		return r.Live.Namespace == "kube-system" && v.Mode == "Deny" && v.Rule == "privileged-daemonset"
	})
	check(v, "findings", `+document.getElementById('count').textContent.split(' ')[0]`, n)
	check(v, "the search", `document.querySelector('[name=q]').value`, "privileged")
	check(v, "the mode", `document.querySelector('[name=mode]').value`, "Deny")
	check(v, "the grouping", `document.querySelector('[name=by]:checked').value`, "owner")
	check(v, "the address", fragment, "#q=privileged&mode=Deny&ns=kube-system&by=owner")
	v.do(`location.hash = '#class=advice&ns=nonsense&by=nonsense'`)
	check(v, "nonsense is left out", fragment, "#class=advice")
	v.do(`location.hash = '#unseen'`)
	check(v, "a place in the page", `document.querySelector('[name=class]').value`, "advice")
}

func TestGrouping(t *testing.T) {
	r, err := sample.Fleet("")
	v := open(t, desktop, write(t, r, err), "")
	v.do(`document.querySelector('[name=by][value=ns]').click()`)
	check(v, "a namespace of each cluster", `[...document.querySelectorAll('.group .title')].filter(t => t.textContent === 'kube-system').length`, 3)
	check(v, "the rule is said in each row", `document.querySelector('#groups .rule').checkVisibility()`, true)
	v.do(`document.querySelector('[name=by][value=rule]').click()`)
	check(v, "the rule is said once", `document.querySelector('#groups .rule').checkVisibility()`, false)
	v.do(`document.getElementById('expand').click()`)
	check(v, "all are expanded", `[...document.querySelectorAll('.group')].every(g => g.open && g.querySelector('tbody').rows.length > 0)`, true)
	v.do(`document.getElementById('expand').click()`)
	check(v, "all are collapsed", `[...document.querySelectorAll('.group')].some(g => g.open)`, false)
}

// TestCopy: a command is copied as it stands.
func TestCopy(t *testing.T) {
	r, err := sample.Cluster("prod", "v1.31.9", "")
	v := open(t, desktop, write(t, r, err), "rule=self-managed-autoscaler")
	v.do(`Object.defineProperty(navigator, 'clipboard', {value: {writeText: async t => { window.copied = t }}})`)
	want := eval[string](v, `document.querySelector('#groups tbody code.command').textContent`)
	if !strings.HasPrefix(want, "az aks nodepool update ") {
		t.Fatalf("the first command is %q", want)
	}
	v.do(`document.querySelector('#groups tbody button.copy').click()`)
	check(v, "what was copied", `window.copied`, want)
	check(v, "the button says so", `document.querySelector('#groups tbody button.copy').textContent`, "Copied")
}

func TestDark(t *testing.T) {
	r, err := sample.Cluster("prod", "v1.31.9", "")
	v := open(t, desktop, write(t, r, err), "")
	const ground = `getComputedStyle(document.body).backgroundColor`
	const light, dark = "rgb(245, 246, 248)", "rgb(15, 20, 26)"
	check(v, "the system is light", ground, light)
	v.do(`document.getElementById('theme').click()`)
	check(v, "after a click", ground, dark)
	v.reload()
	check(v, "after a reload", ground, dark)
	v.do(`document.getElementById('theme').click()`)
	if err := v.Media(v.ctx, "prefers-color-scheme", "dark"); err != nil {
		t.Fatal(err)
	}
	check(v, "chosen light in a dark system", ground, light)
	v.do(`localStorage.clear()`)
	v.reload()
	check(v, "the system is dark", ground, dark)
}

// TestWidths: nothing has to be pushed aside, whatever the names.
func TestWidths(t *testing.T) {
	fleet, err := sample.Fleet(corpus)
	for name, file := range map[string]string{
		"fleet": write(t, fleet, err), "long names": write(t, sample.Hostile(strings.Repeat("unbroken/", 60)), nil),
	} {
		for width, size := range map[string]struct{ w, h int }{"phone": {390, 844}, "small phone": {320, 640}, "tablet": {800, 1100}, "desktop": {1440, 900}} {
			s := phone
			s.Width, s.Height, s.Phone = size.w, size.h, size.w < 800
			v := open(t, s, file, "show=all")
			v.do(`document.getElementById('expand').click()`)
			if eval[bool](v, wide) {
				t.Errorf("%s on a %s: must be pushed aside by %d", name, width, eval[int](v, `document.documentElement.scrollWidth - innerWidth`))
			}
		}
	}
}

// TestPrint: on paper is everything, or what is asked for.
func TestPrint(t *testing.T) {
	r, err := sample.Cluster("prod", "v1.31.9", "")
	v := open(t, desktop, write(t, r, err), "")
	print := func() []byte {
		t.Helper()
		pdf, err := v.PDF(v.ctx)
		if err != nil {
			t.Fatal(err)
		}
		return pdf
	}
	v.do(`addEventListener('beforeprint', () => { window.printed = [document.querySelectorAll('#groups tbody tr').length, [...document.querySelectorAll('details')].every(d => d.open)] })`)
	all := print()
	total := 0
	for _, result := range r.Results {
		total += len(result.Verdicts)
	}
	check(v, "rows on paper", `window.printed[0]`, total)
	check(v, "nothing is folded", `window.printed[1]`, true)
	v.enter("rule", "node-host-files")
	check(v, "the filter", fragment, "#rule=node-host-files")
	some := print()
	if !bytes.HasPrefix(all, []byte("%PDF-")) || len(some) >= len(all) {
		t.Errorf("a filtered print has %d bytes, all of it %d", len(some), len(all))
	}
	check(v, "after printing", `document.querySelectorAll('#groups .group').length`, 1)
}

// TestWithoutScript: every finding is there to be read, and no control that does nothing.
func TestWithoutScript(t *testing.T) {
	r, err := sample.Cluster("prod", "v1.31.9", "")
	v := look(t, desktop, write(t, r, err))
	if err := v.Scripts(v.ctx, false); err != nil {
		t.Fatal(err)
	}
	v.goTo("")
	total := 0
	for _, result := range r.Results {
		total += len(result.Verdicts)
	}
	check(v, "rows", shown, total)
	check(v, "controls", `[...document.querySelectorAll('button, select, input')].filter(e => e.checkVisibility()).length`, 0)
}

// TestHostileStrings: the parser of a real browser makes nothing of them either.
func TestHostileStrings(t *testing.T) {
	for _, s := range append(sample.Attacks, strings.Join(sample.Attacks, "")) {
		v := open(t, desktop, write(t, sample.Hostile(s), nil), "show=all&by=ns")
		check(v, s, `typeof window.owned`, "undefined")
		check(v, s+": scripts", `document.scripts.length`, 2)
		check(v, s+": frames and pictures", `document.querySelectorAll('iframe, img, object, embed, base, [onerror], [onload], [onmouseover]').length`, 0)
	}
}

// TestPolicy: a script that got in would not run, and a picture would not be fetched.
func TestPolicy(t *testing.T) {
	r, err := sample.Cluster("prod", "v1.31.9", "")
	file := write(t, r, err)
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	planted := `<script>window.owned = 1</script><img src="https://picture.example/" onerror="window.owned = 1">`
	page = bytes.Replace(page, []byte("</main>"), []byte(planted+"</main>"), 1)
	if err := os.WriteFile(file, page, 0o644); err != nil {
		t.Fatal(err)
	}
	v := look(t, desktop, file)
	v.goTo("")
	check(v, "the planted script", `typeof window.owned`, "undefined")
	if log := strings.Join(v.Console(), "\n"); strings.Count(log, "Content Security Policy") < 2 {
		t.Errorf("the browser refused less than what was planted: %s", log)
	}
	check(v, "markup out of text", `(() => { try { document.body.innerHTML = '<b>'; return 'made' } catch (e) { return 'refused' } })()`, "refused")
}

// TestLarge: five thousand findings are shown, searched and sorted anew without a wait.
func TestLarge(t *testing.T) {
	r, err := sample.Large(5000)
	v := look(t, desktop, write(t, r, err))
	start := time.Now()
	v.goTo("")
	t.Logf("opened after %s", time.Since(start).Round(time.Millisecond))
	total := found(r, func(report.Result, report.Verdict) bool { return true })
	check(v, "all", count, comma(total)+" findings")
	for what, script := range map[string]string{
		"search":    `f.elements.q.value = 'privileged kube'`,
		"filter":    `f.elements.q.value = ''; f.elements.mode.value = 'Warn'`,
		"namespace": `f.elements.mode.value = ''; f.elements.by.value = 'ns'`,
		"owner":     `f.elements.q.value = ''; f.elements.by.value = 'owner'`,
	} {
		took := eval[float64](v, `(() => { const f = document.getElementById('tools'); `+script+
			`; const t = performance.now(); f.dispatchEvent(new Event('submit', {cancelable: true})); document.body.getBoundingClientRect(); return performance.now() - t })()`)
		t.Logf("%s: %.0f ms", what, took)
		if took > 1000 {
			t.Errorf("%s took %.0f ms, want less than a second on any machine", what, took)
		}
	}
	check(v, "rows in the page", `document.querySelectorAll('#groups tbody tr').length < 1000`, true)
	v.do(`document.getElementById('reset').click(); document.querySelector('.more').click()`)
	check(v, "more rows", `document.querySelector('#groups tbody').rows.length > 25`, true)
}

// comma writes thousands apart, as the page does.
func comma(n int) string {
	s := fmt.Sprint(n)
	if len(s) > 3 {
		s = s[:len(s)-3] + "," + s[len(s)-3:]
	}
	return s
}
