// SPDX-License-Identifier: Apache-2.0

package featuregates

import (
	"math/rand"
	"strings"
)

// registered are the gates of the registries with which the properties compare.
var registered = []string{"Alfa", "Bravo", "Charlie", "AllAlpha", "AllBeta"}

// generator makes flag texts, most of them nearly right, since noise alone would be refused for its first item.
type generator struct{ *rand.Rand }

func (g generator) pick(choices ...string) string { return choices[g.Intn(len(choices))] }

func (g generator) space() string {
	return g.pick("", "", "", "", "", "", " ", "\t", "\n", "\u00a0", "\u2003 ")
}

func (g generator) gate() string {
	if g.Intn(40) == 0 {
		return g.pick("", "alfa", "Unknown", "Al fa", "Ålfa", "=", ":", "\x00", "\xff")
	}
	return g.pick(registered...)
}

func (g generator) value() string {
	if g.Intn(40) == 0 {
		return g.pick("", "yes", "tRUE", "2", "-1", "tr ue", "true=", "\x00")
	}
	return g.pick("true", "false", "1", "0", "t", "f", "T", "F", "TRUE", "FALSE", "True", "False")
}

func (g generator) item(prefixes ...string) string {
	switch g.Intn(60) {
	case 0:
		return g.noise()
	case 1, 2, 3, 4:
		return ""
	}
	return g.space() + g.pick(prefixes...) + g.gate() + g.space() + "=" + g.space() + g.value() + g.space()
}

// flag returns the value of a flag whose items have one of the prefixes.
func (g generator) flag(prefixes ...string) string {
	items := make([]string, g.Intn(7))
	for i := range items {
		items[i] = g.item(prefixes...)
	}
	return strings.Join(items, ",")
}

// noise strings together what the syntax is made of.
func (g generator) noise() string {
	var b strings.Builder
	for range g.Intn(8) {
		b.WriteString(g.pick("=", ",", ":", "Alfa", "kube", "true", "0", g.space(), string(rune(g.Intn(0x300)))))
	}
	return b.String()
}

// args returns the arguments of a component that has the flags --text (which takes a value) and --switch (which takes
// none) besides ours.
func (g generator) args() []string {
	var args []string
	for range g.Intn(7) {
		switch g.Intn(10) {
		case 0:
			args = append(args, "--text")
		case 1:
			args = append(args, g.pick("--text=x", "--text="))
		case 2:
			args = append(args, "--switch")
		case 3:
			args = append(args, "--switch=true")
		case 4:
			args = append(args, g.pick("--", "-", "x", "", "--text=--", "Alfa=true"))
		case 5:
			args = append(args, g.pick("--feature-gates", "--feature_gates", "--feature-gates="))
		default:
			args = append(args, g.pick("--feature-gates=", "--feature_gates=")+g.flag(""))
		}
		if g.Intn(3) == 0 {
			args = append(args, g.flag(""))
		}
	}
	return args
}
