// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// node is what is read of a Node; its list of images alone is longer than the rest.
type node struct {
	Spec struct {
		ProviderID    string `json:"providerID"`
		Unschedulable bool   `json:"unschedulable"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type               string      `json:"type"`
			Status             string      `json:"status"`
			Reason             string      `json:"reason"`
			LastTransitionTime metav1.Time `json:"lastTransitionTime"`
		} `json:"conditions"`
		NodeInfo struct {
			KubeletVersion          string `json:"kubeletVersion"`
			OSImage                 string `json:"osImage"`
			OperatingSystem         string `json:"operatingSystem"`
			KernelVersion           string `json:"kernelVersion"`
			ContainerRuntimeVersion string `json:"containerRuntimeVersion"`
		} `json:"nodeInfo"`
	} `json:"status"`
}

func (g *Gatherer) addNode(o *object.Object) error {
	n, err := read[node](o)
	if err != nil {
		return err
	}
	info := n.Status.NodeInfo
	state := policy.NodeState{
		Subject: g.subject(object.Nodes, o), Unschedulable: n.Spec.Unschedulable, ProviderID: n.Spec.ProviderID,
		Created: o.Meta.CreationTimestamp.Time, DeletionTimestamp: timeOf(o.Meta.DeletionTimestamp),
		Info: policy.NodeInfo{KubeletVersion: g.text(info.KubeletVersion), OSImage: g.text(info.OSImage),
			OperatingSystem: g.text(info.OperatingSystem), KernelVersion: g.text(info.KernelVersion),
			ContainerRuntimeVersion: g.text(info.ContainerRuntimeVersion)},
	}
	for _, c := range n.Status.Conditions {
		if c.Type == "Ready" {
			state.Ready = policy.ConditionState{Status: g.text(c.Status), Reason: g.text(c.Reason), Since: c.LastTransitionTime.Time}
		}
	}
	g.nodes = append(g.nodes, state)
	return nil
}

func timeOf(t *metav1.Time) *time.Time {
	if t == nil {
		return nil
	}
	return &t.Time
}

// The words by which a Pod may be in trouble. A look for them spares the decoding of nearly all Pods; without their quotes
// they begin with a letter that is rare.
var (
	phaseUnknown = []byte("Unknown")
	nodeLost     = []byte("NodeLost")
)

// pod is what is read of a Pod that may be in trouble.
type pod struct {
	Spec struct {
		NodeName                      string `json:"nodeName"`
		TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds"`
	} `json:"spec"`
	Status struct {
		Phase  string `json:"phase"`
		Reason string `json:"reason"`
	} `json:"status"`
}

func (g *Gatherer) addPod(o *object.Object) error {
	raw := o.Raw()
	if o.Meta.DeletionTimestamp == nil && !bytes.Contains(raw, phaseUnknown) && !bytes.Contains(raw, nodeLost) {
		return nil
	}
	p, err := read[pod](o)
	if err != nil {
		return err
	}
	if o.Meta.DeletionTimestamp == nil && p.Status.Phase != "Unknown" && p.Status.Reason != "NodeLost" {
		return nil
	}
	state := policy.PodState{Subject: g.subject(object.Pods, o), NodeName: p.Spec.NodeName, Phase: p.Status.Phase,
		Reason: p.Status.Reason, DeletionTimestamp: timeOf(o.Meta.DeletionTimestamp), Finalizers: o.Meta.Finalizers}
	if grace := cmp.Or(o.Meta.DeletionGracePeriodSeconds, p.Spec.TerminationGracePeriodSeconds); grace != nil {
		state.GracePeriod = time.Duration(*grace) * time.Second
	}
	g.pods = append(g.pods, state)
	return nil
}

// budget is what is read of a PodDisruptionBudget.
type budget struct {
	Status struct {
		ObservedGeneration int64 `json:"observedGeneration"`
		DisruptionsAllowed int32 `json:"disruptionsAllowed"`
		CurrentHealthy     int32 `json:"currentHealthy"`
		DesiredHealthy     int32 `json:"desiredHealthy"`
		ExpectedPods       int32 `json:"expectedPods"`
	} `json:"status"`
}

