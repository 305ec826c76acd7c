// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Metrics returns the metrics of the demarc that Serve started.
func (r *Rig) Metrics(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.metrics+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("get demarc's metrics: %w", err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("get demarc's metrics: %w", err)
	}
	return raw, nil
}

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
