// SPDX-License-Identifier: Apache-2.0

// Command testcount reads what `go test -json` printed and says it in short: each package, the whole output of each
// test that failed, and at the end how many passed, failed and were skipped. With -each it names each test as it ends.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is what go test prints, as `go doc test2json` has it.
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string
	Elapsed                       float64
}

type tally struct {
	each                    bool
	passed, failed, skipped int
	output                  map[string]*strings.Builder
}

func main() {
	t := tally{output: map[string]*strings.Builder{}}
	flag.BoolVar(&t.each, "each", false, "name each test as it ends")
	flag.Parse()
	if err := t.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testcount:", err)
		os.Exit(1)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
	if t.failed > 0 || t.passed == 0 {
		os.Exit(1)
	}
}

func (t *tally) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Println(lines.Text()) // what the go command itself had to say
			continue
		}
		t.take(e)
	}
	return lines.Err()
}

func (t *tally) take(e event) {
	key := e.Package + e.ImportPath + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if t.output[key] == nil {
			t.output[key] = &strings.Builder{}
		}
		t.output[key].WriteString(e.Output)
	case "pass", "fail", "skip", "build-fail":
		t.end(e, key)
	}
}

func (t *tally) end(e event, key string) {
	text := t.output[key]
	delete(t.output, key)
	failed := e.Action == "fail" || e.Action == "build-fail"
	if failed && text != nil {
		fmt.Print(text.String())
	}
	if e.Test == "" {
		t.pkg(e, failed)
		return
	}
	if t.each {
		fmt.Printf("%-5s %s %.1fs\n", e.Action, e.Test, e.Elapsed)
	}
	switch e.Action {
	case "pass":
		t.passed++
	case "fail":
		t.failed++
	case "skip":
		t.skipped++
		fmt.Printf("skipped: %s %s\n", e.Package, e.Test)
	}
}

// pkg counts a package that failed as a whole: it did not build, or its TestMain gave up.
func (t *tally) pkg(e event, failed bool) {
	if failed {
		t.failed++
	}
	if e.Action == "pass" || failed {
		fmt.Printf("%-5s %s %.1fs\n", e.Action, e.Package+e.ImportPath, e.Elapsed)
	}
}
