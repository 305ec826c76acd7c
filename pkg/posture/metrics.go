// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/policy"
)

const featureMetric = "kubernetes_feature_enabled"

// The stages as the metric spells them.
const (
	stageAlpha = "ALPHA"
	stageBeta  = "BETA"
)

// Metrics takes in what a component tells at /metrics, in Prometheus' text format: which feature gates are on. source is
// a Node, or a Subject without a name for the API server.
func (g *Gatherer) Metrics(source policy.Subject, text io.Reader) error {
	source.Meta = nil
	r := bufio.NewReaderSize(text, 64<<10)
	for {
		line, long, err := r.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read metrics: %w", err)
		}
		// A line that is longer than the buffer comes in pieces, and is none of ours.
		for long && err == nil {
			line = nil
			_, long, err = r.ReadLine()
		}
		name, stage, on := feature(string(line))
		if on && interesting(name, stage) {
			g.features = append(g.features, policy.FeatureState{Name: g.text(name), Stage: stage, Source: source})
		}
	}
}

// interesting leaves out what is on by itself: a component has some 200 gates, and a cluster thousands of components.
func interesting(name, stage string) bool {
	switch stage {
	case stageAlpha:
		return name != featuregates.AllAlpha
	case stageBeta:
		return slices.ContainsFunc(featuregates.Ranges(name), func(r featuregates.Range) bool {
			return r.Stage == featuregates.Beta && !r.Default
		})
	}
	return false
}

// feature reads a line such as `kubernetes_feature_enabled{name="X",stage="ALPHA"} 1`.
func feature(line string) (name, stage string, on bool) {
	rest, ok := strings.CutPrefix(line, featureMetric)
	if !ok {
		return "", "", false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, " \t"), "{")
	for ok {
		var key, value string
		key, rest, ok = strings.Cut(rest, `="`)
		if !ok {
			return "", "", false
		}
		if value, rest, ok = cutQuoted(rest); !ok {
			return "", "", false
		}
		switch strings.Trim(key, " \t,") {
		case "name":
			name = value
		case "stage":
			stage = value
		}
		if after, closed := strings.CutPrefix(strings.TrimLeft(rest, " \t,"), "}"); closed {
			value, _, _ := strings.Cut(strings.TrimSpace(after), " ")
			return name, stage, name != "" && (value == "1" || value == "1.0")
		}
	}
	return "", "", false
}

// cutQuoted cuts the value of a label off, whose opening quote is gone already. Nothing that is escaped is a gate's name.
func cutQuoted(s string) (value, rest string, ok bool) {
	value, rest, ok = strings.Cut(s, `"`)
	if strings.HasSuffix(value, `\`) {
		return "", "", false
	}
	return value, rest, ok
}
