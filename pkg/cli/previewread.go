// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/preview"
)

// readSources reads every source. What can't be opened or read on is said, and the rest is read; it returns whether that
// happened.
func (a *app) readSources(ctx context.Context, p *preview.Preview, o previewOptions) (unread bool, err error) {
	for _, source := range []struct {
		paths []string
		read  func(name string, r io.Reader) error
	}{
		{o.logs, p.Decisions},
		{o.auditLogs, p.AuditLog},
		{o.reports, func(_ string, r io.Reader) error { return p.Report(r) }},
	} {
		files, errs := filesOf(source.paths)
		for _, name := range files {
			if err := ctx.Err(); err != nil {
				return unread, err
			}
			if err := a.readFile(name, source.read); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
		for _, err := range errs {
			unread = true
			a.trouble("%v", err)
		}
	}
	return unread, nil
}

func (a *app) readFile(name string, read func(string, io.Reader) error) error {
	if name == manifest.Stdin {
		return read("stdin", a.stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return pathless(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	return read(name, f)
}

// filesOf lists the files that paths name, those of a directory in the order of their names: rotated logs are called by
// their time, so that is the order in which they were written.
func filesOf(paths []string) (files []string, errs []error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case path == manifest.Stdin:
			files = append(files, path)
			continue
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", path, pathless(err)))
			continue
		case !info.IsDir():
			files = append(files, path)
			continue
		}
		err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if name != path && strings.HasPrefix(entry.Name(), ".") {
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if entry.Type().IsRegular() {
				files = append(files, name)
			}
			return nil
		})
		if err != nil {
			errs = append(errs, err)
		}
	}
	return files, errs
}

// pathless takes the operation and the path off an error of the file system, where the path stands before it already.
func pathless(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (a *app) writePreview(r *preview.Result, o previewOptions) error {
	for _, p := range r.Problems {
		place := p.File
		if p.Line > 0 {
			place = fmt.Sprintf("%s:%d", p.File, p.Line)
		}
		a.trouble("%s: %s", place, p.Message)
	}
	if r.MoreProblems > 0 {
		a.trouble("%d more records could not be read", r.MoreProblems)
	}
	switch o.output.value {
	case "json":
		return r.WriteJSON(a.stdout)
	case "csv":
		return r.WriteCSV(a.stdout)
	}
	t := a.terminal()
	return r.WriteText(a.stdout, preview.TextOptions{Color: t.color, Width: t.width, Top: o.top})
}
