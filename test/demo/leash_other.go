// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package main

import "syscall"

// leash keeps Ctrl-C from demarc, which the demo stops in its turn.
func leash() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
