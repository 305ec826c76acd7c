// SPDX-License-Identifier: Apache-2.0

// Command screenshot makes pictures of an HTML file by a headless Chromium, in light and dark, and prints it as PDF.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/test/browser/chrome"
)

type options struct {
	out, name, widths, schemes, fragment, run string
	height                                    int
	scale                                     float64
	whole, pdf                                bool
}

func main() {
	var o options
	flag.StringVar(&o.out, "out", ".", "the `folder` to write to")
	flag.StringVar(&o.name, "name", "", "how the pictures' names begin; by default like the file's")
	flag.StringVar(&o.widths, "widths", "1440,390", "the widths, in pixels; below 600 it is a phone")
	flag.StringVar(&o.schemes, "schemes", "light,dark", "the colour schemes")
	flag.StringVar(&o.fragment, "hash", "", "what stands behind the # of the address")
	flag.StringVar(&o.run, "run", "", "a `script` to run before the picture is taken")
	flag.IntVar(&o.height, "height", 900, "the height of the window")
	flag.Float64Var(&o.scale, "scale", 1, "how many pixels of the picture make one of the page")
	flag.BoolVar(&o.whole, "whole", false, "take the whole page, not only what is in view")
	flag.BoolVar(&o.pdf, "pdf", false, "print it as well")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./hack/screenshot [flags] FILE.html")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), o); err != nil {
		fmt.Fprintln(os.Stderr, "screenshot:", err)
		os.Exit(1)
	}
}

func run(file string, o options) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if file, err = filepath.Abs(file); err != nil {
		return err
	}
	if o.name == "" {
		o.name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	b, err := chrome.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	for _, w := range strings.Split(o.widths, ",") {
		width, err := strconv.Atoi(w)
		if err != nil {
			return fmt.Errorf("-widths: %w", err)
		}
		for _, scheme := range strings.Split(o.schemes, ",") {
			if err := picture(ctx, b, file, width, scheme, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func picture(ctx context.Context, b *chrome.Browser, file string, width int, scheme string, o options) error {
	p, err := b.Open(ctx, chrome.Size{Width: width, Height: o.height, Phone: width < 600, Scale: o.scale})
	if err != nil {
		return err
	}
	if err := p.Media(ctx, "prefers-color-scheme", scheme); err != nil {
		return err
	}
	if err := p.GoFile(ctx, file, o.fragment); err != nil {
		return err
	}
	if o.run != "" {
		if err := p.Eval(ctx, o.run, nil); err != nil {
			return err
		}
	}
	png, err := p.Screenshot(ctx, o.whole)
	if err != nil {
		return err
	}
	base := filepath.Join(o.out, fmt.Sprintf("%s-%d-%s", o.name, width, scheme))
	if err := save(base+".png", png); err != nil {
		return err
	}
	if o.pdf && scheme == "light" {
		pdf, err := p.PDF(ctx)
		if err != nil {
			return err
		}
		if err := save(base+".pdf", pdf); err != nil {
			return err
		}
	}
	return p.Close(ctx)
}

func save(file string, data []byte) error {
	fmt.Println(file)
	return os.WriteFile(file, data, 0o644)
}
