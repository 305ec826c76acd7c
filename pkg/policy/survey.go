// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Survey finds what is wrong with a cluster as it stands, for rules about what no request shows: a posture rule. Like a
// Check it is pure: the time is part of the state.
type Survey func(State) []Sighting

// Sighting is a finding and the object that it was found on.
type Sighting struct {
	Object Subject
	Finding
}

// Subject names one object of a cluster. Without a name it is the cluster itself.
type Subject struct {
	Resource        object.Resource
	Namespace, Name string
	// Meta is the object's metadata where it was read, for exemptions by label; nil if unknown.
	Meta *metav1.ObjectMeta
}

// State is a cluster as an audit found it, reduced to what posture rules ask. A nil list was not read; an empty one
// was, and there was nothing.
type State struct {
	Now      time.Time
	Provider *provider.Profile
	Cluster  ClusterFacts
	// Nodes are all of them, each reduced to what is asked of it.
	Nodes []NodeState
	// StuckPods are those in the phase Unknown, on a node that is lost, or whose deletion does not come to its end.
	StuckPods []PodState
	// Budgets are the PodDisruptionBudgets that allow no disruption.
	Budgets []BudgetState
	// Features are the feature gates that are on, by who said so.
	Features []FeatureState
	// Events are those that tell of credentials.
	Events []EventState
	// AlphaUse are alpha APIs that the server serves, and how many objects it holds of each.
	AlphaUse []AlphaState
	// Admission is what the cluster's admission configurations say; nil if they were not read.
	Admission *AdmissionState
}

// NodeState is what posture rules ask of a Node.
type NodeState struct {
	Subject
	Info              NodeInfo
	Ready             ConditionState
	Unschedulable     bool
	ProviderID        string
	Created           time.Time
	DeletionTimestamp *time.Time
}

// NodeInfo is a Node's own word on its system, as in status.nodeInfo.
type NodeInfo struct {
	KubeletVersion, OSImage, OperatingSystem, KernelVersion, ContainerRuntimeVersion string
}

// ConditionState is a condition of a Node: Status is True, False, Unknown, or empty where there is none.
type ConditionState struct {
	Status, Reason string
	Since          time.Time
}

// PodState is a Pod in trouble.
type PodState struct {
	Subject
	NodeName, Phase, Reason string
	DeletionTimestamp       *time.Time
	GracePeriod             time.Duration
	Finalizers              []string
}

// BudgetState is a PodDisruptionBudget that allows no disruption.
type BudgetState struct {
	Subject
	Expected, Healthy, Desired int32
}

// FeatureState is a feature gate as kubernetes_feature_enabled tells it.
type FeatureState struct {
	Name, Stage string // stage is ALPHA, BETA or empty for a stable one
	// Source is who said so: the API server (a Subject without a name), or a Node.
	Source Subject
}

// EventState is an Event.
type EventState struct {
	Subject              // what the Event is about
	Type, Reason, Source string
	Message              string
	Last                 time.Time
	Count                int32
}

// AlphaState is an alpha API that the server serves.
type AlphaState struct {
	GVR schema.GroupVersionResource
	// Objects is how many there are; negative if they could not be counted.
	Objects int
}
