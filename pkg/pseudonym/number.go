// SPDX-License-Identifier: Apache-2.0

package pseudonym

import (
	"slices"
	"strings"
	"time"
)

// maxDigits is how long a number may be that counts something. Longer ones may name it.
const maxDigits = 5

// number says whether s is a number, a quantity, a version or a date: they name nobody.
func number(s string) bool {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "20060102T150405Z"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	if v, ok := strings.CutPrefix(s, "v"); ok {
		return dotted(apiVersion(v))
	}
	end := len(s)
	for end > 0 && !digit(s[end-1]) {
		end--
	}
	return slices.Contains([]string{"", "s", "m", "h", "d", "ms", "Ki", "Mi", "Gi", "Ti", "k", "M", "G", "x", "st", "nd", "rd", "th"}, s[end:]) && dotted(s[:end])
}

// apiVersion leaves out what makes a version of an API an early one: 1beta1.
func apiVersion(v string) string {
	for _, stage := range []string{"alpha", "beta"} {
		if major, minor, found := strings.Cut(v, stage); found && digits(minor) {
			return major
		}
	}
	return v
}

// dotted says whether s is up to three short numbers with dots between them.
func dotted(s string) bool {
	parts := strings.Split(s, ".")
	return len(parts) <= 3 && !slices.ContainsFunc(parts, func(p string) bool { return !digits(p) })
}

func digits(s string) bool {
	if s == "" || len(s) > maxDigits {
		return false
	}
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
