// SPDX-License-Identifier: Apache-2.0

package auditor

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/openreports"
	"github.com/demarc-dev/demarc/pkg/report"
)

// publish brings the reports in the cluster up to date, writes what has changed and nothing else, and tells of new findings
// by Events. Everything that can be done is done, whatever else fails.
func (l *loop) publish(ctx context.Context, r *report.Report) error {
	apis, err := l.store.served()
	if err != nil {
		return err
	}
	if len(apis) == 0 {
		l.withoutReports(ctx, r)
		return nil
	}
	l.reported = true
	live, known, err := l.readAll(ctx, apis)
	if err != nil {
		return err
	}
	owners, err := l.store.owner(ctx, l.Owner)
	errs := []error{err}
	want := openreports.Objects(r, openreports.Options{API: apis[0], Known: known, Owners: owners})
	errs = append(errs, l.write(ctx, apis[0], live[0], want)...)
	for i, other := range apis[1:] { // of a time when the preferred one was not installed
		errs = append(errs, l.write(ctx, other, live[i+1], nil)...)
	}
	if ctx.Err() == nil {
		l.tell(ctx, want, known)
	}
	return errors.Join(errs...)
}

// withoutReports remembers findings in memory only. The first audit of a process then knows nothing of those before, and
// tells of nothing: otherwise every restart would.
func (l *loop) withoutReports(ctx context.Context, r *report.Report) {
	if l.reported {
		l.Logger.Info("no reports are kept: neither openreports.io/v1alpha1 nor wgpolicyk8s.io/v1alpha2 is installed")
	}
	l.reported = false
	found := openreports.Objects(r, openreports.Options{Known: l.last})
	if l.last != nil {
		l.tell(ctx, found, l.last)
	}
	l.last = &openreports.Known{}
	for _, o := range found {
		l.last.Add(o)
	}
}

// readAll reads our reports in every API. What was found before is what the first of them that has any says, or what is
// remembered.
func (l *loop) readAll(ctx context.Context, apis []openreports.API) ([]map[string]existing, *openreports.Known, error) {
	var all []map[string]existing
	known := l.last
	for i := range slices.Backward(apis) {
		live, here, err := l.read(ctx, apis[i])
		if err != nil {
			return nil, nil, err
		}
		if len(live) > 0 {
			known = here
		}
		all = slices.Insert(all, 0, live)
	}
	return all, known, nil
}

// existing is a report of ours in the cluster.
type existing struct {
	object openreports.Object // without its results
	digest [sha256.Size]byte
}

// read reads our reports. Of their results only a digest and the times of the findings are kept: all together may be large.
func (l *loop) read(ctx context.Context, api openreports.API) (map[string]existing, *openreports.Known, error) {
	live, known := map[string]existing{}, &openreports.Known{}
	err := l.store.each(ctx, api, func(o openreports.Object) {
		if !slices.Contains(openreports.Names(o.Metadata.Namespace == ""), o.Metadata.Name) {
			return // it bears our label, and none of our names: somebody else's
		}
		known.Add(o)
		e := existing{o, digest(o)}
		e.object.Results = nil
		live[nameOf(o)] = e
	})
	return live, known, err
}

func (l *loop) write(ctx context.Context, api openreports.API, live map[string]existing, want []openreports.Object) []error {
	var errs []error
	for _, o := range want {
		was, there := live[nameOf(o)]
		delete(live, nameOf(o))
		if there && was.digest == digest(o) {
			continue
		}
		errs = append(errs, l.store.apply(ctx, api, o, there))
	}
	for _, name := range slices.Sorted(maps.Keys(live)) {
		errs = append(errs, l.store.remove(ctx, api, live[name].object))
	}
	return errs
}

// digest is of what demarc writes into an object: labels, annotations and owners of others don't count.
func digest(o openreports.Object) [sha256.Size]byte {
	m := o.Metadata
	o.APIVersion, o.Kind = "", "" // the items of a list don't say
	o.Metadata = openreports.Metadata{Name: m.Name, Namespace: m.Namespace, Annotations: map[string]string{},
		Labels: map[string]string{openreports.ManagedByLabel: m.Labels[openreports.ManagedByLabel]}}
	for key, value := range m.Annotations {
		if strings.HasPrefix(key, "demarc.dev/") {
			o.Metadata.Annotations[key] = value
		}
	}
	for _, owner := range m.Owners {
		if owner.Kind == "ClusterRole" {
			o.Metadata.Owners = append(o.Metadata.Owners, metav1.OwnerReference{Name: owner.Name, UID: owner.UID})
		}
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(raw)
}
