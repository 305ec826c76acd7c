// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clear takes away everything that a node in that folder left: processes by their pid files, containers by the folder
// that their shims were started in, mounts, links, packet filter rules, files. What is not there is no error.
func clear(dir string) error {
	if filepath.Clean(dir) == "/" || len(strings.Split(filepath.Clean(dir), "/")) < 3 {
		return fmt.Errorf("clear %s: not a folder to be taken away", dir)
	}
	errs := []error{endRecorded(dir), endBelow(dir), unmountBelow(dir), dropLink(), dropRules()}
	return errors.Join(append(errs, os.RemoveAll(dir))...)
}

// endRecorded ends the processes that an earlier run started, where their pid still belongs to them.
func endRecorded(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "pids", "*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
		if err == nil && mentions(pid, dir) {
			if err := end(pid); err != nil {
				return err
			}
		}
	}
	return nil
}

// endBelow ends what containerd started: its shims name our folder, and their containers are their children.
func endBelow(dir string) error {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return err
	}
	var shims []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && pid != os.Getpid() && isShim(pid) && mentions(pid, dir) {
			shims = append(shims, pid)
		}
	}
	for _, shim := range shims {
		for _, child := range children(shim) {
			if err := end(child); err != nil {
				return err
			}
		}
		if err := end(shim); err != nil {
			return err
		}
	}
	return nil
}

func isShim(pid int) bool {
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil && strings.HasPrefix(filepath.Base(exe), "containerd-shim")
}

// mentions says whether the command line of a process names the folder.
func mentions(pid int, dir string) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains(string(raw), dir)
}

func children(pid int) []int {
	var list []int
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well formed
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		for _, word := range strings.Fields(string(raw)) {
			if child, err := strconv.Atoi(word); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

// end kills a process and waits until it is gone.
func end(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end process %d: %w", pid, err)
	}
	for range 100 {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(state), ") Z ") {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("end process %d: it is still there", pid)
}

// unmountBelow takes every mount below the folder away, the deepest first.
func unmountBelow(dir string) error {
	raw, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	var points []string
	for line := range strings.Lines(string(raw)) {
		if words := strings.Fields(line); len(words) > 1 && strings.HasPrefix(words[1], dir+"/") {
			points = append(points, words[1])
		}
	}
	slices.SortFunc(points, func(a, b string) int { return len(b) - len(a) })
	for _, point := range points {
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
			return fmt.Errorf("unmount %s: %w", point, err)
		}
	}
	return nil
}

func dropLink() error {
	if _, err := os.Stat("/sys/class/net/" + bridge); err != nil {
		return nil
	}
	// The pods' links hang on it. Those of pods that nobody ended in order would outlive it.
	ports, err := filepath.Glob("/sys/class/net/" + bridge + "/brif/*")
	if err != nil {
		return err
	}
	for _, port := range ports {
		_ = command("ip", "link", "delete", filepath.Base(port)) // it goes by itself where its pod ends now
	}
	return command("ip", "link", "delete", bridge)
}

// dropRules takes away what kube-proxy put into the packet filter: its chains, and the rules that lead there.
func dropRules() error {
	for _, table := range []string{"nat", "filter", "mangle"} {
		out, err := output("iptables-save", "-t", table)
		if err != nil {
			continue // the table is not there
		}
		if !strings.Contains(out, ":KUBE-") {
			continue
		}
		var kept []string
		for line := range strings.Lines(out) {
			if !strings.Contains(line, "KUBE-") {
				kept = append(kept, line)
			}
		}
		if err := feed(strings.Join(kept, ""), "iptables-restore", "-T", table); err != nil {
			return err
		}
	}
	return nil
}
