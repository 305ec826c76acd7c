// SPDX-License-Identifier: Apache-2.0

// Command featuregates writes the table of Kubernetes' feature gates that package featuregates embeds.
//
// No file of Kubernetes is right by itself: its lists miss the gates of client-go, misname two others and begin with
// 1.32, while the registry of a program misses what main functions add. So it builds a small program around each
// release, asks the registries, adds the lists, and refuses to go on where the two disagree. It needs a module proxy,
// a minute or so for each release, and a lot of room in the module and build caches.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/featuregates"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "featuregates:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("featuregates", flag.ContinueOnError)
	out := flags.String("out", "pkg/featuregates/gates.tsv", "the `file` to write")
	check := flags.Bool("check", false, "compare the releases with the table that is there, write nothing")
	minors := flags.String("minors", "", "with -check: only these `versions`, such as 1.36,1.37")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(*minors)
	if err != nil {
		return err
	}
	if *minors != "" && !*check {
		return errors.New("-minors needs -check: a table of some versions only would be no table")
	}
	byMinor, err := produceAll(ctx, chosen)
	if err != nil {
		return err
	}
	if *check {
		return checkAll(chosen, byMinor)
	}
	if err := os.WriteFile(*out, []byte(render(pins, byMinor)), 0o644); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// choose returns the pins of the given minor versions, or all of them.
func choose(minors string) ([]pin, error) {
	if minors == "" {
		return pins, nil
	}
	var chosen []pin
	for version := range strings.SplitSeq(minors, ",") {
		minor, ok := featuregates.ParseMinor(strings.TrimSpace(version))
		at := slices.IndexFunc(pins, func(p pin) bool { return p.minor == minor })
		if !ok || at < 0 {
			return nil, fmt.Errorf("no release is pinned for %q", version)
		}
		chosen = append(chosen, pins[at])
	}
	return chosen, nil
}

// produceAll reads one release after the other, since each build wants the whole machine.
func produceAll(ctx context.Context, chosen []pin) (map[featuregates.Minor]gates, error) {
	byMinor := map[featuregates.Minor]gates{}
	for i, p := range chosen {
		began := time.Now()
		fmt.Fprintf(os.Stderr, "%2d/%d %s ... ", i+1, len(chosen), p.release())
		found, err := produce(ctx, p)
		if err != nil {
			fmt.Fprintln(os.Stderr, "failed")
			return nil, fmt.Errorf("read %s: %w", p.release(), err)
		}
		fmt.Fprintf(os.Stderr, "%d gates, %s\n", len(found), time.Since(began).Round(time.Second))
		byMinor[p.minor] = found
	}
	return byMinor, nil
}

func checkAll(chosen []pin, byMinor map[featuregates.Minor]gates) error {
	var differences []string
	for _, p := range chosen {
		differences = append(differences, compare(p, byMinor[p.minor])...)
	}
	if len(differences) > 0 {
		return fmt.Errorf("the table is stale, run the generator without -check:\n%s", strings.Join(differences, "\n"))
	}
	return nil
}
