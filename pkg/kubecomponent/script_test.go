// SPDX-License-Identifier: Apache-2.0

package kubecomponent_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
)

// TestCommands spells a command as its words between bars; "?" before a word that isn't known, "> " before one whose
// output is only printed, "<<" before its input.
func TestCommands(t *testing.T) {
	env := map[string]kubecomponent.Word{"A": {Text: "a b", Known: true}, "SECRET": {}}
	for script, want := range map[string][]string{
		"":                                 nil,
		"# comment a b":                    nil,
		"a b 'c d' \"e f\" g\\ h":          {"> a|b|c d|e f|g h"},
		`a "\"\$\x" '\"' \"`:               {`> a|"$\x|\"|"`},
		"a; b && c || d & e":               {"> a", "> b", "> c", "> d", "> e"},
		"a | b | c":                        {"a", "b", "> c"},
		"a > f; b >> f; c 2> f":            {"a", "b", "> c"},
		"a > /dev/null; b >&2":             {"> a", "> b"},
		"{ a; b; } > f; (c) > f":           {"a", "b", "c"},
		"a $(b) `c` <(d)":                  {"> a|?|?|?", "b", "c", "d"},
		"if a; then b; else c; fi":         {"> a", "> b", "> c"},
		"f() { a; }; f":                    {"> a", "> f"},
		"a $A \"$A\" x$A ${A}":             {"> a|a|b|a b|xa b|a|b"},
		"a $SECRET $NONE ${A:-x}":          {"> a|?|?|?a|?b"},
		"a ${NONE:-x y} ${#A}":             {"> a|?x|?y|?"},
		"X=1; a $X; export Y=2; b$Y":       {"> a|1", "> b2"},
		"X=1; X=2; a $X":                   {"> a|?"},
		"X=1 a $X":                         {"> a|?"},
		"X=1; X+=2; a $X":                  {"> a|?"},
		"A+=x; a $A":                       {"> a|?"},
		"sh -e file":                       {"> sh|-e|file"},
		"for A in 1 2; do a $A; done":      {"> a|?"},
		"cat <<E > f\n$A\\$\nE":            {"cat <<a b$\n"},
		"cat <<'E'\n$A\\$\nE":              {"> cat <<$A\\$\n"},
		"cat <<<$A":                        {"> cat <<a b"},
		"sh -c 'a b'; c":                   {"> sh|-c|a b", "> c", "> a|b"},
		"chroot /host bash -ec \"a '$A'\"": {"> chroot|/host|bash|-ec|a 'a b'", "> a|a b"},
		"nsenter -t 1 -- sh <<'E'\na\nE":   {"> nsenter|-t|1|--|sh <<a\n", "> a"},
		"X=1; sh -c 'a $X'":                {"> sh|-c|a $X", "> a|1"},
		"echo sh -c a":                     {"> echo|sh|-c|a"},
		"grep sh -c a":                     {"> grep|sh|-c|a"},
		"sh file -c a":                     {"> sh|file|-c|a"},
		"bash --rcfile f -O x -c a":        {"> bash|--rcfile|f|-O|x|-c|a", "> a"},
	} {
		commands, ok := new(kubecomponent.ScriptReader).Commands(script, env)
		if !ok {
			t.Errorf("%q is not read", script)
		}
		if diff := cmp.Diff(want, spellCommands(commands)); diff != "" {
			t.Errorf("commands of %q (-want +got):\n%s", script, diff)
		}
	}
}

func spellCommands(commands []kubecomponent.Command) []string {
	var lines []string
	for _, c := range commands {
		var words []string
		for _, w := range c.Words {
			if !w.Known {
				w.Text = "?" + w.Text
			}
			words = append(words, w.Text)
		}
		line := strings.Join(words, "|")
		if c.Prints {
			line = "> " + line
		}
		if c.Input != "" {
			line += " <<" + c.Input
		}
		lines = append(lines, line)
	}
	return lines
}

func TestUnreadable(t *testing.T) {
	for name, script := range map[string]string{
		"no script":   "a (",
		"too long":    strings.Repeat("a\n", kubecomponent.MaxScript),
		"nested deep": strings.Repeat("{ ", 5000) + "a" + strings.Repeat("; }", 5000),
	} {
		if commands, ok := new(kubecomponent.ScriptReader).Commands(script, nil); ok || commands != nil {
			t.Errorf("%s: read as %d commands", name, len(commands))
		}
	}
}

func TestScriptsShareOneAllowance(t *testing.T) {
	r := new(kubecomponent.ScriptReader)
	half := strings.Repeat("a\n", kubecomponent.MaxScript/4)
	for i, want := range []bool{true, true, false} {
		if _, got := r.Commands(half, nil); got != want {
			t.Errorf("script %d: read is %v, want %v", i, got, want)
		}
	}
}

func TestScriptsWithinScriptsEnd(t *testing.T) {
	script := "a"
	for range 5 {
		script = "sh -c '" + strings.ReplaceAll(script, "'", `'\''`) + "'"
	}
	commands, _ := new(kubecomponent.ScriptReader).Commands(script, nil)
	if got, want := len(commands), 5; got != want {
		t.Errorf("%d commands, want %d: four shells in the first, and not what the last runs", got, want)
	}
}

// TestVariablesAreBounded plants variables that double each other.
func TestVariablesAreBounded(t *testing.T) {
	var script strings.Builder
	script.WriteString("A=xxxxxxxxxxxxxxxx\n")
	for c := 'B'; c <= 'Z'; c++ {
		from := "$" + string(c-1)
		script.WriteString(string(c) + "=" + strings.Repeat(from, 8) + "\n")
	}
	script.WriteString("a $Z\n")
	commands, _ := new(kubecomponent.ScriptReader).Commands(script.String(), nil)
	if got := len(commands[0].Words[1:]); got > 1 || got == 1 && len(commands[0].Words[1].Text) > 8*kubecomponent.MaxScript {
		t.Error("the variables were written out")
	}
}

// TestHostileScripts gives the parser what makes it recurse or go back: it must end, and not overflow. What takes more
// than its length in steps would not end before the test run gives up.
func TestHostileScripts(t *testing.T) {
	for _, unit := range []string{
		"(", "{ ", "$(", "\"$(", "$((", "$((1+(", "${a:-", "if ", "while ", "a|", "a&&", "[[ ( ", "[[ ! ", "case x in x) ", "time ",
		"f() ", "`", "<(", "a[", "a[$((", "$[", "<<a ", "a=(", "for i in x; do ", "$((1?1:", "$((a=", "$((2**", "$((- ", "$((!", "x;",
		"\"", "'", "\\", "\n", "#\n", "x <<<y ", "sh -c '", "sh -c a;", "a=$a$a;", "export a=b ",
	} {
		for _, head := range []string{"", unit[:min(3, len(unit))]} {
			body := strings.TrimPrefix(unit, head)
			if body == "" {
				body = unit
			}
			script := head + strings.Repeat(body, (kubecomponent.MaxScript-8)/len(body))
			_, _ = new(kubecomponent.ScriptReader).Commands(script, nil)
		}
	}
}

func TestQuotes(t *testing.T) {
	for script, want := range map[string]bool{
		"echo a": true, "echo a > f": false, "printf a | tee f": false, "cat <<E\na\nE": true, "/bin/grep a f": true,
		"[ a = b ]": true, "sed -i a f": false, "tee f": false, "x=$(echo a)": false,
	} {
		commands, _ := new(kubecomponent.ScriptReader).Commands(script, nil)
		if got := commands[0].Quotes(); got != want {
			t.Errorf("%q only quotes: %v, want %v", script, got, want)
		}
	}
}
