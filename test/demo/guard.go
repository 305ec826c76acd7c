// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	drainDelay = time.Second
	// readyTimeout and stopTimeout leave room for a busy machine.
	readyTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
	pollInterval = 100 * time.Millisecond
)

// guard is demarc, running as a process of its own.
type guard struct {
	port, metricsPort, probePort int
	logPath                      string

	command *exec.Cmd
	// ended is closed once the process is gone; its error is then in failed.
	ended  chan struct{}
	failed error
}

// guardFiles are the files that demarc reads, and its log.
type guardFiles struct{ configuration, certificates, kubeconfig, log string }

// startGuard starts demarc. The caller must call stop.
func startGuard(program string, files guardFiles) (*guard, error) {
	ports, err := freePorts(3)
	if err != nil {
		return nil, fmt.Errorf("start demarc: %w", err)
	}
	g := &guard{port: ports[0], metricsPort: ports[1], probePort: ports[2], logPath: files.log, ended: make(chan struct{})}
	log, err := os.Create(files.log)
	if err != nil {
		return nil, fmt.Errorf("start demarc: %w", err)
	}
	defer func() { _ = log.Close() }() // demarc has a descriptor of its own
	g.command = exec.Command(program, "serve",
		"--config", files.configuration, "--config-interval", "200ms",
		"--cert-dir", files.certificates, "--kubeconfig", files.kubeconfig,
		"--host", "127.0.0.1", "--port", strconv.Itoa(g.port),
		"--metrics-bind-address", local(g.metricsPort),
		"--health-probe-bind-address", local(g.probePort),
		"--drain-delay", drainDelay.String())
	g.command.Stdout, g.command.Stderr = log, log
	g.command.SysProcAttr = leash()
	if err := g.command.Start(); err != nil {
		return nil, fmt.Errorf("start demarc: %w", err)
	}
	go func() {
		g.failed = g.command.Wait()
		close(g.ended)
	}()
	return g, nil
}

// waitReady returns once demarc says that it can be asked.
func (g *guard) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		last := get(ctx, "http://"+local(g.probePort)+"/readyz", io.Discard)
		if last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for demarc: %w; its last words:\n%s", last, g.lastWords())
		case <-g.ended:
			return fmt.Errorf("%w; its last words:\n%s", g.unasked(), g.lastWords())
		case <-time.After(pollInterval):
		}
	}
}

// metrics returns the lines of demarc's own metrics.
func (g *guard) metrics(ctx context.Context) ([]string, error) {
	var body strings.Builder
	if err := get(ctx, "http://"+local(g.metricsPort)+"/metrics", &body); err != nil {
		return nil, fmt.Errorf("read demarc's metrics: %w", err)
	}
	var lines []string
	for line := range strings.Lines(body.String()) {
		if strings.HasPrefix(line, "demarc_") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines, nil
}

// running says whether the process is still there.
func (g *guard) running() bool {
	select {
	case <-g.ended:
		return false
	default:
		return true
	}
}

// unasked is the error of a demarc that ended although nobody told it to.
func (g *guard) unasked() error {
	if g.failed == nil {
		return errors.New("demarc ended by itself, and well")
	}
	return fmt.Errorf("demarc ended by itself: %w", g.failed)
}

// stop asks demarc to end, and waits until it has. Its error is demarc's own.
func (g *guard) stop() error {
	if !g.running() {
		return g.failed
	}
	if err := g.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop demarc: %w", err)
	}
	select {
	case <-g.ended:
		return g.failed
	case <-time.After(stopTimeout):
		_ = g.command.Process.Kill() // it may be gone by now
		<-g.ended
		return fmt.Errorf("demarc did not stop within %s", stopTimeout)
	}
}

// lastWords returns the end of demarc's log.
func (g *guard) lastWords() string {
	const most = 8
	log, err := os.ReadFile(g.logPath)
	if err != nil {
		return err.Error()
	}
	lines := slices.DeleteFunc(slices.Collect(strings.Lines(string(log))), func(line string) bool {
		// The demo itself asks for readiness so often.
		return strings.Contains(line, "healthz check failed")
	})
	return strings.TrimSuffix(strings.Join(lines[max(0, len(lines)-most):], ""), "\n")
}

func get(ctx context.Context, url string, to io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	_, err = io.Copy(to, response.Body)
	return err
}

// freePorts holds all of them at once, so that no two are the same.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", local(0))
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// metric returns the value of the metric with that name and those labels; "0"
// for one that nothing has counted yet.
func (g *guard) metric(ctx context.Context, name string) (string, error) {
	lines, err := g.metrics(ctx)
	if err != nil {
		return "", err
	}
	for _, line := range lines {
		if value, ok := strings.CutPrefix(line, name); ok {
			return value, nil
		}
	}
	return "0", nil
}
