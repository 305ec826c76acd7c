// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// The resources that no request is judged on, and that posture rules ask about.
var (
	events     = object.Resource{Version: "v1", Kind: "Event", Plural: "events", Namespaced: true}
	validating = object.ValidatingWebhookConfigurations
	mutating   = object.MutatingWebhookConfigurations
)

// Wants lists the resources whose live objects a Gatherer takes in.
func Wants() []object.Resource {
	return []object.Resource{object.Nodes, object.Pods, object.PodDisruptionBudgets, events, validating, mutating}
}

// Gatherer reduces live objects, one after the other, to what posture rules ask. What it keeps grows with the Nodes and
// with what is in trouble, not with Pods or Events. It is pure, and not safe for concurrent use.
type Gatherer struct {
	profile  *provider.Profile
	nodes    []policy.NodeState
	pods     []policy.PodState
	budgets  []policy.BudgetState
	features []policy.FeatureState
	events   []policy.EventState
	guards   *policy.AdmissionState
	unread   map[object.Resource]bool
	// words holds each text once: labels are alike on thousands of nodes.
	words map[string]string
}

// New returns a Gatherer that has seen nothing.
func New(profile *provider.Profile) *Gatherer {
	return &Gatherer{profile: profile, unread: map[object.Resource]bool{}, words: map[string]string{}}
}

// Add takes in one live object, and passes over kinds that it does not want. The error says why an object could not be read.
func (g *Gatherer) Add(o *object.Object) error {
	switch o.GVK.GroupKind() {
	case object.Nodes.GroupKind():
		return g.addNode(o)
	case object.Pods.GroupKind():
		return g.addPod(o)
	case object.PodDisruptionBudgets.GroupKind():
		return g.addBudget(o)
	case events.GroupKind():
		return g.addEvent(o)
	case validating.GroupKind():
		return g.addValidating(o)
	case mutating.GroupKind():
		return g.addMutating(o)
	}
	return nil
}

// Unread says that the objects of a resource were not read, or not all of them: no rule may take what is missing for
// absent.
func (g *Gatherer) Unread(r object.Resource) { g.unread[r] = true }

// State returns what was gathered, in an order that does not depend on that in which it came. The caller fills in the time,
// the facts about the cluster, and which alpha APIs are served.
func (g *Gatherer) State() policy.State {
	s := policy.State{Provider: g.profile, Features: sorted(g.features, byFeature), Admission: g.admission()}
	if !g.unread[object.Nodes] {
		s.Nodes = sorted(g.nodes, func(a, b policy.NodeState) int { return bySubject(a.Subject, b.Subject) })
	}
	if !g.unread[object.Pods] {
		s.StuckPods = sorted(g.pods, func(a, b policy.PodState) int { return bySubject(a.Subject, b.Subject) })
	}
	if !g.unread[object.PodDisruptionBudgets] {
		s.Budgets = sorted(g.budgets, func(a, b policy.BudgetState) int { return bySubject(a.Subject, b.Subject) })
	}
	if !g.unread[events] {
		s.Events = sorted(g.events, func(a, b policy.EventState) int {
			return cmp.Or(a.Last.Compare(b.Last), bySubject(a.Subject, b.Subject), strings.Compare(a.Message, b.Message),
				strings.Compare(a.Source, b.Source), cmp.Compare(a.Count, b.Count))
		})
	}
	return s
}

// sorted returns a list of its own, never nil: what was read is told from what was not.
func sorted[T any](list []T, compare func(a, b T) int) []T {
	own := append(make([]T, 0, len(list)), list...)
	slices.SortStableFunc(own, compare)
	return own
}

func bySubject(a, b policy.Subject) int {
	return cmp.Or(strings.Compare(a.Resource.Group, b.Resource.Group), strings.Compare(a.Resource.Kind, b.Resource.Kind),
		strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}

func byFeature(a, b policy.FeatureState) int {
	return cmp.Or(bySubject(a.Source, b.Source), strings.Compare(a.Name, b.Name), strings.Compare(a.Stage, b.Stage))
}

// subject names an object, with as much of its metadata as exemptions and rules ask for.
func (g *Gatherer) subject(r object.Resource, o *object.Object) policy.Subject {
	m := &metav1.ObjectMeta{Name: o.Meta.Name, Namespace: o.Meta.Namespace, UID: o.Meta.UID,
		Labels: g.texts(o.Meta.Labels), CreationTimestamp: o.Meta.CreationTimestamp}
	for key, value := range o.Meta.Annotations {
		if g.asked(key) {
			if m.Annotations == nil {
				m.Annotations = map[string]string{}
			}
			m.Annotations[g.text(key)] = g.text(value)
		}
	}
	return policy.Subject{Resource: r, Namespace: o.Meta.Namespace, Name: o.Meta.Name, Meta: m}
}

// asked says whether somebody reads an annotation: the exempting mark, and those that tell of patches.
func (g *Gatherer) asked(key string) bool {
	return key == g.profile.Marks.Exempts.Key ||
		slices.ContainsFunc(g.profile.NodeImages.Patched, func(m provider.PatchMark) bool { return m.Key == key })
}

func (g *Gatherer) texts(from map[string]string) map[string]string {
	if len(from) == 0 {
		return nil
	}
	own := make(map[string]string, len(from))
	for key, value := range from {
		own[g.text(key)] = g.text(value)
	}
	return own
}

func (g *Gatherer) text(s string) string {
	own, ok := g.words[s]
	if !ok {
		own = s
		g.words[own] = own
	}
	return own
}

// read decodes the part of an object that T names and passes over the rest, as the API server's own decoder would.
func read[T any](o *object.Object) (T, error) {
	var part T
	if err := json.Unmarshal(o.Raw(), &part, jsontext.AllowDuplicateNames(true)); err != nil {
		return part, fmt.Errorf("decode %s %s: %w", o.GVK.Kind, o.Meta.Name, err)
	}
	return part, nil
}
