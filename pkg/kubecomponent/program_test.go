// SPDX-License-Identifier: Apache-2.0

package kubecomponent_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
)

func TestProgram(t *testing.T) {
	for _, c := range []struct {
		words          []string
		name, after    string
		terminal       bool
		script         string
		scriptIsThere  bool
		wordsOfProgram int
	}{
		{nil, "", "", false, "", false, 0},
		{[]string{"/usr/bin/nsenter", "-t", "1"}, "nsenter", "-t", false, "", false, 3},
		{[]string{"tini", "--", "/bin/bash"}, "bash", "", true, "", false, 1},
		{[]string{"env", "A=b", "sh", "-l"}, "sh", "-l", true, "", false, 2},
		{[]string{"bash", "--login", "-i"}, "bash", "--login", true, "", false, 3},
		{[]string{"bash", "/run.sh"}, "bash", "/run.sh", false, "", false, 2},
		{[]string{"bash", "-ec", "a b"}, "bash", "-ec", false, "a b", true, 3},
		{[]string{"su", "-"}, "su", "-", true, "", false, 2},
		{[]string{"su", "-c", "a"}, "su", "-c", false, "", false, 3},
		{[]string{`C:\Windows\cmd.exe`}, "cmd", "", true, "", false, 1},
		{[]string{"powershell.exe", "-Command", "a"}, "powershell", "-Command", false, "", false, 3},
		{[]string{"sleep", "9"}, "sleep", "9", false, "", false, 2},
	} {
		line := kubecomponent.CommandLine(&corev1.Container{Command: c.words})
		got := line.Program()
		after := got.After(1)
		first := ""
		if len(after.Words) > 0 {
			first = after.Words[0].Text
		}
		script, ok := got.Script()
		if got.Name() != c.name || first != c.after || got.Terminal() != c.terminal || script != c.script || ok != c.scriptIsThere ||
			len(got.Words) != c.wordsOfProgram {
			t.Errorf("%q: name %q, then %q, terminal %v, script %q %v, %d words; want %+v", c.words, got.Name(), first,
				got.Terminal(), script, ok, len(got.Words), c)
		}
	}
	fed := kubecomponent.Command{Words: []kubecomponent.Word{{Text: "bash", Known: true}}, Input: "a\n"}
	if fed.Terminal() {
		t.Error("a shell that is given its text reads no terminal")
	}
	if past := fed.After(5); len(past.Words) != 0 {
		t.Errorf("words past the end: %v; want none", past.Words)
	}
}
