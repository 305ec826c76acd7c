// SPDX-License-Identifier: Apache-2.0

// Package process runs a server in a process of its own, so that its CPU time and its memory are its own too. The
// process is the running program once more: Child, called first in main, turns it into the server.
package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Options is what a server is told, over its standard input.
type Options struct {
	Port    int
	CertDir string
	// Program, if set, is what the process runs instead of a server of its own, with the arguments Args.
	Program string
	Args    []string
	// Env is added to the environment, as name=value.
	Env []string
	// CPUProfile is the file that a server of its own writes a profile of its CPU time to; none if empty.
	CPUProfile string
}

// Usage is what a server has used: CPU time since it began, user and system, and the memory that it holds, in bytes.
// Anonymous is the part of Resident that is its own; the rest is pages of its program's file. Peak is the most that was
// ever resident: the kernel keeps it, so that no moment between two readings is missed.
type Usage struct {
	CPU                       time.Duration
	Resident, Anonymous, Peak int64
}

// Server is a running process.
type Server struct {
	Name string
	Port int

	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	log     string
	ended   chan struct{}
}

// MemoryLimit is what the chart tells the Go runtime in the environment: 80 % of the container's limit.
const MemoryLimit = "GOMEMLIMIT=204MiB"

// stopTimeout is how long a process may take to stop before it is killed.
const stopTimeout = 10 * time.Second

// Start starts the server that Child knows by name, or the program of the options, and returns once its port accepts
// connections. What it logs goes to a file in the folder of its certificates. The caller must call Stop; a process whose
// parent ended without it ends by itself.
func Start(ctx context.Context, name string, o Options) (*Server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	s := &Server{Name: name, log: filepath.Join(o.CertDir, name+".log"), ended: make(chan struct{})}
	if o.Port, err = FreePort(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	s.Port = o.Port
	log, err := os.Create(s.log)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer log.Close()
	s.command = exec.Command(program, childArg, name)
	s.command.Stderr = log
	s.command.Env = append(os.Environ(), o.Env...)
	// A group of its own: an interrupt from the terminal is for the parent to handle, and a kill reaches the program too.
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.in, err = s.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	s.out = bufio.NewReader(out)
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() { defer close(s.ended); _ = s.command.Wait() }()
	if err := errors.Join(json.NewEncoder(s.in).Encode(o), s.listens(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w; its last words: %s", name, err, s.lastWords()), s.Stop())
	}
	return s, nil
}

// listens waits until the port accepts connections.
func (s *Server) listens(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
	for {
		var dialer net.Dialer
		if connection, err := dialer.DialContext(ctx, "tcp", address); err == nil {
			return connection.Close()
		}
		select {
		case <-s.ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("it does not listen: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) lastWords() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2048):])
}

// URL is where a path of the server is.
func (s *Server) URL(path string) string {
	return "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) + path
}

// Usage asks the process what it has used.
func (s *Server) Usage() (Usage, error) {
	var u Usage
	if _, err := io.WriteString(s.in, "usage\n"); err != nil {
		return u, fmt.Errorf("ask %s for its usage: %w", s.Name, err)
	}
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return u, fmt.Errorf("ask %s for its usage: %w; its last words: %s", s.Name, err, s.lastWords())
	}
	if err := json.Unmarshal(line, &u); err != nil {
		return u, fmt.Errorf("ask %s for its usage: %w", s.Name, err)
	}
	return u, nil
}

// Pause keeps the process from running for a while, as a busy node or hypervisor does.
func (s *Server) Pause(d time.Duration) error {
	group := -s.command.Process.Pid
	if err := syscall.Kill(group, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("pause %s: %w", s.Name, err)
	}
	time.Sleep(d)
	if err := syscall.Kill(group, syscall.SIGCONT); err != nil {
		return fmt.Errorf("let %s go on: %w", s.Name, err)
	}
	return nil
}

// Stop ends the process, and kills it if it does not end by itself.
func (s *Server) Stop() error {
	_ = s.in.Close() // the end of its input is what tells it to stop
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		_ = syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL)
		<-s.ended
		return fmt.Errorf("stop %s: it had to be killed", s.Name)
	}
	if !s.command.ProcessState.Success() {
		return fmt.Errorf("stop %s: %s; its last words: %s", s.Name, s.command.ProcessState, s.lastWords())
	}
	return nil
}

// FreePort returns a port of the loopback interface that nobody listens on yet.
func FreePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
