// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/object"
)

var errNotServed = errors.New("the API server does not serve it in the version that demarc reads")

// served is what an API server says that it serves.
type served struct {
	client *discovery.DiscoveryClient
	groups []metav1.APIGroup
	known  map[schema.GroupVersion]*metav1.APIResourceList
	failed map[schema.GroupVersion]error
}

func newServed(cfg *rest.Config) (*served, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.WarningHandler = rest.NoWarnings{}
	if cfg.Timeout == 0 {
		cfg.Timeout = timeout
	}
	client, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make discovery client: %w", err)
	}
	return &served{client: client}, nil
}

// ask asks for all groups. Servers from 1.27 on answer with what is in them too; others are asked group by group.
func (s *served) ask(ctx context.Context) error {
	groups, known, failed, err := s.client.GroupsAndMaybeResourcesWithContext(ctx)
	if err != nil {
		return fmt.Errorf("ask what is served: %w", err)
	}
	s.groups, s.known, s.failed = groups.Groups, known, failed
	if s.known == nil {
		s.known = map[schema.GroupVersion]*metav1.APIResourceList{}
	}
	return nil
}

// versions returns the versions in which a resource can be listed, the server's preferred one first. The error says that
// it is not known whether it is served.
func (s *served) versions(ctx context.Context, r object.Resource) ([]string, error) {
	var found []string
	var errs []error
	for _, g := range s.groups {
		if g.Name != r.Group {
			continue
		}
		for _, v := range preferred(g) {
			list, err := s.resources(ctx, schema.GroupVersion{Group: g.Name, Version: v})
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if slices.ContainsFunc(list.APIResources, func(a metav1.APIResource) bool {
				return a.Name == r.Plural && slices.Contains(a.Verbs, "list")
			}) {
				found = append(found, v)
			}
		}
	}
	if len(found) == 0 {
		return nil, errors.Join(errs...)
	}
	return found, nil
}

// preferred lists the versions of a group in the server's order, its preferred one first.
func preferred(g metav1.APIGroup) []string {
	list := []string{g.PreferredVersion.Version}
	for _, v := range g.Versions {
		if v.Version != g.PreferredVersion.Version {
			list = append(list, v.Version)
		}
	}
	return list
}

func (s *served) resources(ctx context.Context, gv schema.GroupVersion) (*metav1.APIResourceList, error) {
	if list, ok := s.known[gv]; ok {
		return list, nil
	}
	if err := s.failed[gv]; err != nil {
		return nil, fmt.Errorf("ask what %s serves: %w", gv, err)
	}
	list, err := s.client.ServerResourcesForGroupVersionWithContext(ctx, gv.String())
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("ask what %s serves: %w", gv, err)
	}
	if list == nil {
		list = &metav1.APIResourceList{}
	}
	s.known[gv] = list
	return list, nil
}
