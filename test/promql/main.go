// SPDX-License-Identifier: Apache-2.0

// Command promql reads a JSON list of PromQL expressions and says of each what is wrong with it, and which metrics and
// labels it names. It is for the chart's tests.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/prometheus/prometheus/promql/parser"
)

// expression is what is known of one of them. Labels holds the labels that its selectors name, by metric; Grouped those of
// by, without, on and ignoring.
type expression struct {
	Error   string              `json:"error,omitempty"`
	Labels  map[string][]string `json:"labels,omitempty"`
	Grouped []string            `json:"grouped,omitempty"`
}

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		fmt.Fprintln(os.Stderr, "promql:", err)
		os.Exit(1)
	}
	list := make([]expression, len(texts))
	for i, text := range texts {
		list[i] = parse(text)
	}
	if err := json.NewEncoder(os.Stdout).Encode(list); err != nil {
		fmt.Fprintln(os.Stderr, "promql:", err)
		os.Exit(1)
	}
}

func parse(text string) expression {
	tree, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		return expression{Error: err.Error()}
	}
	e := expression{Labels: map[string][]string{}}
	parser.Inspect(tree, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			labels := e.Labels[n.Name]
			for _, m := range n.LabelMatchers {
				if m.Name != "__name__" {
					labels = append(labels, m.Name)
				}
			}
			e.Labels[n.Name] = labels
		case *parser.AggregateExpr:
			e.Grouped = append(e.Grouped, n.Grouping...)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				e.Grouped = append(e.Grouped, n.VectorMatching.MatchingLabels...)
			}
		}
		return nil
	})
	return e
}
