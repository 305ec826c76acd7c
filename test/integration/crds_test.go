// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/test/cluster"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// anyVersion is the version in which a probe of a custom resource is written, where no fixture says another.
const anyVersion = "v1"

// installCustom serves every custom resource that demarc knows, in each version that a fixture is written in. Their
// schemas let everything through: what their own projects would refuse is not our affair.
func installCustom(ctx context.Context, c *cluster.Cluster) error {
	versions, err := spokenVersions()
	if err != nil {
		return err
	}
	var definitions []*apiextensionsv1.CustomResourceDefinition
	for _, r := range object.Resources() {
		if r.Presence == object.Installed {
			definitions = append(definitions, definition(r, versions[r.GroupKind()]))
		}
	}
	_, err = envtest.InstallCRDs(c.Config, envtest.CRDInstallOptions{CRDs: definitions})
	return err
}

func spokenVersions() (map[schema.GroupKind][]string, error) {
	versions := map[schema.GroupKind][]string{}
	all, err := fixtures.Load()
	if err != nil {
		return nil, err
	}
	docs, err := fixtures.Context()
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		docs = append(docs, c.Object)
	}
	for _, doc := range docs {
		o, err := object.Decode(doc, schema.GroupVersionKind{})
		if err != nil {
			return nil, err
		}
		gk := o.GVK.GroupKind()
		if !slices.Contains(versions[gk], o.GVK.Version) {
			versions[gk] = append(versions[gk], o.GVK.Version)
		}
	}
	return versions, nil
}

func definition(r object.Resource, versions []string) *apiextensionsv1.CustomResourceDefinition {
	scope := apiextensionsv1.ClusterScoped
	if r.Namespaced {
		scope = apiextensionsv1.NamespaceScoped
	}
	d := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{
			Name: r.GroupResource().String(),
			// Groups of the community's own ask for a review of their definitions.
			Annotations: map[string]string{"api-approved.kubernetes.io": "unapproved, for tests"},
		},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: r.Group, Scope: scope,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: r.Plural, Singular: strings.ToLower(r.Kind), Kind: r.Kind,
				ListKind: r.Kind + "List"},
		},
	}
	if !slices.Contains(versions, anyVersion) {
		versions = append(slices.Clone(versions), anyVersion)
	}
	for i, v := range versions {
		d.Spec.Versions = append(d.Spec.Versions, apiextensionsv1.CustomResourceDefinitionVersion{
			Name: v, Served: true, Storage: i == 0,
			Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
				Type: "object", XPreserveUnknownFields: new(true)}},
		})
	}
	return d
}

// groups lists the API groups of every resource that demarc knows.
func groups() []string {
	var list []string
	for _, r := range object.Resources() {
		if !slices.Contains(list, r.Group) {
			list = append(list, r.Group)
		}
	}
	return list
}

// speaking returns the resource in the version that an object is written in.
func speaking(r object.Resource, apiVersion string) (schema.GroupVersionResource, error) {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return schema.GroupVersionResource{}, fmt.Errorf("apiVersion: %w", err)
	}
	if r.Version == object.AnyVersion || gv.Group == r.Group {
		return schema.GroupVersionResource{Group: r.Group, Version: gv.Version, Resource: r.Plural}, nil
	}
	return gvr(r), nil
}
