// SPDX-License-Identifier: Apache-2.0

package featuregates

import "strings"

// flagName is the flag that all components of Kubernetes share.
const flagName = "feature-gates"

// FromArgs finds the --feature-gates flags in the arguments of a Kubernetes component, with or without the program's
// name in front, and reads them as one. It follows pflag as the components set it up:
//
//   - "--feature-gates=v" and "--feature-gates v", and underscores for hyphens anywhere in the name;
//   - flags may follow arguments that are none, and end at "--";
//   - a repeated flag adds to the ones before it, and the last setting of a gate counts;
//   - "-feature-gates=v" is not the flag: pflag reads it as the short flag -f, which no component has.
//
// Only the program knows which other flags take a value, so "--name --feature-gates=v" and "--name --" have two
// readings. FromArgs takes the second argument for a flag (a component refuses arguments after a true "--"), and doesn't
// let that hide anything: where the readings disagree about a gate it is on, with Doubt, as is all after such a "--".
func FromArgs(args []string) []Setting {
	var r reader
	bare := false // Whether the argument before is a flag that may take this one as its value.
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			if !bare {
				break
			}
			r.doubtful, bare = true, false
			continue
		}
		value, attached, found := cutFlag(arg)
		r.unsure, bare = bare, isBare(arg)
		switch {
		case !found:
		case attached:
			r.read(value)
		case i+1 == len(args) || strings.HasPrefix(args[i+1], "--"):
			// No gate begins with "--". Were it skipped as a value, it could be the flag that counts.
			r.fail(ErrNoFlagValue)
		default:
			i++
			bare = false
			r.read(args[i])
		}
	}
	return r.settings
}

// isBare says whether an argument is a long flag without a value of its own.
func isBare(arg string) bool {
	return len(arg) > 2 && arg[:2] == "--" && strings.IndexByte(arg, '=') < 0
}

// cutFlag says whether the argument is our flag, and returns the value that is attached to it.
func cutFlag(arg string) (value string, attached, found bool) {
	const end = len("--") + len(flagName)
	if len(arg) < end || arg[:2] != "--" {
		return "", false, false
	}
	for i := range len(flagName) {
		if c := arg[2+i]; c != flagName[i] && (c != '_' || flagName[i] != '-') {
			return "", false, false
		}
	}
	if len(arg) == end {
		return "", false, true
	}
	if arg[end] != '=' {
		return "", false, false
	}
	return arg[end+1:], true, true
}
