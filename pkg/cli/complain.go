// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/demarc-dev/demarc/pkg/report"
)

// complain writes every error that err holds on a line of its own.
func (a *app) complain(err error) {
	for _, line := range report.ErrorLines(err) {
		fmt.Fprintln(a.stderr, "demarc: "+line)
	}
}

// warn says something that stops nothing.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintln(a.stderr, "demarc: warning: "+report.Clean(fmt.Sprintf(format, args...)))
}
