// SPDX-License-Identifier: Apache-2.0

// Package rig is what the benchmark programs have in common: flags, a folder and certificates for one run, the servers
// that it starts, and what became of the budgets.
package rig

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/demarc-dev/demarc/test/benchmark/load"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/servers"
	"github.com/demarc-dev/demarc/test/certs"
)

// Rig is one run of a program.
type Rig struct {
	Out    io.Writer
	Dir    string // for whatever the run needs; gone afterwards
	CA     []byte // of the servers that the run starts, whose certificates lie in Dir
	Loader load.Loader

	program, results string
	metrics          string // where demarc's are
	strict, broken   bool
	stops            []func() error
}

// Program is a benchmark program.
type Program struct {
	// Limit is how long it may take at most.
	Limit time.Duration
	// Builds says that it runs demarc's own program.
	Builds bool
	// Flags declares flags of its own; Check, called after they are parsed, says what is wrong with them.
	Flags func(*flag.FlagSet)
	Check func() error
	Run   func(context.Context, *Rig) error
}

// errBudget ends the program with status 1 after everything is printed.
var errBudget = errors.New("a budget was not kept")

// Main is main of a program. It does not return.
func Main(p Program) {
	process.Child(servers.All())
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	r := &Rig{}
	f := flag.NewFlagSet(os.Args[0], flag.ExitOnError) // libraries put flags of their own into the other
	if p.Builds {
		f.StringVar(&r.program, "demarc", "", "the demarc `program`; without it, it is built")
	}
	f.StringVar(&r.results, "o", "", "`file` for what is printed, besides the terminal")
	f.BoolVar(&r.strict, "strict", false, "end with status 1 if a budget is not kept")
	p.Flags(f)
	_ = f.Parse(os.Args[1:]) // it ends the program itself
	err := p.Check()
	if f.NArg() > 0 {
		err = errors.Join(err, fmt.Errorf("there are no arguments but flags, and not %q", f.Args()))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = r.run(ctx, p)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (r *Rig) run(ctx context.Context, p Program) (err error) {
	ctx, cancel := context.WithTimeout(ctx, p.Limit)
	defer cancel()
	defer func() { err = errors.Join(err, r.stop()) }()
	r.Out = os.Stdout
	if r.results != "" {
		file, err := os.Create(r.results)
		if err != nil {
			return err
		}
		r.Cleanup(file.Close)
		r.Out = io.MultiWriter(os.Stdout, file)
	}
	if r.Dir, err = os.MkdirTemp("", "demarc-benchmark-"); err != nil {
		return err
	}
	r.Cleanup(func() error { return os.RemoveAll(r.Dir) })
	if r.CA, err = certs.Write(r.Dir, "127.0.0.1"); err != nil {
		return err
	}
	if r.Loader, err = load.New(r.CA, load.Idle); err != nil {
		return err
	}
	if err := p.Run(ctx, r); err != nil {
		return err
	}
	if r.broken && r.strict {
		return errBudget
	}
	return nil
}

// Cleanup has something done when the run ends, however it ends: what was asked for last comes first.
func (r *Rig) Cleanup(do func() error) { r.stops = append(r.stops, do) }

// stop begins with the connections, which a server waits for as it stops.
func (r *Rig) stop() error {
	r.Loader.Close()
	var errs []error
	for i := len(r.stops) - 1; i >= 0; i-- {
		errs = append(errs, r.stops[i]())
	}
	return errors.Join(errs...)
}

// Start starts a server, which is stopped when the run ends.
func (r *Rig) Start(ctx context.Context, name string, o process.Options) (*process.Server, error) {
	o.CertDir = r.Dir
	s, err := process.Start(ctx, name, o)
	if err != nil {
		return nil, err
	}
	r.Cleanup(s.Stop)
	return s, nil
}

// Kept says whether a budget was kept, and keeps it in mind for the end.
func (r *Rig) Kept(ok bool) string {
	if ok {
		return "kept"
	}
	r.broken = true
	return "NOT KEPT"
}

// Machine says what the figures were taken on.
func Machine() string {
	return fmt.Sprintf("%d CPUs, %s, %s/%s", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
