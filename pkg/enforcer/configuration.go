// SPDX-License-Identifier: Apache-2.0

package enforcer

import (
	"encoding/json"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
)

// The two kinds.
const (
	validating = "ValidatingWebhookConfiguration"
	mutating   = "MutatingWebhookConfiguration"
)

// key names a configuration.
type key struct{ kind, name string }

// configuration is what matters of one, whichever of the two kinds it is.
type configuration struct {
	key
	meta  *metav1.ObjectMeta
	hooks []hook
}

// hook is one of its webhooks.
type hook struct {
	Name     string                `json:"name"`
	Selector *metav1.LabelSelector `json:"namespaceSelector"`
}

// read makes one of an object of either kind; nil for any other.
func read(o any) *configuration {
	switch c := o.(type) {
	case *admissionregistrationv1.ValidatingWebhookConfiguration:
		r := &configuration{key: key{validating, c.Name}, meta: &c.ObjectMeta}
		for i := range c.Webhooks {
			r.hooks = append(r.hooks, hook{c.Webhooks[i].Name, c.Webhooks[i].NamespaceSelector})
		}
		return r
	case *admissionregistrationv1.MutatingWebhookConfiguration:
		r := &configuration{key: key{mutating, c.Name}, meta: &c.ObjectMeta}
		for i := range c.Webhooks {
			r.hooks = append(r.hooks, hook{c.Webhooks[i].Name, c.Webhooks[i].NamespaceSelector})
		}
		return r
	}
	return nil
}

// slim keeps of an object what read looks at, so that a cache holds no CA bundles.
func slim(o any) (any, error) {
	switch c := o.(type) {
	case *admissionregistrationv1.ValidatingWebhookConfiguration:
		for i := range c.Webhooks {
			w := &c.Webhooks[i]
			*w = admissionregistrationv1.ValidatingWebhook{Name: w.Name, NamespaceSelector: w.NamespaceSelector}
		}
	case *admissionregistrationv1.MutatingWebhookConfiguration:
		for i := range c.Webhooks {
			w := &c.Webhooks[i]
			*w = admissionregistrationv1.MutatingWebhook{Name: w.Name, NamespaceSelector: w.NamespaceSelector}
		}
	}
	return o, nil
}

// untouchable says why a configuration is none of the enforcer's business; empty if it is.
func (c *configuration) untouchable(p *provider.Profile, exempt []string) string {
	_, component := p.KnownComponent("", admissionregistrationv1.GroupName, c.kind, c.name)
	switch {
	case c.meta.DeletionTimestamp != nil:
		return "it is being deleted"
	case c.kind == validating && (c.name == registration.Customers || c.name == registration.Managed):
		return "it is demarc's own"
	case component || slices.ContainsFunc(p.Marks.OwnWebhooks, func(l provider.Label) bool { return l.Matches(c.meta.Labels) }):
		return "it is the provider's own"
	case admissionconfig.OptedOut(p, c.meta.Labels, c.meta.Annotations):
		return "it opts out"
	case provider.MatchAny(exempt, c.name):
		return "it is exempt"
	}
	return ""
}

// plan is what has to be done about a configuration.
type plan struct {
	// missing are the webhooks whose selectors lack terms.
	missing []string
	// release says that a share in a selector can be given up, since somebody else holds it too.
	release bool
	// apply is the whole of what the enforcer then holds.
	apply []hook
}

// plan says what has to be done. What the enforcer holds alone stays in every apply: server-side apply takes away
// what is no longer named, and a selector is taken away as a whole.
func (c *configuration) plan(profile *provider.Profile) plan {
	var p plan
	for _, h := range c.hooks {
		complete, lacking := admissionconfig.Completed(profile, h.Selector)
		ours, others := holders(c.meta, h.Name)
		switch {
		case lacking:
			p.missing = append(p.missing, h.Name)
			p.apply = append(p.apply, hook{h.Name, complete})
		case ours && len(others) > 0:
			p.release = true
		case ours:
			p.apply = append(p.apply, h)
		}
	}
	return p
}

// patch is the apply. It holds for the very object that was read: selectors are atomic, so a stale one would undo
// somebody's change, and an object that is gone must not be made anew.
func (c *configuration) patch(apply []hook) ([]byte, error) {
	type meta struct {
		Name            string `json:"name"`
		UID             string `json:"uid"`
		ResourceVersion string `json:"resourceVersion"`
	}
	return json.Marshal(struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   meta   `json:"metadata"`
		Webhooks   []hook `json:"webhooks,omitempty"`
	}{admissionregistrationv1.SchemeGroupVersion.String(), c.kind, meta{c.name, string(c.meta.UID), c.meta.ResourceVersion}, apply})
}
