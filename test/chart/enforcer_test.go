// SPDX-License-Identifier: Apache-2.0

//go:build integration

package chart

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/enforcer"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// The enforcer's process does its work with the rights that the chart gives to its account, and no others.
func TestEnforcerHasTheRightsItNeeds(t *testing.T) {
	s := newStage(t)
	s.major = "4"
	out, err := template(t, "4", "enforcer: {enabled: true, dryRun: false}", "--show-only", "templates/enforcer.yaml", "--show-only", "templates/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.apply(t, out)
	s.apply(t, plain("theirs", func(c *configuration) { c.Webhooks[0].NamespaceSelector = nil }))
	account := s.cluster.As("system:serviceaccount:"+namespace+":demarc-enforcer", "system:serviceaccounts", "system:serviceaccounts:"+namespace, "system:authenticated")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- enforcer.Run(ctx, provider.AKS(), enforcer.Process{REST: account, Namespace: namespace, MetricsAddress: "0", ProbeAddress: "0", Logger: logr.Discard()})
	}()
	eventually(t, "the selector is complete", func() bool {
		return len(admissionconfig.Missing(provider.AKS(), s.registration("theirs").Webhooks[0].NamespaceSelector)) == 0
	})
	eventually(t, "an Event tells of it", func() bool {
		list, err := s.client.EventsV1().Events(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list.Items {
			if e.Reason == "SelectorCompleted" && e.Regarding.Name == "theirs" && strings.Contains(e.Note, "control-plane NotIn true") {
				return true
			}
		}
		return false
	})
	lease, err := s.client.CoordinationV1().Leases(namespace).Get(t.Context(), enforcer.Lease, metav1.GetOptions{})
	if err != nil || lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "" {
		t.Errorf("the Lease: %v, %v", lease, err)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
	lease, err = s.client.CoordinationV1().Leases(namespace).Get(t.Context(), enforcer.Lease, metav1.GetOptions{})
	if err != nil || lease.Spec.HolderIdentity != nil && *lease.Spec.HolderIdentity != "" {
		t.Errorf("the Lease is not let go of: %v, %v", lease, err)
	}
}
