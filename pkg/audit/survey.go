// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/alphaapis"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// state is what posture rules are asked about, once all objects were read. Its error is the context's.
func (a *auditor) state(ctx context.Context) (policy.State, error) {
	a.metrics(ctx)
	use := a.alphaUse(ctx)
	if ctx.Err() != nil {
		return policy.State{}, ctx.Err()
	}
	state := a.Posture.State()
	state.Now, state.Provider, state.Cluster = a.started, a.Profile, a.around.cluster
	state.AlphaUse = use
	return state, nil
}

// survey asks the posture rules. Its error is the context's.
func (a *auditor) survey(ctx context.Context) error {
	state, err := a.state(ctx)
	if err != nil {
		return err
	}
	for _, s := range a.Engine.Survey(state, a.namespace) {
		if len(s.Decision.Verdicts)+len(s.Decision.Faults) == 0 {
			continue
		}
		a.tally.found++
		a.tally.keep(report.NewLiveResult(a.liveSubject(s.Subject), s.Decision))
	}
	return nil
}

func (a *auditor) namespace(name string) *corev1.Namespace { return a.around.namespaces[name] }

func (a *auditor) liveSubject(s policy.Subject) report.Live {
	place := report.Live{Cluster: report.Clean(a.Name), Namespace: report.Clean(s.Namespace), Name: report.Clean(s.Name)}
	if s.Name == "" {
		return place
	}
	place.APIVersion, place.Kind = s.Resource.GVK().GroupVersion().String(), s.Resource.Kind
	if s.Meta != nil {
		place.UID = report.Clean(string(s.Meta.UID))
	}
	return place
}

// surveyMiss remembers what posture rules do without.
func (a *auditor) surveyMiss(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		a.unread(what, err, a.Engine.Surveys())
	}
}

// alphaUse counts the objects of each alpha API of Kubernetes that the server serves: one is asked for, and how many
// remain.
func (a *auditor) alphaUse(ctx context.Context) []policy.AlphaState {
	list := []policy.AlphaState{}
	for _, known := range alphaapis.All() {
		r := object.Resource{Group: known.Group, Plural: known.Plural, Kind: known.Kind}
		versions, err := a.served.versions(ctx, r)
		if err != nil {
			a.surveyMiss(ctx, r.GroupResource().String(), err)
		}
		for _, v := range versions {
			if alphaapis.MaturityOf(v) != alphaapis.Alpha {
				continue
			}
			gvr := schema.GroupVersionResource{Group: r.Group, Version: v, Resource: r.Plural}
			n, err := a.pager.count(ctx, "/apis/"+gvr.Group+"/"+gvr.Version+"/"+gvr.Resource)
			if err != nil {
				a.surveyMiss(ctx, fmt.Sprintf("%s in %s", r.GroupResource(), v), err)
				n = -1
			}
			list = append(list, policy.AlphaState{GVR: gvr, Objects: n})
		}
	}
	return list
}

// count returns how many objects a list holds, by asking for one.
func (p *pager) count(ctx context.Context, path string) (int, error) {
	body, err := p.client.Get().AbsPath(path).Param("limit", "1").SetHeader("Accept", metadataForm).Stream(ctx)
	if err != nil {
		return 0, err
	}
	defer body.Close() //nolint:errcheck // it was read, or is given up
	n := 0
	meta, err := p.split.list(body, func(listMeta) {}, func([]byte) error { n++; return nil })
	return n + meta.Remaining, err
}

// metrics hands over what the API server and, if that was asked for, a kubelet of each pool say of feature gates.
func (a *auditor) metrics(ctx context.Context) {
	if err := a.pager.features(ctx, "/metrics", policy.Subject{}, a.Posture); err != nil {
		a.surveyMiss(ctx, "the API server's metrics", err)
	}
	if !a.NodeMetrics {
		return
	}
	for _, pool := range slices.Sorted(maps.Keys(a.around.samples)) {
		node := a.around.samples[pool]
		if err := a.pager.features(ctx, "/api/v1/nodes/"+url.PathEscape(node.Name)+"/proxy/metrics", node, a.Posture); err != nil {
			a.surveyMiss(ctx, "the metrics of node "+node.Name, err)
		}
	}
}
