// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"bytes"
	"fmt"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// maxComponentChanges bounds the fields that are told one by one.
const maxComponentChanges = 32

// finding makes a finding out of what the provider does with objects of this kind, "manages" or "sizes".
func (c componentClaim) finding(in policy.Input, path *field.Path, must, does string) policy.Finding {
	why := fmt.Sprintf("%s: AKS %s this %s", must, does, in.Resource.Kind)
	if c.hedged {
		why = fmt.Sprintf("%s if AKS %s this %s", must, does, in.Resource.Kind)
	}
	return policy.Finding{Path: path, Message: why, Doubt: c.doubt}
}

func (c componentClaim) deletion(in policy.Input) policy.Finding {
	f := c.finding(in, nil, "must not be deleted", "manages")
	f.Fix = "turn off the add-on or feature that it belongs to with az aks: AKS makes it again otherwise"
	if restartableKinds[in.Resource.Kind] {
		f.Fix = fmt.Sprintf("restart it with kubectl rollout restart -n %s %s/%s, or turn its add-on off with az aks",
			in.NamespaceName, strings.ToLower(in.Resource.Kind), in.Name)
	}
	return f
}

var restartableKinds = map[string]bool{"Deployment": true, "DaemonSet": true, "StatefulSet": true}

func (c componentClaim) scaling(in policy.Input) []policy.Finding {
	before, ok := object.As[*autoscalingv1.Scale](in.Old)
	after, ok2 := object.As[*autoscalingv1.Scale](in.Object)
	if !ok || !ok2 || before.Spec.Replicas == after.Spec.Replicas {
		return nil
	}
	f := c.finding(in, field.NewPath("spec", "replicas"), fmt.Sprintf("must stay %d", before.Spec.Replicas), "sizes")
	f.Fix = fixOfChange(in, "spec.replicas")
	return []policy.Finding{f}
}

// changes tells every field that the update changes. A malformed body is the engine's to report.
func (c componentClaim) changes(in policy.Input) []policy.Finding {
	if in.Old == nil || in.Object == nil || bytes.Equal(in.Old.Raw(), in.Object.Raw()) {
		return nil
	}
	paths, _ := object.Changes(in.Old, in.Object, maxComponentChanges)
	var findings []policy.Finding
	for _, path := range paths {
		if f, ok := c.change(in, path); ok {
			findings = append(findings, f)
		}
	}
	if len(paths) == maxComponentChanges {
		// What comes after the last one isn't known, and must not slip through behind fields that are allowed.
		findings = append(findings, c.finding(in, nil, "must not change in so many fields at once", "manages"))
	}
	return findings
}

func (c componentClaim) change(in policy.Input, path *field.Path) (policy.Finding, bool) {
	spelt := path.String()
	key, own := ownMetadata(in.Provider, spelt)
	switch {
	case own && key == corev1.LastAppliedConfigAnnotation:
		// What kubectl notes down for itself. The fields that it really changed are told of their own accord.
		return policy.Finding{}, false
	case own:
		f := c.finding(in, path, "may be undone", "manages")
		f.Fix = "keep your own labels and annotations to your own objects"
		f.AtMost = policy.Warn
		return f, true
	}
	f := c.finding(in, path, "must stay as it is", "manages")
	f.Fix = fixOfChange(in, spelt)
	return f, true
}

// ownMetadata returns the key of a label or annotation that is not the provider's. The policy forbids changing metadata
// that the system made, and nothing tells who made these.
func ownMetadata(p *provider.Profile, path string) (string, bool) {
	key, ok := strings.CutPrefix(path, "metadata.labels[")
	if !ok {
		key, ok = strings.CutPrefix(path, "metadata.annotations[")
	}
	key = strings.TrimSuffix(key, "]")
	return key, ok && !p.OwnsKey(key) && !isMark(p, key)
}
