// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"context"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/test/cluster"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// prepare makes what the fixtures lean on: the objects of the context, and rights for everybody. Everybody may do
// everything but exempt, so that what refuses a request is admission, and the mark stays a right of its own.
func prepare(ctx context.Context, c *cluster.Cluster) error {
	client, err := dynamic.NewForConfig(c.As(cluster.Provider, "system:masters"))
	if err != nil {
		return err
	}
	if err := installCustom(ctx, c); err != nil {
		return fmt.Errorf("serve custom resources: %w", err)
	}
	docs, err := fixtures.Context()
	if err != nil {
		return err
	}
	for _, doc := range docs {
		if err := apply(ctx, client, doc); err != nil {
			return err
		}
	}
	return grant(ctx, c)
}

// apply puts an object of any kind that demarc knows into the cluster.
func apply(ctx context.Context, client dynamic.Interface, doc []byte) error {
	o := parse(doc)
	r, known := object.ByKind(o.GroupVersionKind().GroupKind())
	if !known {
		return fmt.Errorf("apply %s: no resource is known for %s", o.GetName(), o.GroupVersionKind())
	}
	where, err := speaking(r, o.GetAPIVersion())
	if err != nil {
		return err
	}
	objects := client.Resource(where).Namespace(o.GetNamespace())
	// Admission puts a taint on each new Node, which only a second write takes away: no controller does it here.
	for range 2 {
		if _, err := objects.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: "fixtures", Force: true}); err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

func grant(ctx context.Context, c *cluster.Cluster) error {
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return err
	}
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "everything-but-exempt"}}
	for _, group := range append(groups(), "authentication.k8s.io") {
		role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{"*"}, Verbs: []string{"*"}})
	}
	if _, err := client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err = client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "Group", Name: "system:authenticated"}},
	}, metav1.CreateOptions{})
	return err
}
