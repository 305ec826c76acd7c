// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"errors"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain is main of the child as well: a test binary is a program like any other.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		os.Exit(program(os.Args[2:]))
	}
	Child(map[string]Serve{"good": listen, "bad": func(context.Context, Options) error { return errors.New("no luck") }})
	os.Exit(m.Run())
}

func listen(ctx context.Context, o Options) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)))
	if err != nil {
		return err
	}
	defer l.Close()
	<-ctx.Done()
	return nil
}

// program is run as a program of the options: it burns some time, then listens until it is asked to stop.
func program(args []string) int {
	if len(args) != 4 || args[0] != "--port" || args[2] != "--cert-dir" {
		return 3
	}
	port, _ := strconv.Atoi(args[1])
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
	}
	if listen(ctx, Options{Port: port}) != nil {
		return 4
	}
	return 0
}

func TestProgram(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("the usage of other processes is read from procfs:", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), "program", Options{CertDir: t.TempDir(), Program: self, Args: []string{"serve"}})
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if u.CPU < tick || u.Resident < 1<<20 {
		t.Errorf("got %+v, want 10 ms and a MiB at least", u)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

func TestServer(t *testing.T) {
	s, err := Start(t.Context(), "good", Options{CertDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Usage()
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if first.CPU <= 0 || second.CPU < first.CPU {
		t.Errorf("CPU: got %v, then %v, want more than nothing and never less", first.CPU, second.CPU)
	}
	if _, err := os.Stat("/proc/self/statm"); err == nil && (first.Resident < 1<<20 || first.Anonymous >= first.Resident) {
		t.Errorf("memory: got %+v, want more than a MiB and some of it the program's file", first)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)), time.Second); err == nil {
		t.Error("the server still listens after Stop")
	}
}

func TestServerThatFails(t *testing.T) {
	_, err := Start(t.Context(), "bad", Options{CertDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("got error %v, want what the server said", err)
	}
}

// TestOrphan closes the child's input without a word, as a parent does that was killed.
func TestOrphan(t *testing.T) {
	s, err := Start(t.Context(), "good", Options{CertDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s.in.Close()
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		t.Error("the process outlived its parent")
		_ = s.command.Process.Kill()
	}
}
