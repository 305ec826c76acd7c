// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
)

// resolve finds the version in which a resource is served, the preferred one first. It is empty if none is.
func (c *Cluster) resolve(ctx context.Context, r object.Resource) (schema.GroupVersionResource, error) {
	none := schema.GroupVersionResource{}
	if r.Version != object.AnyVersion {
		return schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Plural}, nil
	}
	if c.groups == nil {
		groups, err := c.discovery.ServerGroupsWithContext(ctx)
		if err != nil {
			return none, fmt.Errorf("ask which API groups are served: %w", err)
		}
		c.groups = groups
	}
	for _, g := range c.groups.Groups {
		if g.Name != r.Group {
			continue
		}
		for _, v := range g.Versions {
			gv := schema.GroupVersion{Group: g.Name, Version: v.Version}
			list, err := c.resources(ctx, gv)
			if err != nil {
				return none, err
			}
			if slices.ContainsFunc(list.APIResources, func(s metav1.APIResource) bool { return s.Name == r.Plural }) {
				return gv.WithResource(r.Plural), nil
			}
		}
	}
	return none, nil
}

func (c *Cluster) resources(ctx context.Context, gv schema.GroupVersion) (*metav1.APIResourceList, error) {
	if list, ok := c.served[gv]; ok {
		return list, nil
	}
	list, err := c.discovery.ServerResourcesForGroupVersionWithContext(ctx, gv.String())
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("ask what %s serves: %w", gv, err)
	}
	if list == nil {
		list = &metav1.APIResourceList{}
	}
	c.served[gv] = list
	return list, nil
}
