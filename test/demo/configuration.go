// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// expiry is when the exemption in the manifests ran out.
const expiry = "2025-06-30T00:00:00Z"

func firstConfiguration() string { return manifest("configuration.yaml") }

// exemption is the configuration with the exemption while it holds.
func exemption(now time.Time) string {
	until := now.UTC().AddDate(0, 0, 30).Truncate(24 * time.Hour).Format(time.RFC3339)
	return strings.Replace(manifest("configuration-exemption.yaml"), expiry, until, 1)
}

// manifest returns a file that is part of the program.
func manifest(name string) string {
	content, err := manifests.ReadFile(manifestDir + "/" + name)
	if err != nil {
		panic(err)
	}
	return string(content)
}

// writeConfiguration never lets demarc read half a file.
func (s *stage) writeConfiguration(text string) error {
	path := s.path(configFile)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

const (
	inForce     = "in force"
	reloads     = `demarc_configuration_reloads_total{result="loaded"} `
	reloadAfter = 10 * time.Second
)

// reconfigure rewrites demarc's configuration file, shows what changed in it,
// and waits until demarc says in its metrics that it has read it.
type reconfigure struct{ text, note string }

func (r reconfigure) want() string { return inForce }

func (r reconfigure) play(ctx context.Context, s *stage) (string, error) {
	before, err := os.ReadFile(s.path(configFile))
	if err != nil {
		return "", err
	}
	s.out.line(span{faint, "  # " + r.note})
	s.out.line(span{faint, "  " + configFile + ":"})
	s.out.quote(strings.Join(changedLines(string(before), r.text), "\n"))
	loaded, err := s.guard.metric(ctx, reloads)
	if err != nil {
		return "", err
	}
	if err := s.writeConfiguration(r.text); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, reloadAfter)
	defer cancel()
	for {
		now, err := s.guard.metric(ctx, reloads)
		if err == nil && now != loaded {
			s.out.line(span{faint, "  demarc's metrics:"})
			s.out.quote(reloads + now)
			return inForce, nil
		}
		select {
		case <-ctx.Done():
			return "not reloaded", errors.Join(err, fmt.Errorf("demarc has not read its configuration within %s", reloadAfter))
		case <-time.After(pollInterval):
		}
	}
}

// changedLines lists the lines that are new, and those that are gone. It is no
// diff: order is not looked at.
func changedLines(before, after string) []string {
	old, current := strings.Split(before, "\n"), strings.Split(after, "\n")
	var changed []string
	for _, line := range old {
		if !slices.Contains(current, line) {
			changed = append(changed, "- "+line)
		}
	}
	for _, line := range current {
		if !slices.Contains(old, line) {
			changed = append(changed, "+ "+line)
		}
	}
	return changed
}
