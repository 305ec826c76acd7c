// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"slices"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/demarc-dev/demarc/pkg/surroundings/live"
)

// Drained is what a stop of the whole cluster does beside webhooks.
type Drained struct {
	// AutoProvisioned is true if the API group of AKS's Node Auto-Provisioning is served.
	AutoProvisioned bool
	// Standalone are pods that nothing makes again, Budgets those that allow no disruption: namespace/name.
	Standalone, Budgets []string
}

// Drained reads the metadata of all pods, and the budgets. What can't be read is named in the state.
func (r *Reader) Drained(ctx context.Context, s *State) (*Drained, error) {
	d := &Drained{AutoProvisioned: s.Served.Group("karpenter.azure.com")}
	o := metav1.ListOptions{Limit: live.Page}
	for {
		list, err := r.metadata.Resource(pods).List(ctx, o)
		if err != nil {
			s.miss("pods", err, "nobody knows whether some would be lost")
			break
		}
		for i := range list.Items {
			if m := &list.Items[i]; standalone(m) {
				d.Standalone = append(d.Standalone, m.Namespace+"/"+m.Name)
			}
		}
		if o.Continue = list.Continue; o.Continue == "" {
			break
		}
	}
	budgets := policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets")
	err := r.each(ctx, budgets, "", metav1.ListOptions{}, func(u *unstructured.Unstructured) error {
		var b policyv1.PodDisruptionBudget
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &b); err != nil {
			return fmt.Errorf("decode it: %w", err)
		}
		if b.Status.ExpectedPods > 0 && b.Status.DisruptionsAllowed == 0 {
			d.Budgets = append(d.Budgets, b.Namespace+"/"+b.Name)
		}
		return nil
	})
	if err != nil {
		s.miss("poddisruptionbudgets", err, "nobody knows whether a drain would take longer")
	}
	return d, ctx.Err()
}

// standalone says whether nothing makes a pod again. A node's own static pods are owned by the node.
func standalone(m *metav1.PartialObjectMetadata) bool {
	return !slices.ContainsFunc(m.OwnerReferences, func(o metav1.OwnerReference) bool { return o.Controller != nil && *o.Controller })
}
