// SPDX-License-Identifier: Apache-2.0

package chrome

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sync"
)

// Page is one tab.
type Page struct {
	browser         *Browser
	session, target string

	lock     sync.Mutex
	console  []string
	requests []string
	loaded   chan struct{}
}

// Size is how large a page is shown. A phone has a touch screen and a viewport of its own.
type Size struct {
	Width, Height int
	Phone         bool
	// Scale is how many pixels of the picture make one of the page; 0 is 1.
	Scale float64
}

// Open opens an empty page.
func (b *Browser) Open(ctx context.Context, size Size) (*Page, error) {
	var target struct{ TargetID string }
	if err := b.into(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return nil, err
	}
	var session struct{ SessionID string }
	err := b.into(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	if err != nil {
		return nil, err
	}
	p := &Page{browser: b, session: session.SessionID, target: target.TargetID, loaded: make(chan struct{}, 1)}
	b.lock.Lock()
	b.pages[p.session] = p
	b.lock.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		if err := p.Call(ctx, domain+".enable", nil, nil); err != nil {
			return nil, err
		}
	}
	return p, p.Resize(ctx, size)
}

func (b *Browser) into(ctx context.Context, session, method string, params, result any) error {
	raw, err := b.call(ctx, session, method, params)
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(raw, result)
}

// Call asks for anything that the DevTools protocol has.
func (p *Page) Call(ctx context.Context, method string, params, result any) error {
	return p.browser.into(ctx, p.session, method, params, result)
}

// Close closes the tab.
func (p *Page) Close(ctx context.Context) error {
	return p.browser.into(ctx, "", "Target.closeTarget", map[string]any{"targetId": p.target}, nil)
}

func (p *Page) event(m message) {
	p.lock.Lock()
	defer p.lock.Unlock()
	switch m.Method {
	case "Page.loadEventFired":
		select {
		case p.loaded <- struct{}{}:
		default:
		}
	case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
		p.console = append(p.console, string(m.Params))
	case "Network.requestWillBeSent":
		var sent struct{ Request struct{ URL string } }
		if json.Unmarshal(m.Params, &sent) == nil {
			p.requests = append(p.requests, sent.Request.URL)
		}
	}
}

// Console is everything that was logged, warned of or thrown.
func (p *Page) Console() []string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return slices.Clone(p.console)
}

// Requests are the addresses that were asked for, the page's own first.
func (p *Page) Requests() []string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return slices.Clone(p.requests)
}

// Resize shows the page in another size.
func (p *Page) Resize(ctx context.Context, s Size) error {
	return p.Call(ctx, "Emulation.setDeviceMetricsOverride", map[string]any{
		"width": s.Width, "height": s.Height, "deviceScaleFactor": max(s.Scale, 1), "mobile": s.Phone}, nil)
}

// Media sets what the page is told of its surroundings: "prefers-color-scheme" to "dark" for example.
func (p *Page) Media(ctx context.Context, name, value string) error {
	return p.Call(ctx, "Emulation.setEmulatedMedia", map[string]any{
		"features": []map[string]string{{"name": name, "value": value}}}, nil)
}

// Scripts turns scripts on or off, from the next page on.
func (p *Page) Scripts(ctx context.Context, enabled bool) error {
	return p.Call(ctx, "Emulation.setScriptExecutionDisabled", map[string]any{"value": !enabled}, nil)
}

// GoFile opens a file, with what follows the # in its address, and waits until it is loaded.
func (p *Page) GoFile(ctx context.Context, path, fragment string) error {
	u := url.URL{Scheme: "file", Path: path}
	address := u.String()
	if fragment != "" {
		address += "#" + fragment
	}
	return p.load(ctx, "Page.navigate", map[string]any{"url": address})
}

// Reload loads the page anew.
func (p *Page) Reload(ctx context.Context) error { return p.load(ctx, "Page.reload", nil) }

func (p *Page) load(ctx context.Context, method string, params any) error {
	select {
	case <-p.loaded:
	default:
	}
	var answer struct{ ErrorText string }
	if err := p.Call(ctx, method, params, &answer); err != nil {
		return err
	}
	if answer.ErrorText != "" {
		return fmt.Errorf("%s: %s", method, answer.ErrorText)
	}
	select {
	case <-p.loaded:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

// Eval runs an expression, waits for it if it is a promise, and decodes its value. A click in it counts as the user's.
func (p *Page) Eval(ctx context.Context, expression string, result any) error {
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	err := p.Call(ctx, "Runtime.evaluate", map[string]any{
		"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true}, &answer)
	if err != nil {
		return err
	}
	if e := answer.ExceptionDetails; e != nil {
		return fmt.Errorf("evaluate %s: %s %s", expression, e.Text, e.Exception.Description)
	}
	if result == nil || answer.Result.Value == nil {
		return nil
	}
	return json.Unmarshal(answer.Result.Value, result)
}

// Screenshot returns a PNG of the page: all of it, or what is in view.
func (p *Page) Screenshot(ctx context.Context, whole bool) ([]byte, error) {
	return p.data(ctx, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": whole})
}

// PDF prints the page on A4.
func (p *Page) PDF(ctx context.Context) ([]byte, error) {
	return p.data(ctx, "Page.printToPDF", map[string]any{"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": true})
}

func (p *Page) data(ctx context.Context, method string, params any) ([]byte, error) {
	var answer struct{ Data string }
	if err := p.Call(ctx, method, params, &answer); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(answer.Data)
}
