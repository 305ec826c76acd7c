// SPDX-License-Identifier: Apache-2.0

// Package audit judges what stands in a live cluster already. It reads page by page and changes nothing: what it holds at
// a time is a few objects, the metadata of namespaces, and what it found.
package audit

import (
	"context"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/surroundings/live"
)

// Options says what is audited, by what, and who is told.
type Options struct {
	// Name is what the user calls the cluster.
	Name string
	// Engine judges. Rules are those that it was made from, whether they are on or not, and Profile too.
	Engine  *engine.Engine
	Rules   []policy.Rule
	Profile *provider.Profile
	// Namespaces limits the audit to what stands in these, and to the namespaces themselves; empty for the whole cluster.
	// Posture rules are about the whole, so they are not asked then.
	Namespaces []string
	// Posture gathers what posture rules ask, from all objects of the kinds that it Wants; nil asks none of them.
	Posture Gatherer
	Wants   []object.Resource
	// NodeMetrics reads the metrics of one kubelet in each pool through the API server, which takes the right to
	// nodes/proxy.
	NodeMetrics bool
	// Attribute says who last set a field of an object; nil does not ask.
	Attribute func(raw []byte, path *field.Path) *report.Change
	// Now is the clock; nil is the system's.
	Now func() time.Time
	// Progress is told how far the audit is, from time to time; it must return soon. Nil tells nobody.
	Progress func(Progress)
}

// Gatherer reduces a cluster to what posture rules ask of it.
type Gatherer interface {
	// Add takes in one object. It must not keep the object, nor what Raw returns: that memory is used again.
	Add(o *object.Object) error
	// Metrics takes in metrics of the family kubernetes_feature_enabled.
	Metrics(source policy.Subject, text io.Reader) error
	// Unread is told of a kind of which not every object was taken in.
	Unread(r object.Resource)
	// State returns what was taken in.
	State() policy.State
}

// Progress is how far an audit is.
type Progress struct {
	// Resource is what is being listed: deployments.apps. It is the one after Done of Kinds.
	Resource    string
	Done, Kinds int
	// Objects of it were read; Total is how many there are, as far as the API server says so, or 0.
	Objects, Total int
	// Results counts the objects that something was found in so far.
	Results int
}

// Run audits one cluster, read-only. What the user may not read, and what fails on the way, is named in the report's
// cluster and stops nothing. The error is for a cluster that can't be asked at all, and for an end of the context.
func Run(ctx context.Context, cfg *rest.Config, o Options) (*report.Report, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	a, err := newAuditor(cfg, o)
	if err != nil {
		return nil, err
	}
	if err := a.run(ctx); err != nil {
		return nil, fmt.Errorf("audit %s: %w", o.Name, err)
	}
	return a.finish(), nil
}

// auditor is one audit under way.
type auditor struct {
	Options
	cluster *live.Cluster
	pager   *pager
	served  *served
	started time.Time
	around  surrounding
	owners  owners
	fold    folder
	tally   tally
	kinds   []report.Kind
	// patience is how long a server that broke off is given to answer anything at all.
	patience time.Duration
	// lost is why the API server no longer answers; nothing more is asked of it then.
	lost error
	// gathers: the state is all that is asked for, whatever rules are on.
	gathers bool
}

func newAuditor(cfg *rest.Config, o Options) (*auditor, error) {
	cluster, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	p, err := newPager(cfg)
	if err != nil {
		return nil, err
	}
	s, err := newServed(cfg)
	if err != nil {
		return nil, err
	}
	a := &auditor{Options: o, cluster: cluster, pager: p, served: s, started: o.Now(),
		around: newSurrounding(&o.Profile.Facts), fold: newFolder(), tally: newTally(), patience: 5 * time.Second}
	a.owners = newOwners(cluster, a.unread)
	return a, nil
}

func (a *auditor) run(ctx context.Context) error {
	version, err := a.cluster.Version(ctx)
	if err != nil && !live.Denied(err) {
		return err
	}
	if err != nil {
		a.unread("the API server's version", err, a.needing(func(n policy.Needs) bool { return n.Cluster }))
	}
	a.around.cluster.ServerVersion = version
	kinds, err := a.plan(ctx)
	if err != nil {
		return err
	}
	for i, k := range kinds {
		if err := a.list(ctx, k, Progress{Done: i, Kinds: len(kinds)}); err != nil {
			return err
		}
	}
	if a.surveys() && !a.gathers {
		return a.survey(ctx)
	}
	return nil
}

// surveys says whether posture rules are asked.
func (a *auditor) surveys() bool {
	return a.Posture != nil && len(a.Namespaces) == 0 && (a.gathers || len(a.Engine.Surveys()) > 0)
}

// list reads and judges every object of one kind. Its error is the context's.
func (a *auditor) list(ctx context.Context, k *kind, progress Progress) error {
	progress.Resource = k.resource.GroupResource().String()
	a.tell(progress)
	for _, target := range k.targets(a.Namespaces) {
		if a.lost != nil {
			a.missed(target.what, a.lost, k)
			continue
		}
		before := progress.Objects
		err := a.pager.each(ctx, target, func(raw []byte) { a.take(ctx, k, raw) }, func(objects, total int) {
			progress.Objects, progress.Total, progress.Results = before+objects, before+total, a.tally.found
			a.tell(progress)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			a.missed(target.what, err, k)
			a.lost = a.lostBy(ctx, err)
		}
	}
	if k.learns() {
		a.around.settle(k)
	}
	a.kinds = append(a.kinds, report.Kind{Resource: progress.Resource, Objects: progress.Objects})
	return nil
}

// lostBy says whether an error means that nobody answers any more, so that the other kinds needn't be tried one by one.
func (a *auditor) lostBy(ctx context.Context, err error) error {
	if answered(err) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	if _, err := a.cluster.Version(ctx); err != nil && !answered(err) {
		return fmt.Errorf("the API server no longer answers: %w", err)
	}
	return nil
}

func (a *auditor) tell(p Progress) {
	if a.Progress != nil {
		a.Progress(p)
	}
}

// unread remembers what could not be read, in the API server's words.
func (a *auditor) unread(what string, err error, rules []policy.ID) {
	a.tally.miss(what, err, rules)
}

// missed remembers that objects of a kind could not be read.
func (a *auditor) missed(what string, err error, k *kind) {
	rules := k.rules
	if k.gathered {
		a.Posture.Unread(k.resource)
		if len(rules) == 0 {
			rules = a.Engine.Surveys()
		}
	}
	a.unread(what, err, rules)
}

// needing returns the rules that lean on a fact.
func (a *auditor) needing(fact func(policy.Needs) bool) []policy.ID {
	var ids []policy.ID
	for i := range a.Rules {
		if fact(a.Rules[i].Needs) || fact(a.Rules[i].Wants) {
			ids = append(ids, a.Rules[i].ID)
		}
	}
	return ids
}

// finish puts together what was found.
func (a *auditor) finish() *report.Report {
	ended := a.Now()
	c := report.Cluster{
		Name: report.Clean(a.Name), Version: report.Clean(a.around.cluster.ServerVersion), Started: a.started.UTC(),
		Seconds: ended.Sub(a.started).Seconds(), Kinds: a.kinds, Unread: a.tally.unread(), Skipped: a.tally.skips(a.Engine.RequestsOnly()),
	}
	if c.Kinds == nil {
		c.Kinds = []report.Kind{}
	}
	return &report.Report{Profile: a.Profile, Clusters: []report.Cluster{c}, Results: a.tally.results}
}
