// SPDX-License-Identifier: Apache-2.0

package featuregates

import (
	"strconv"
	"strings"
)

// Minor is the minor version of a Kubernetes 1.x release: the 36 of 1.36.
type Minor int

// String returns the version as people write it, such as "1.36".
func (m Minor) String() string { return "1." + strconv.Itoa(int(m)) }

// ParseMinor reads the minor version out of a Kubernetes version or an image tag: "1.36", "v1.36.3", "v1.36.3-aks.1",
// "1.36.3_suffix", or "1.36+" as API servers of some providers call themselves. Everything else, such as "latest",
// "2.1" or "1.x", is refused: a guess would become a verdict.
func ParseMinor(version string) (Minor, bool) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(version, "v"), "1.")
	if !ok {
		return 0, false
	}
	number, rest := digits(rest)
	if number == "" || len(number) > 3 || (number[0] == '0' && number != "0") {
		return 0, false
	}
	if patch, has := strings.CutPrefix(rest, "."); has {
		number, after := digits(patch)
		if number == "" {
			return 0, false
		}
		rest = after
	}
	if rest != "" && !strings.ContainsRune("-+_", rune(rest[0])) {
		return 0, false
	}
	minor, err := strconv.Atoi(number)
	return Minor(minor), err == nil
}

// digits splits the decimal digits off the front of s.
func digits(s string) (number, rest string) {
	end := 0
	for end < len(s) && '0' <= s[end] && s[end] <= '9' {
		end++
	}
	return s[:end], s[end:]
}
