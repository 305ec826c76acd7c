// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Class names what is wrong with a configuration. The names are stable: metrics, reports and baselines carry them.
type Class string

// The classes, the gravest first: Judge returns them in this order for each hook.
const (
	ProviderGuardChanged          Class = "provider-guard-changed"
	OwnRegistrationChanged        Class = "own-registration-changed"
	FailsClosedOnItself           Class = "fails-closed-on-itself"
	FailClosedOnManagedNamespaces Class = "fail-closed-on-managed-namespaces"
	BlocksAzAKSStop               Class = "blocks-az-aks-stop"
	ExternalURL                   Class = "external-url"
	BackendMissing                Class = "backend-missing"
	CABundle                      Class = "ca-bundle"
	RewrittenByEnforcer           Class = "rewritten-by-enforcer"
	NeedlessOptOut                Class = "needless-opt-out"
	SlowOnHotResources            Class = "slow-on-hot-resources"
)

// Classes returns all of them, the gravest first.
func Classes() []Class {
	return []Class{ProviderGuardChanged, OwnRegistrationChanged, FailsClosedOnItself, FailClosedOnManagedNamespaces, BlocksAzAKSStop,
		ExternalURL, BackendMissing, CABundle, RewrittenByEnforcer, NeedlessOptOut, SlowOnHotResources}
}

// Verdict is one thing that is wrong with a configuration.
type Verdict struct {
	Class         Class
	Configuration Ref
	// Hook is the webhook's name, Index its place in the configuration; empty and -1 where the whole configuration is meant.
	// Others are the names of further webhooks of the configuration of which the same is true: they get no verdict of
	// their own.
	Hook   string
	Index  int
	Others []string
	// Path is the field inside the configuration; nil where the configuration itself is missing.
	Path *field.Path
	// Message says what must hold, and Fix what to do, as in policy.Finding.
	Message, Fix string
	// YAML is what to commit, in the form of a patch of the configuration: the fields to set, webhooks found by their name.
	// Empty where no text of it would help.
	YAML string
	// Doubt says why this may be wrong.
	Doubt string
	// AtMost is the strongest mode that this may take; empty for no bound.
	AtMost policy.Mode
}

// World is what is known beside the configurations. The zero value is that nothing is: files in a pipeline.
type World struct {
	// Namespaces of the cluster; nil: those that the provider is known to make, KnownNamespaces.
	Namespaces []Namespace
	// Services of the cluster by namespace and name; nil if they aren't known. With them configurations count as live: a
	// CA bundle that is empty in a file is filled in later.
	Services map[types.NamespacedName]Service
	// Present are all webhook configurations of the cluster, also those without a webhook; nil if there may be others.
	Present []Ref
	// Own are demarc's registrations as they should be; nil if that isn't known, so that each is judged by itself.
	Own []*Hook
	// Now is the time that certificates are held against; they are not if it is zero.
	Now time.Time
	// Elsewhere is true if the cluster is surely not the provider's: nothing rewrites configurations there.
	Elsewhere bool
}

// Service is what is known of a Service that webhooks are called through.
type Service struct {
	// Ports it serves.
	Ports []int32
	// Ready is how many endpoints are ready to be called; negative if that isn't known.
	Ready int
	// Pods are the labels of the pods behind it, one set for each pod; nil if they aren't known.
	Pods []map[string]string
}

// Judge says what is wrong with configurations, in the order of the hooks and then of the classes. What is the provider's
// own is judged for changes only, and so is demarc's.
func Judge(s *Server, p *provider.Profile, hooks []*Hook, w *World) []Verdict {
	if w == nil {
		w = &World{}
	}
	j := &judge{server: s, profile: p, world: w, namespaces: w.Namespaces}
	if j.namespaces == nil {
		j.namespaces = KnownNamespaces(p)
	}
	return j.all(hooks)
}
