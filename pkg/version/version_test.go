// SPDX-License-Identifier: Apache-2.0

package version

import (
	"runtime/debug"
	"testing"
)

func TestGet(t *testing.T) {
	t.Cleanup(func() { Version, Commit = "", "" })
	if got := Get(); got.Version == "" || got.Commit == "" || got.Go == "" {
		t.Errorf("Get() without linker flags = %+v, want nothing empty", got)
	}
	Version, Commit = "v1.2.3", "abc"
	if got := Get(); got.Version != "v1.2.3" || got.Commit != "abc" {
		t.Errorf("Get() = %+v, want what the linker set", got)
	}
}

func TestRevision(t *testing.T) {
	for name, c := range map[string]struct {
		settings []debug.BuildSetting
		want     string
	}{
		"none":  {nil, ""},
		"clean": {[]debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}}, "abc"},
		"dirty": {[]debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}, "abc-dirty"},
	} {
		if got := revision(c.settings); got != c.want {
			t.Errorf("%s: revision = %q, want %q", name, got, c.want)
		}
	}
}
