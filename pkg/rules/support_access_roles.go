// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"bytes"
	"fmt"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

const (
	// systemPrefix begins the names that Kubernetes keeps for itself; others use it too.
	systemPrefix = "system:"
	// bootstrappingLabel is on every role and binding that the API server makes when it starts.
	bootstrappingLabel = "kubernetes.io/bootstrapping"
	rbacDefaults       = "rbac-defaults"
)

// keptRoleClaim is a role or binding that is not the customer's to change, and for whom it is kept.
type keptRoleClaim struct {
	who         string
	doubt       string
	atMost      policy.Mode
	changeFix   string
	deletionFix string
}

// keptRole judges a role or binding by its name and by what it was before. What carries one of AKS's marks is a component:
// managed-component judges it.
func keptRole(in policy.Input) (keptRoleClaim, bool) {
	if o, ok := in.Provider.SupportObjectNamed(in.Resource.Kind, in.Name); ok {
		claim := keptRoleClaim{
			who:         "Microsoft's support works",
			changeFix:   "leave it, and grant rights of your own by another role or binding",
			deletionFix: "leave it: support gets in only with your consent, on an open ticket",
		}
		switch {
		case o.Superseded:
			claim.doubt = "only a superseded edition of the policy names it"
		case maybeAddon(in):
			claim.doubt = doubtAddon
		}
		return claim, true
	}
	if in.Operation == policy.Create || !strings.HasPrefix(in.Name, systemPrefix) {
		return keptRoleClaim{}, false
	}
	labels := in.Old.Meta.Labels
	if _, marked := in.Provider.Marked(labels); marked || in.Provider.Editable(labels) || labels[bootstrappingLabel] != rbacDefaults {
		return keptRoleClaim{}, false
	}
	return keptRoleClaim{
		who:         "Kubernetes itself works",
		atMost:      policy.Warn,
		changeFix:   "leave it, and grant more by a role and a binding of your own",
		deletionFix: "leave it: the API server makes it again when it starts",
	}, true
}

func (c keptRoleClaim) finding(in policy.Input, path *field.Path, must string) policy.Finding {
	return policy.Finding{Path: path, Doubt: c.doubt, AtMost: c.atMost,
		Message: fmt.Sprintf("%s: %s through this %s", must, c.who, in.Resource.Kind)}
}

// maxRoleChanges bounds the fields that are told one by one.
const maxRoleChanges = 64

func (c keptRoleClaim) changes(in policy.Input) []policy.Finding {
	if in.Object == nil || bytes.Equal(in.Old.Raw(), in.Object.Raw()) {
		return nil
	}
	// A malformed body is the engine's to report.
	paths, _ := object.Changes(in.Old, in.Object, maxRoleChanges)
	var findings []policy.Finding
	for _, path := range paths {
		key, own := ownMetadata(in.Provider, path.String())
		if own && key != bootstrappingLabel && key != rbacv1.AutoUpdateAnnotationKey {
			continue
		}
		if root := path.Root(); root.String() != "metadata" {
			path = root // whose subjects or rules, and not which of their fields
		}
		if last := len(findings) - 1; last >= 0 && findings[last].Path.String() == path.String() {
			continue
		}
		f := c.finding(in, path, "must stay as it is")
		f.Fix = c.changeFix
		if key == rbacv1.AutoUpdateAnnotationKey {
			f.Fix = "leave updates on: what upgrades add to the role is missing otherwise"
		}
		findings = append(findings, f)
	}
	if len(paths) == maxRoleChanges {
		// What comes after the last one isn't known, and must not slip through behind labels that are allowed.
		f := c.finding(in, nil, "must not change in so many fields at once")
		f.Fix = c.changeFix
		findings = append(findings, f)
	}
	return findings
}
