// SPDX-License-Identifier: Apache-2.0

// Package chrome drives a headless Chromium over its DevTools pipe, which takes nothing but two file descriptors: no port
// is opened and no driver is needed.
package chrome

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// ErrMissing says that there is no Chromium here.
var ErrMissing = errors.New("chromium is not installed: apt-get install chromium")

// Browser is a running Chromium.
type Browser struct {
	cmd     *exec.Cmd
	profile string
	in      io.WriteCloser

	lock    sync.Mutex
	next    int
	pending map[int]chan reply
	pages   map[string]*Page
	gone    error
}

type reply struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

type message struct {
	ID        int                       `json:"id,omitempty"`
	SessionID string                    `json:"sessionId,omitempty"`
	Method    string                    `json:"method,omitempty"`
	Params    json.RawMessage           `json:"params,omitempty"`
	Result    json.RawMessage           `json:"result,omitempty"`
	Error     *struct{ Message string } `json:"error,omitempty"`
}

// flags keep Chromium to itself: nothing but the pages that it is told to open. As root it has no sandbox; what it opens
// here are our own files.
var flags = []string{
	"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check",
	"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage",
	"--disable-default-apps", "--mute-audio", "--hide-scrollbars", "--remote-debugging-pipe", "--host-resolver-rules=MAP * ~NOTFOUND",
}

// Start starts a Chromium with an empty profile.
func Start() (*Browser, error) {
	program, err := lookUp("chromium", "chromium-browser", "google-chrome")
	if err != nil {
		return nil, err
	}
	b := &Browser{pending: map[int]chan reply{}, pages: map[string]*Page{}}
	if b.profile, err = os.MkdirTemp("", "demarc-chrome-*"); err != nil {
		return nil, err
	}
	toBrowser, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, fromBrowser, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	b.in = in
	b.cmd = exec.Command(program, append(flags, "--user-data-dir="+b.profile, "about:blank")...)
	b.cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser} // descriptors 3 and 4
	if err := b.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	toBrowser.Close()
	fromBrowser.Close()
	go b.read(out)
	return b, nil
}

func lookUp(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrMissing
}

// Close ends it.
func (b *Browser) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := b.call(ctx, "", "Browser.close", nil)
	b.in.Close()
	done := make(chan struct{})
	go func() { _ = b.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = b.cmd.Process.Kill()
		<-done
	}
	return errors.Join(err, os.RemoveAll(b.profile))
}

// read takes what the browser says: answers, and events of its pages.
func (b *Browser) read(out io.ReadCloser) {
	defer out.Close()
	r := bufio.NewReaderSize(out, 1<<16)
	for {
		raw, err := r.ReadBytes(0)
		if err != nil {
			b.end(fmt.Errorf("the browser is gone: %w", err))
			return
		}
		var m message
		if err := json.Unmarshal(raw[:len(raw)-1], &m); err != nil {
			b.end(fmt.Errorf("read from the browser: %w", err))
			return
		}
		b.lock.Lock()
		waiting, page := b.pending[m.ID], b.pages[m.SessionID]
		delete(b.pending, m.ID)
		b.lock.Unlock()
		switch {
		case m.ID != 0 && waiting != nil:
			waiting <- reply{Result: m.Result, Error: m.Error}
		case m.Method != "" && page != nil:
			page.event(m)
		}
	}
}

func (b *Browser) end(err error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.gone = err
	for id, waiting := range b.pending {
		waiting <- reply{Error: &struct{ Message string }{err.Error()}}
		delete(b.pending, id)
	}
}

func (b *Browser) call(ctx context.Context, session, method string, params any) (json.RawMessage, error) {
	m := message{SessionID: session, Method: method}
	if params != nil {
		raw, err := json.Marshal(params)
		if err != nil {
			return nil, err
		}
		m.Params = raw
	}
	answer := make(chan reply, 1)
	if err := b.send(m, answer); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	select {
	case r := <-answer:
		if r.Error != nil {
			return nil, fmt.Errorf("%s: %s", method, r.Error.Message)
		}
		return r.Result, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

func (b *Browser) send(m message, answer chan reply) error {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.gone != nil {
		return b.gone
	}
	b.next++
	m.ID = b.next
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b.pending[m.ID] = answer
	_, err = b.in.Write(append(raw, 0))
	return err
}
