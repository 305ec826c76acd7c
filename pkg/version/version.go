// SPDX-License-Identifier: Apache-2.0

// Package version says which demarc this is.
package version

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// Set by the linker: -X github.com/demarc-dev/demarc/pkg/version.Version=v0.1.0.
var (
	Version string
	Commit  string
)

// Info is what is known of this build.
type Info struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Get returns what the linker set, or what the Go tool recorded by itself: a program made by `go install` knows its
// module's version, and one built in a checkout the commit.
func Get() Info {
	info := Info{Version: Version, Commit: Commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if build, ok := debug.ReadBuildInfo(); ok {
		info.Version = cmp.Or(info.Version, released(build.Main.Version))
		info.Commit = cmp.Or(info.Commit, revision(build.Settings))
	}
	info.Version = cmp.Or(info.Version, "devel")
	info.Commit = cmp.Or(info.Commit, "unknown")
	return info
}

// released leaves out what the Go tool writes where there is no version.
func released(v string) string {
	if v == "(devel)" {
		return ""
	}
	return v
}

func revision(settings []debug.BuildSetting) string {
	commit, dirty := "", ""
	for _, s := range settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "-dirty"
			}
		}
	}
	if commit == "" {
		return ""
	}
	return commit + dirty
}
