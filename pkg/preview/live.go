// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// Report reads a report of an audit, as `demarc audit -o json` writes it: what would become of its objects, if each were
// made anew.
func (p *Preview) Report(r io.Reader) error {
	var read report.Report
	if err := json.NewDecoder(r).Decode(&read); err != nil {
		return fmt.Errorf("read report: %w", err)
	}
	if read.Results == nil {
		return errors.New("read report: there are no results: it must be what demarc audit -o json writes")
	}
	s := p.source(&p.live, LiveObjects)
	for _, k := range read.Clusters {
		s.Span.add(k.Started)
		for _, kind := range k.Kinds {
			s.Records += int64(kind.Objects)
		}
	}
	for i := range read.Results {
		p.object(s, &read.Results[i], len(read.Clusters) > 1)
	}
	return nil
}

// object judges one result. In a report of several clusters namespaces go by the cluster's name too.
func (p *Preview) object(s *source, r *report.Result, fleet bool) {
	if r.Live == nil {
		return
	}
	l := r.Live
	q := &Request{Kind: l.Kind, Namespace: l.Namespace, Name: l.Name, times: int64(1 + max(l.Same, 0))}
	gv, _ := schema.ParseGroupVersion(l.APIVersion)
	resource, ok := object.ByKind(gv.WithKind(l.Kind).GroupKind())
	if !ok {
		resource = object.Resource{Group: gv.Group, Kind: l.Kind, Namespaced: l.Namespace != ""}
	}
	in := p.input(resource, q)
	if fleet {
		q.Namespace = l.Cluster + ":" + l.Namespace
	}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		recorded := engine.Recorded{Rule: v.Rule, Bound: cmp.Or(v.Bound, policy.Deny), Exemption: v.Exemption}
		if w, ok := p.again(recorded, in); ok {
			w.Path, w.Message = v.Path, v.Message
			w.explain(v.Doubt, v.Existing, v.Customisation)
			q.Verdicts = append(q.Verdicts, w)
		}
	}
	for _, k := range r.Skipped {
		if p.admission[k.Rule] != nil && p.asked(k.Rule) {
			for _, need := range k.Needs {
				s.skipped[skipKey{k.Rule, need}]++
			}
		}
	}
	p.count(s, q)
}
