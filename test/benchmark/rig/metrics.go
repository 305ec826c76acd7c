// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"strconv"
	"strings"
)

// Webhook is the label by which the API server's metrics tell webhooks apart.
func Webhook(name string) string { return `name="` + name + `"` }

// Counted adds up the counters of a metric that have all these labels.
func Counted(exposition []byte, metric string, labels ...string) int {
	sum := 0
lines:
	for line := range strings.Lines(string(exposition)) {
		if !strings.HasPrefix(line, metric+"{") {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(line, label) {
				continue lines
			}
		}
		if value, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64); err == nil {
			sum += int(value)
		}
	}
	return sum
}
