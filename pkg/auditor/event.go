// SPDX-License-Identifier: Apache-2.0

package auditor

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/event"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/openreports"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// maxEvents bounds the Events of one audit. Everything is in the reports.
const maxEvents = 100

// tell writes an Event for each finding that is new, on an object of the provider's, and more than recorded.
func (l *loop) tell(ctx context.Context, found []openreports.Object, known *openreports.Known) {
	if !l.Events {
		return
	}
	managed := managed{store: l.store, profile: l.profile, namespaces: map[string]bool{}}
	told := 0
	for id, r := range openreports.Findings(found) {
		if _, old := known.At(id); old || !worthAnEvent(r) {
			continue
		}
		yes, err := managed.holds(ctx, r.Resources[0])
		if err != nil {
			l.Logger.Error(err, "ask whose an object is", "kind", r.Resources[0].Kind, "namespace", r.Resources[0].Namespace, "name", r.Resources[0].Name)
			continue
		}
		if !yes {
			continue
		}
		if told++; told > maxEvents {
			l.Logger.Info("further new findings are in the reports only", "events", maxEvents)
			return
		}
		if err := l.event(ctx, id, r); err != nil {
			l.Logger.Error(err, "write event", "rule", r.Policy)
		}
	}
}

// worthAnEvent says whether people are to be told: what is exempt, documented or only recorded is in the reports.
func worthAnEvent(r openreports.Result) bool {
	mode := policy.Mode(r.Properties["mode"])
	return len(r.Resources) > 0 && r.Properties["exemption"] == "" && mode.AtLeast(policy.Warn)
}

// reasons are the consequences as Events name them.
var reasons = map[string]string{
	string(provider.Unsupported): "Unsupported", string(provider.Reverted): "Reverted", string(provider.Undiagnosed): "Undiagnosed",
	string(provider.Advice): "Advice",
}

// event writes an Event, unless there is one about the same finding.
func (l *loop) event(ctx context.Context, id string, r openreports.Result) error {
	reason := reasons[r.Category]
	if reason == "" {
		reason = "Finding"
	}
	w := event.Writer{Client: l.client, Controller: "demarc.dev/auditor", Action: "Audit", Instance: l.Identity, FieldManager: fieldManager}
	err := w.Write(ctx, event.Event{Type: corev1.EventTypeWarning, Reason: reason, Note: note(r), About: r.Resources[0], Key: id})
	if gone(err, r.Resources[0].Namespace) {
		return nil
	}
	return err
}

// note is the finding on one line.
func note(r openreports.Result) string {
	words := r.Policy + ": "
	if path := r.Properties["path"]; path != "" {
		words += path + ": "
	}
	words += r.Message
	if fix := r.Properties["fix"]; fix != "" {
		words += "; " + fix
	}
	return words + " [" + r.Properties["clause"] + "]"
}

// managed says which objects are the provider's.
type managed struct {
	store      store
	profile    *provider.Profile
	namespaces map[string]bool
}

// holds says whether an object is in one of the provider's namespaces or, cluster-scoped, carries the provider's mark. What
// is known by its name only may be the customer's.
func (m managed) holds(ctx context.Context, about corev1.ObjectReference) (bool, error) {
	if about.Namespace == "" {
		return m.marked(ctx, about)
	}
	if yes, known := m.namespaces[about.Namespace]; known {
		return yes, nil
	}
	labels, err := m.store.labels(ctx, namespacesV1, about.Namespace)
	if err != nil && !apierrors.IsNotFound(err) {
		return false, err
	}
	_, yes := m.profile.ManagesNamespace(labels)
	m.namespaces[about.Namespace] = yes
	return yes, nil
}

var namespacesV1 = schema.GroupVersionResource{Version: "v1", Resource: object.Namespaces.Plural}

func (m managed) marked(ctx context.Context, about corev1.ObjectReference) (bool, error) {
	gv, err := schema.ParseGroupVersion(about.APIVersion)
	if err != nil {
		return false, err
	}
	resource, ok := object.ByKind(schema.GroupKind{Group: gv.Group, Kind: about.Kind})
	if !ok {
		return false, nil
	}
	labels, err := m.store.labels(ctx, gv.WithResource(resource.Plural), about.Name)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if resource == object.Namespaces {
		_, yes := m.profile.ManagesNamespace(labels)
		return yes, nil
	}
	_, yes := m.profile.Marked(labels)
	return yes, nil
}
