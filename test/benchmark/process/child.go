// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/pprof"
	"strconv"
	"syscall"
)

// childArg is what makes this program a child.
const childArg = "-child"

// Serve is a server: it serves until the context ends.
type Serve func(ctx context.Context, o Options) error

// Child makes this process a server, if that is what it was started for, and then does not return.
func Child(servers map[string]Serve) {
	if len(os.Args) != 3 || os.Args[1] != childArg {
		return
	}
	if err := child(servers[os.Args[2]], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child serves until its input ends, as it does when the parent has gone, however it went.
func child(serve Serve, in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read options: %w", err)
	}
	var o Options
	if err := json.Unmarshal(first, &o); err != nil {
		return fmt.Errorf("read options: %w", err)
	}
	usage := ownUsage
	if o.Program != "" {
		command := exec.Command(o.Program, append(o.Args, "--port", strconv.Itoa(o.Port), "--cert-dir", o.CertDir)...)
		command.Stdout, command.Stderr = os.Stderr, os.Stderr
		if err := command.Start(); err != nil {
			return err
		}
		serve = func(ctx context.Context, _ Options) error { return supervise(ctx, command) }
		usage = func() (Usage, error) { return usageOf(command.Process.Pid) }
	}
	if serve == nil {
		return errors.New("there is no such server")
	}
	if o.CPUProfile != "" {
		stop, err := profile(o.CPUProfile)
		if err != nil {
			return err
		}
		defer stop()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served, asked := make(chan error, 1), make(chan error, 1)
	go func() { served <- serve(ctx, o) }()
	go func() { asked <- answer(lines, out, usage) }()
	select {
	case err := <-served:
		return errors.Join(err, errors.New("the server ended by itself"))
	case err := <-asked:
		cancel()
		return errors.Join(err, <-served)
	}
}

// profile writes a profile of this process until stop is called.
func profile(path string) (stop func(), err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { pprof.StopCPUProfile(); _ = file.Close() }, nil
}

// supervise ends a program as a kubelet would.
func supervise(ctx context.Context, command *exec.Cmd) error {
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return <-ended
}

// answer tells the usage whenever it is asked for, until the input ends.
func answer(lines *bufio.Reader, out io.Writer, usage func() (Usage, error)) error {
	for {
		if _, err := lines.ReadString('\n'); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		u, err := usage()
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(u); err != nil {
			return err
		}
	}
}
