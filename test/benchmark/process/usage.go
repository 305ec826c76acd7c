// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
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
	if err := u.readMemory(os.Getpid()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return u, err
	}
	return u, nil
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
	return u, u.readMemory(pid)
}

// readMemory reads how many bytes of a process are resident, how many of them no file backs, and how many were at most.
func (u *Usage) readMemory(pid int) error {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return err
	}
	for name, value := range map[string]*int64{"VmRSS:": &u.Resident, "RssAnon:": &u.Anonymous, "VmHWM:": &u.Peak} {
		_, rest, ok := strings.Cut(string(status), "\n"+name)
		if _, err := fmt.Sscan(rest, value); !ok || err != nil {
			return fmt.Errorf("read memory: %s is not to be found", strings.TrimSuffix(name, ":"))
		}
		*value <<= 10 // they are in KiB
	}
	return nil
}

// Steal begins to count: the function that it returns tells what part of the machine's time since then its hypervisor gave
// to other machines. It is 0 where that isn't known.
func Steal() (part func() float64) {
	stolen, all := stealTime()
	return func() float64 {
		s, a := stealTime()
		if a <= all {
			return 0
		}
		return float64(s-stolen) / float64(a-all)
	}
}

// stealTime reads the first line of /proc/stat: cpu user nice system idle iowait irq softirq steal guest guest_nice, of
// which guest time is in user time already.
func stealTime() (stolen, all int64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil || i > 8 {
			continue
		}
		all += n
		if i == 8 {
			stolen = n
		}
	}
	return stolen, all
}
