// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scrape reads a pod's metrics, each by its name and labels as they stand there. The pods hang on a bridge of this machine,
// so nothing has to be forwarded.
func scrape(ctx context.Context, address string) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+":8080/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metrics of %s: %s, %w", address, response.Status, err)
	}
	return parseMetrics(string(raw)), nil
}

func parseMetrics(text string) map[string]float64 {
	m := map[string]float64{}
	for line := range strings.Lines(text) {
		i := strings.LastIndexByte(line, ' ')
		if i < 0 || line[0] == '#' {
			continue
		}
		if value, err := strconv.ParseFloat(strings.TrimSpace(line[i+1:]), 64); err == nil {
			m[line[:i]] = value
		}
	}
	return m
}

// metric adds up what all pods have under that name and labels; missing counts those that have none.
func metric(t *testing.T, key string) (sum float64, missing int) {
	t.Helper()
	for _, pod := range demarcPods(t.Context()) {
		m, err := scrape(t.Context(), pod.Status.PodIP)
		if err != nil {
			missing++
			continue
		}
		value, ok := m[key]
		if !ok {
			missing++
		}
		sum += value
	}
	return sum, missing
}