// addBudget leaves out a budget of no Pods, and one whose status is about an earlier state of it.
func (g *Gatherer) addBudget(o *object.Object) error {
	b, err := read[budget](o)
	if err != nil {
		return err
	}
	s := b.Status
	if s.DisruptionsAllowed > 0 || s.ExpectedPods == 0 || s.ObservedGeneration < o.Meta.Generation {
		return nil
	}
	g.budgets = append(g.budgets, policy.BudgetState{Subject: g.subject(object.PodDisruptionBudgets, o),
		Expected: s.ExpectedPods, Healthy: s.CurrentHealthy, Desired: s.DesiredHealthy})
	return nil
}

// event is what is read of an Event, in both spellings that the API has had.
type event struct {
	InvolvedObject struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Namespace  string `json:"namespace"`
		Name       string `json:"name"`
	} `json:"involvedObject"`
	Type               string           `json:"type"`
	Reason             string           `json:"reason"`
	Message            string           `json:"message"`
	Source             reporter         `json:"source"`
	ReportingComponent string           `json:"reportingComponent"`
	LastTimestamp      metav1.Time      `json:"lastTimestamp"`
	EventTime          metav1.MicroTime `json:"eventTime"`
	Count              int32            `json:"count"`
	Series             struct {
		Count            int32            `json:"count"`
		LastObservedTime metav1.MicroTime `json:"lastObservedTime"`
	} `json:"series"`
}

type reporter struct {
	Component string `json:"component"`
}

func (g *Gatherer) addEvent(o *object.Object) error {
	signs := g.profile.Credentials.Signs
	raw := o.Raw()
	speaks := false
	for i := range signs {
		speaks = speaks || bytes.Contains(raw, []byte(signs[i].Text))
	}
	if !speaks {
		return nil
	}
	e, err := read[event](o)
	if err != nil {
		return err
	}
	gv, err := schema.ParseGroupVersion(e.InvolvedObject.APIVersion)
	if err != nil {
		return err
	}
	r, ok := object.ByKind(gv.WithKind(e.InvolvedObject.Kind).GroupKind())
	if !ok {
		r = object.Resource{Group: gv.Group, Version: gv.Version, Kind: e.InvolvedObject.Kind}
	}
	g.events = append(g.events, policy.EventState{
		Subject: policy.Subject{Resource: r, Namespace: e.InvolvedObject.Namespace, Name: e.InvolvedObject.Name},
		Type:    e.Type, Reason: e.Reason, Source: cmp.Or(e.Source.Component, e.ReportingComponent), Message: e.Message,
		Last: slices.MaxFunc([]time.Time{e.LastTimestamp.Time, e.EventTime.Time, e.Series.LastObservedTime.Time,
			o.Meta.CreationTimestamp.Time}, time.Time.Compare),
		Count: max(e.Count, e.Series.Count, 1),
	})
	return nil
}

func (g *Gatherer) addValidating(o *object.Object) error {
	c, err := read[admissionregistrationv1.ValidatingWebhookConfiguration](o)
	if err != nil {
		return err
	}
	c.ObjectMeta = *g.slim(o)
	g.configurations().Validating = append(g.configurations().Validating, c)
	return nil
}

func (g *Gatherer) addMutating(o *object.Object) error {
	c, err := read[admissionregistrationv1.MutatingWebhookConfiguration](o)
	if err != nil {
		return err
	}
	c.ObjectMeta = *g.slim(o)
	g.configurations().Mutating = append(g.configurations().Mutating, c)
	return nil
}

// slim is the metadata of a configuration without what other tools remember in it.
func (g *Gatherer) slim(o *object.Object) *metav1.ObjectMeta {
	m := o.Meta.DeepCopy()
	m.ManagedFields = nil
	delete(m.Annotations, "kubectl.kubernetes.io/last-applied-configuration")
	return m
}

func (g *Gatherer) configurations() *policy.AdmissionState {
	if g.guards == nil {
		g.guards = &policy.AdmissionState{}
	}
	return g.guards
}

// admission returns the configurations; nil if none were there to read: every cluster of the provider's has some.
func (g *Gatherer) admission() *policy.AdmissionState {
	if g.guards == nil || g.unread[validating] || g.unread[mutating] {
		return nil
	}
	return &policy.AdmissionState{
		Validating: sorted(g.guards.Validating, func(a, b admissionregistrationv1.ValidatingWebhookConfiguration) int {
			return cmp.Compare(a.Name, b.Name)
		}),
		Mutating: sorted(g.guards.Mutating, func(a, b admissionregistrationv1.MutatingWebhookConfiguration) int {
			return cmp.Compare(a.Name, b.Name)
		}),
	}
}
