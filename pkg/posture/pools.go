// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// pool is the nodes that are made alike and upgraded together. What is found on many of its nodes is told once.
type pool struct {
	// name of the pool in the provider's API, or of Karpenter's NodePool; empty where no label tells.
	name      string
	karpenter bool
	nodes     []*policy.NodeState
}

const karpenterLabel = "karpenter.sh/nodepool"

// poolsOf returns the pools of the machines that the customer keeps up to date.
func poolsOf(s policy.State) []pool {
	var pools []pool
	index := map[string]int{}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if !s.Provider.Facts.CustomersMachine(labelsOf(n.Subject)) {
			continue
		}
		name, karpenter := poolOf(s.Provider, n)
		key := strconv.FormatBool(karpenter) + name
		at, known := index[key]
		if !known {
			at = len(pools)
			index[key] = at
			pools = append(pools, pool{name: name, karpenter: karpenter})
		}
		pools[at].nodes = append(pools[at].nodes, n)
	}
	for _, p := range pools {
		slices.SortFunc(p.nodes, func(a, b *policy.NodeState) int { return strings.Compare(a.Name, b.Name) })
	}
	slices.SortFunc(pools, func(a, b pool) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.title(), b.title()))
	})
	return pools
}

func poolOf(p *provider.Profile, n *policy.NodeState) (name string, karpenter bool) {
	labels := labelsOf(n.Subject)
	if name := labels[karpenterLabel]; name != "" {
		return name, true
	}
	for _, l := range p.Facts.Pool {
		if name := labels[l.Key]; name != "" {
			return name, false
		}
	}
	return "", false
}

func labelsOf(o policy.Subject) map[string]string {
	if o.Meta == nil {
		return nil
	}
	return o.Meta.Labels
}

func annotationsOf(o policy.Subject) map[string]string {
	if o.Meta == nil {
		return nil
	}
	return o.Meta.Annotations
}

// title is what people call the pool.
func (p pool) title() string {
	switch {
	case p.name == "":
		return "no pool"
	case p.karpenter:
		return "NodePool " + shown(p.name)
	}
	return "pool " + shown(p.name)
}

// share says how much of the pool it is: "2 of 5 nodes of pool np1".
func (p pool) share(n int) string {
	return fmt.Sprintf("%d of %s of %s", n, counted(len(p.nodes), "node"), p.title())
}

// upgrade is the command that changes the pool; Karpenter's nodes are replaced one by one.
func (p pool) upgrade(node, arguments string) string {
	if p.karpenter {
		return "run kubectl delete node " + argument(node, "<node>") + ": node auto-provisioning makes a new one"
	}
	return "run az aks nodepool upgrade -g <group> --cluster-name <cluster> -n " + argument(p.name, "<pool>") + " " + arguments
}

// counted is a number and what it counts: "1 node", "2 nodes".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// few joins the first names of a list and counts the rest.
func few(names []string) string {
	const most = 3
	var list []string
	for _, name := range names[:min(most, len(names))] {
		list = append(list, shown(name))
	}
	text := strings.Join(list, ", ")
	if rest := len(names) - most; rest > 0 {
		text += " and " + strconv.Itoa(rest) + " more"
	}
	return text
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:+"

// plain says whether a word can stand in a message or a command as it is.
func plain(s string, longest int) bool {
	return s != "" && len(s) <= longest && strings.Trim(s, alphabet) == "" && s[0] != '-'
}

// shown returns what somebody chose as a message may hold it: a plain name as it is, anything else quoted and cut.
func shown(s string) string {
	const longest = 63
	if plain(s, longest) {
		return s
	}
	if len(s) <= longest {
		return strconv.QuoteToASCII(s)
	}
	cut := longest
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.QuoteToASCII(s[:cut]) + "..."
}

// argument returns a word for a command that somebody may copy, or what stands for it where it is not a plain one.
func argument(s, otherwise string) string {
	if plain(s, 63) {
		return s
	}
	return otherwise
}
