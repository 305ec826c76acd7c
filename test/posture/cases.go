// SPDX-License-Identifier: Apache-2.0

// Package posturecases is the set of cases for posture rules: each is a cluster under <rule>/pass or <rule>/fail, as one
// YAML file of its objects. The first document is of the kind Cluster, and says what no object does.
package posturecases

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/provider"
)

//go:embed */pass/* */fail/*
var files embed.FS

// The two directions of a case.
const (
	Pass = "pass"
	Fail = "fail"
)

// Case is one cluster.
type Case struct {
	Rule, Dir, Name string
	// Text is the file as it stands.
	Text    string
	Cluster Cluster
	// Objects are the live objects, as JSON.
	Objects [][]byte
	// Findings is the golden: one line for each finding. Empty for a pass case.
	Findings string
}

// Cluster is what an audit asks of a cluster beside its objects.
type Cluster struct {
	Kind          string    `json:"kind"`
	Now           time.Time `json:"now"`
	ServerVersion string    `json:"serverVersion,omitempty"`
	// Metrics is what the API server tells at /metrics; NodeMetrics what nodes do, by name.
	Metrics     string            `json:"metrics,omitempty"`
	NodeMetrics map[string]string `json:"nodeMetrics,omitempty"`
	// AlphaAPIs are served ones.
	AlphaAPIs []AlphaAPI `json:"alphaAPIs,omitempty"`
	// Unread are plural names of resources that could not be listed.
	Unread []string `json:"unread,omitempty"`
}

// AlphaAPI is an alpha API that the server serves, and how many objects it holds.
type AlphaAPI struct {
	Group    string `json:"group"`
	Version  string `json:"version"`
	Resource string `json:"resource"`
	Objects  int    `json:"objects"`
}

// ID names the case: rule/dir/name.
func (c Case) ID() string { return path.Join(c.Rule, c.Dir, c.Name) }

// Load reads every case, in the order of their IDs. The error holds everything that is wrong with them.
func Load() ([]Case, error) {
	var cases []Case
	var errs []error
	err := fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if base, golden := strings.CutSuffix(p, ".findings"); golden {
			if _, err := fs.Stat(files, base+".yaml"); err != nil {
				errs = append(errs, fmt.Errorf("%s: belongs to no case", p))
			}
			return nil
		}
		c, err := load(p)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p, err))
		}
		cases = append(cases, c)
		return nil
	})
	return cases, errors.Join(err, errors.Join(errs...))
}

func load(p string) (Case, error) {
	parts := strings.Split(p, "/")
	c := Case{Rule: parts[0], Dir: parts[1], Name: strings.TrimSuffix(parts[2], ".yaml")}
	raw, err := files.ReadFile(p)
	if err != nil {
		return c, err
	}
	c.Text = string(raw)
	first, rest, _ := strings.Cut(c.Text, "\n---\n")
	if err := yaml.UnmarshalStrict([]byte(first), &c.Cluster); err != nil {
		return c, err
	}
	if c.Cluster.Kind != "Cluster" || c.Cluster.Now.IsZero() {
		return c, errors.New("the first document must be of the kind Cluster, and say when it is")
	}
	for doc := range strings.SplitSeq(rest, "\n---\n") {
		if strings.TrimSpace(doc) == "" {
			continue
		}
		j, err := yaml.YAMLToJSONStrict([]byte(doc))
		if err != nil {
			return c, err
		}
		c.Objects = append(c.Objects, j)
	}
	if golden, err := files.ReadFile(strings.TrimSuffix(p, ".yaml") + ".findings"); err == nil {
		c.Findings = string(golden)
	}
	return c, nil
}

// State returns what an audit would ask the engine about the cluster.
func (c Case) State() (policy.State, error) {
	g := posture.New(provider.AKS())
	for _, raw := range c.Objects {
		o, err := object.Decode(raw, schema.GroupVersionKind{})
		if err == nil {
			err = g.Add(o)
		}
		if err != nil {
			return policy.State{}, fmt.Errorf("%s: %w", c.ID(), err)
		}
	}
	for _, r := range posture.Wants() {
		if slices.Contains(c.Cluster.Unread, r.Plural) {
			g.Unread(r)
		}
	}
	if err := g.Metrics(policy.Subject{}, strings.NewReader(c.Cluster.Metrics)); err != nil {
		return policy.State{}, err
	}
	for _, node := range slices.Sorted(maps.Keys(c.Cluster.NodeMetrics)) {
		source := policy.Subject{Resource: object.Nodes, Name: node}
		if err := g.Metrics(source, strings.NewReader(c.Cluster.NodeMetrics[node])); err != nil {
			return policy.State{}, err
		}
	}
	s := g.State()
	s.Now, s.Cluster.ServerVersion = c.Cluster.Now, c.Cluster.ServerVersion
	for _, a := range c.Cluster.AlphaAPIs {
		s.AlphaUse = append(s.AlphaUse, policy.AlphaState{
			GVR: schema.GroupVersionResource{Group: a.Group, Version: a.Version, Resource: a.Resource}, Objects: a.Objects})
	}
	return s, nil
}
