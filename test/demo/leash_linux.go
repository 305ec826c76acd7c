// SPDX-License-Identifier: Apache-2.0

package main

import "syscall"

// leash keeps Ctrl-C from demarc, which the demo stops in its turn, and ends
// it with the demo where that is killed.
func leash() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
