// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// mark looks for the exempting mark on the namespace and on the object. One that was there before wins over one that
// this request sets, which somebody must be asked about.
func (e *Engine) mark(in policy.Input) *Mark {
	label := e.profile.Marks.Exempts
	if in.Marks.OnNamespace && in.Namespace != nil {
		if path := policy.MarkPath(label, in.Namespace.Labels, in.Namespace.Annotations); path != nil {
			return &Mark{Place: v1alpha1.OnNamespace, Path: path}
		}
	}
	place, honoured := v1alpha1.OnObject, in.Marks.OnObject
	if in.Resource == object.Namespaces {
		place, honoured = v1alpha1.OnNamespace, in.Marks.OnNamespace
	}
	if !honoured || meantForEnforcer(in.Resource) {
		return nil
	}
	if in.Parent != nil {
		if path := policy.MarkPath(label, in.Parent.Meta.Labels, in.Parent.Meta.Annotations); path != nil {
			return &Mark{Place: place, Path: path}
		}
	}
	if in.Old != nil {
		if path := policy.MarkPath(label, in.Old.Meta.Labels, in.Old.Meta.Annotations); path != nil {
			return &Mark{Place: place, Path: path}
		}
	}
	if in.Object != nil {
		if path := policy.MarkPath(label, in.Object.Meta.Labels, in.Object.Meta.Annotations); path != nil {
			return &Mark{Place: place, Path: path, Added: in.Operation != policy.AtRest}
		}
	}
	return nil
}

// meantForEnforcer says whether the mark on such an object is what the provider made it for: on a webhook configuration it
// keeps the enforcer away, and is itself judged.
func meantForEnforcer(r object.Resource) bool {
	return r == object.ValidatingWebhookConfigurations || r == object.MutatingWebhookConfigurations
}
