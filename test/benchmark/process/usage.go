// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"time"
)

// tick is the unit of times in /proc/<pid>/stat: Linux shows them in hundredths of a second on every architecture.
const tick = 10 * time.Millisecond

// ownUsage is of this process, to the microsecond. Without procfs its memory is not known, and 0.
func ownUsage() (Usage, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return Usage{}, fmt.Errorf("get usage: %w", err)
	}
	u := Usage{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano())}
	var err error
	u.Resident, u.Anonymous, err = memory(os.Getpid())
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	return u, err
}

// usageOf is of another process, its CPU time to the hundredth of a second.
func usageOf(pid int) (Usage, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Usage{}, err
	}
	// The second field is the program's name in parentheses, which may hold anything.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const utime, stime = 14 - 3, 15 - 3
	if len(fields) <= stime {
		return Usage{}, errors.New("read usage: too few fields")
	}
	user, err := strconv.Atoi(string(fields[utime]))
	if err != nil {
		return Usage{}, fmt.Errorf("read usage: %w", err)
	}
	system, err := strconv.Atoi(string(fields[stime]))
	if err != nil {
		return Usage{}, fmt.Errorf("read usage: %w", err)
	}
	u := Usage{CPU: time.Duration(user+system) * tick}
	u.Resident, u.Anonymous, err = memory(pid)
	return u, err
}

// memory reads how many bytes of a process are resident, and how many of them no file backs.
func memory(pid int) (resident, anonymous int64, err error) {
	statm, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, 0, err
	}
	var size, pages, shared int64
	if _, err := fmt.Fscan(bytes.NewReader(statm), &size, &pages, &shared); err != nil {
		return 0, 0, fmt.Errorf("read memory: %w", err)
	}
	page := int64(os.Getpagesize())
	return pages * page, (pages - shared) * page, nil
}
