// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/test/benchmark/load"
	"github.com/demarc-dev/demarc/test/benchmark/stats"
)

// The budgets.
const (
	maxRatio    = 1.5 // the audit's time, part of the client's list
	maxResident = 150 // MiB
	maxWorse    = 1.1 // p99 of others during an audit, part of that while nothing else is asked
)

const auditing, idle = "demarc audit", "nobody else"

// turn is what one variant did in one round.
type turn struct {
	took     time.Duration
	cpu      time.Duration
	resident int64 // MiB, the most that ever was
	others   []time.Duration
}

func (b *bench) measure(ctx context.Context) error {
	kinds, err := b.audited(ctx)
	if err != nil {
		return err
	}
	turns := map[string][]turn{}
	order := []string{idle, byClient, auditing, unread}
	for round := range b.rounds {
		if round > 0 {
			slices.Reverse(order)
		}
		for _, variant := range order {
			t, err := b.turn(ctx, variant, kinds)
			if err != nil {
				return fmt.Errorf("%s: %w", variant, err)
			}
			fmt.Fprintf(os.Stderr, "round %d: %s: %s, %d MiB\n", round+1, variant, t.took.Round(time.Millisecond), t.resident)
			turns[variant] = append(turns[variant], t)
		}
	}
	b.print(turns)
	return nil
}

