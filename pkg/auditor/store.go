// SPDX-License-Identifier: Apache-2.0

package auditor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/openreports"
)

// fieldManager is the name under which the auditor writes.
const fieldManager = "demarc-auditor"

// pageSize is how many reports are read at once: one may have a megabyte.
const pageSize = 20

// store reads and writes report objects. It speaks JSON to the API server itself: the objects are ours, and the scheme of
// no library holds them.
type store struct{ client kubernetes.Interface }

func (s store) rest() rest.Interface { return s.client.Discovery().RESTClient() }

// call is a request's timeout.
const call = 30 * time.Second

// served returns the APIs for reports that the server has, the one to be preferred first.
func (s store) served() ([]openreports.API, error) {
	var list []openreports.API
	for _, api := range openreports.APIs() {
		resources, err := s.client.Discovery().ServerResourcesForGroupVersion(api.GroupVersion())
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look for %s: %w", api.GroupVersion(), err)
		}
		if has(resources, api.Plural) && has(resources, api.ClusterPlural) {
			list = append(list, api)
		}
	}
	return list, nil
}

func has(list *metav1.APIResourceList, plural string) bool {
	for _, r := range list.APIResources {
		if r.Name == plural {
			return true
		}
	}
	return false
}

// path is the URL of an object; without a name, of all of its kind.
func path(api openreports.API, namespaced bool, namespace, name string) []string {
	segments := []string{"/apis", api.Group, api.Version}
	if namespace != "" {
		segments = append(segments, "namespaces", namespace)
	}
	if namespaced {
		segments = append(segments, api.Plural)
	} else {
		segments = append(segments, api.ClusterPlural)
	}
	if name != "" {
		segments = append(segments, name)
	}
	return segments
}

// each calls f for every report of ours, those of a namespace in the order of their names.
func (s store) each(ctx context.Context, api openreports.API, f func(openreports.Object)) error {
	for _, namespaced := range []bool{true, false} {
		for token := ""; ; {
			var page struct {
				Metadata metav1.ListMeta      `json:"metadata"`
				Items    []openreports.Object `json:"items"`
			}
			raw, err := s.rest().Get().AbsPath(path(api, namespaced, "", "")...).Timeout(call).
				Param("labelSelector", openreports.ManagedByLabel+"="+openreports.ManagedBy).
				Param("limit", strconv.Itoa(pageSize)).Param("continue", token).DoRaw(ctx)
			if err == nil {
				err = json.Unmarshal(raw, &page)
			}
			if err != nil {
				return fmt.Errorf("list our %s: %w", api.Group, err)
			}
			for _, o := range page.Items {
				f(o)
			}
			if token = page.Metadata.Continue; token == "" {
				break
			}
		}
	}
	return nil
}

// apply writes an object whole. Only with force may it overwrite what others wrote into it.
func (s store) apply(ctx context.Context, api openreports.API, o openreports.Object, force bool) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	m := o.Metadata
	err = s.rest().Patch(types.ApplyPatchType).AbsPath(path(api, m.Namespace != "", m.Namespace, m.Name)...).Timeout(call).
		Param("fieldManager", fieldManager).Param("force", strconv.FormatBool(force)).Body(raw).Do(ctx).Error()
	if gone(err, m.Namespace) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write %s %s: %w", o.Kind, nameOf(o), err)
	}
	return nil
}

// gone says whether a namespace went, or is about to, since the audit saw it.
func gone(err error, namespace string) bool {
	return namespace != "" && (apierrors.IsNotFound(err) || apierrors.HasStatusCause(err, "NamespaceTerminating"))
}

func (s store) remove(ctx context.Context, api openreports.API, o openreports.Object) error {
	m := o.Metadata
	err := s.rest().Delete().AbsPath(path(api, m.Namespace != "", m.Namespace, m.Name)...).Timeout(call).Do(ctx).Error()
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete report %s: %w", nameOf(o), err)
	}
	return nil
}

func nameOf(o openreports.Object) string {
	if o.Metadata.Namespace == "" {
		return o.Metadata.Name
	}
	return o.Metadata.Namespace + "/" + o.Metadata.Name
}

// owner returns the ClusterRole that owns the reports, in the form that they name it; none if there is no such role.
func (s store) owner(ctx context.Context, name string) ([]metav1.OwnerReference, error) {
	if name == "" {
		return nil, nil
	}
	role, err := s.client.RbacV1().ClusterRoles().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get the reports' owner: %w", err)
	}
	return []metav1.OwnerReference{{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole", Name: name, UID: role.UID}}, nil
}

// labels returns an object's labels, and nothing else of it.
func (s store) labels(ctx context.Context, gvr schema.GroupVersionResource, name string) (map[string]string, error) {
	segments := []string{"/apis", gvr.Group, gvr.Version, gvr.Resource, name}
	if gvr.Group == "" {
		segments = []string{"/api", gvr.Version, gvr.Resource, name}
	}
	raw, err := s.rest().Get().AbsPath(segments...).Timeout(call).
		SetHeader("Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	var o metav1.PartialObjectMetadata
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, errors.Join(errors.New("read metadata"), err)
	}
	return o.Labels, nil
}
