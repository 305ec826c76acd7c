// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strconv"
	"unicode/utf8"
)

// quoteCut writes what a user chose for a message: quoted, so that it stays on one line, and no more than longest bytes
// of it.
func quoteCut(s string, longest int) string {
	if len(s) <= longest {
		return strconv.Quote(s)
	}
	for longest > 0 && !utf8.RuneStart(s[longest]) {
		longest--
	}
	return strconv.Quote(s[:longest]) + "..."
}