// audited asks an audit which kinds it lists, and shows what it found.
func (b *bench) audited(ctx context.Context) ([]byte, error) {
	out, err := b.audit(ctx).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() != 1 {
		return nil, fmt.Errorf("demarc audit: %w: %s", err, exit.Stderr)
	}
	var report struct {
		Clusters []struct {
			Kinds []struct {
				Resource string `json:"resource"`
				Objects  int    `json:"objects"`
			} `json:"kinds"`
		} `json:"clusters"`
		Results []json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	if len(report.Clusters) != 1 {
		return nil, fmt.Errorf("the report is of %d clusters", len(report.Clusters))
	}
	versions, err := b.versions()
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	objects := 0
	for _, k := range report.Clusters[0].Kinds {
		resource, group, _ := strings.Cut(k.Resource, ".")
		version, ok := versions[group+"/"+resource]
		if !ok {
			return nil, fmt.Errorf("the audit listed %s, which is not served", k.Resource)
		}
		fmt.Fprintf(&lines, "%s/%s/%s\n", group, version, resource)
		objects += k.Objects
	}
	fmt.Fprintf(b.Out, "The audit reads %d objects of %d kinds, and its report of %d results has %d kB. Pages of %d.\n\n",
		objects, len(report.Clusters[0].Kinds), len(report.Results), len(out)/1000, page)
	return lines.Bytes(), nil
}

// versions finds the preferred version of each resource.
func (b *bench) versions() (map[string]string, error) {
	lists, err := b.client.Discovery().ServerPreferredResources()
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, l := range lists {
		group, version, ok := strings.Cut(l.GroupVersion, "/")
		if !ok {
			group, version = "", l.GroupVersion
		}
		for _, r := range l.APIResources {
			found[group+"/"+r.Name] = version
		}
	}
	return found, nil
}

func (b *bench) audit(ctx context.Context) *exec.Cmd {
	return exec.CommandContext(ctx, b.program, "audit", "--kubeconfig", b.kubeconfig, "-o", "json")
}

// othersRate is how many small things somebody else asks for in a second.
const othersRate = 20

// turn lets one variant do its work, while somebody else asks for a ConfigMap now and then.
func (b *bench) turn(ctx context.Context, variant string, kinds []byte) (turn, error) {
	asking, stop := context.WithCancel(ctx)
	defer stop()
	flow := make(chan *load.Flow)
	go func() {
		flow <- load.Open(asking, othersRate, 10*time.Minute, 100, func(ctx context.Context, i int) (load.Outcome, error) {
			c := configMap(i % b.configMaps)
			_, err := b.client.CoreV1().ConfigMaps(c.Namespace).Get(ctx, c.Name, metav1.GetOptions{})
			if err != nil && asking.Err() == nil {
				return load.Wrong, err
			}
			return load.Right, nil
		})
	}()
	t, err := b.work(ctx, variant, kinds)
	stop()
	f := <-flow
	if err != nil {
		return t, err
	}
	for _, err := range f.Failures {
		return t, fmt.Errorf("what others asked for: %w", err)
	}
	t.others = f.Times(load.Right, true)
	return t, nil
}

func (b *bench) work(ctx context.Context, variant string, kinds []byte) (turn, error) {
	var command *exec.Cmd
	switch variant {
	case idle:
		began := time.Now()
		select {
		case <-ctx.Done():
		case <-time.After(15 * time.Second):
		}
		return turn{took: time.Since(began)}, ctx.Err()
	case auditing:
		command = b.audit(ctx)
	default:
		self, err := os.Executable()
		if err != nil {
			return turn{}, err
		}
		command = exec.CommandContext(ctx, self, listArg, b.kubeconfig, variant)
		command.Stdin = bytes.NewReader(kinds)
	}
	var stderr bytes.Buffer
	command.Stderr = &stderr
	began := time.Now()
	err := command.Run()
	t := turn{took: time.Since(began)}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && variant == auditing && exit.ExitCode() == 1 {
		err = nil // findings
	}
	if err != nil {
		return t, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
	if ok {
		t.resident = usage.Maxrss >> 10
	}
	t.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	return t, nil
}

func (b *bench) print(turns map[string][]turn) {
	table := stats.Table{Head: []string{"variant", "s", "CPU s", "resident MiB", "part of the client's list", "others' p50 ms", "others' p99 ms"}}
	for _, variant := range []string{idle, unread, byClient, auditing} {
		list := turns[variant]
		ratio, cpu, resident := "", "", ""
		if variant != idle {
			ratio, cpu = stats.SpreadOf(ratios(list, turns[byClient])).String(), spread(list, func(t turn) float64 { return t.cpu.Seconds() })
			resident = fmt.Sprint(most(list))
		}
		others := others(list)
		table.Add(variant, spread(list, func(t turn) float64 { return t.took.Seconds() }), cpu, resident, ratio,
			millis(stats.Percentile(others, 50)), millis(stats.Percentile(others, 99)))
	}
	table.Print(b.Out)
	ratio := stats.SpreadOf(ratios(turns[auditing], turns[byClient])).Median
	worse := float64(stats.Percentile(others(turns[auditing]), 99)) / float64(stats.Percentile(others(turns[idle]), 99))
	worseList := float64(stats.Percentile(others(turns[byClient]), 99)) / float64(stats.Percentile(others(turns[idle]), 99))
	fmt.Fprintf(b.Out, "\n- time of the audit, part of the client's list: %.2f (budget %.1f): %s\n", ratio, maxRatio, b.Kept(ratio <= maxRatio))
	fmt.Fprintf(b.Out, "- most resident memory: %d MiB (budget %d): %s\n", most(turns[auditing]), maxResident, b.Kept(most(turns[auditing]) <= maxResident))
	fmt.Fprintf(b.Out, "- others' p99 during the audit, part of that without: %.2f (budget %.1f; during the client's list: %.2f): %s\n",
		worse, maxWorse, worseList, b.Kept(worse <= maxWorse))
}

func ratios(list, base []turn) []float64 {
	var all []float64
	for i := range list {
		all = append(all, list[i].took.Seconds()/base[i].took.Seconds())
	}
	return all
}

func spread(list []turn, value func(turn) float64) string {
	var all []float64
	for _, t := range list {
		all = append(all, value(t))
	}
	return stats.SpreadOf(all).String()
}

func most(list []turn) int64 {
	var top int64
	for _, t := range list {
		top = max(top, t.resident)
	}
	return top
}

func others(list []turn) []time.Duration {
	var all []time.Duration
	for _, t := range list {
		all = append(all, t.others...)
	}
	slices.Sort(all)
	return all
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d.Microseconds())/1000) }
