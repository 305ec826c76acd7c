// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

//go:embed aks/*.yaml
var manifests embed.FS

const (
	manifestDir  = "aks"
	fieldManager = client.FieldOwner("aks-addon-manager")
)

// Seed makes the cluster look like an AKS cluster with a customer's
// namespaces, users and nodes. It writes as the provider, and again changes
// nothing.
func (c *Cluster) Seed(ctx context.Context) error {
	objects, err := seedObjects()
	if err != nil {
		return fmt.Errorf("seed cluster: %w", err)
	}
	writer, err := client.New(c.As(Provider, "system:masters"), client.Options{})
	if err != nil {
		return fmt.Errorf("seed cluster: %w", err)
	}
	for _, object := range objects {
		if err := apply(ctx, writer, object); err != nil {
			return fmt.Errorf("seed cluster: apply %s %s: %w", object.GetKind(), client.ObjectKeyFromObject(object), err)
		}
	}
	return nil
}

// apply writes a manifest, with its status where it has one. Nobody else would:
// there are no controllers.
func apply(ctx context.Context, writer client.Client, object *unstructured.Unstructured) error {
	send := func() error {
		return writer.Apply(ctx, client.ApplyConfigurationFromUnstructured(object.DeepCopy()), fieldManager, client.ForceOwnership)
	}
	if err := send(); err != nil {
		return err
	}
	// Admission marks each new node as not ready, by a taint that only a
	// controller or a second write takes away.
	if object.GetKind() == "Node" {
		if err := send(); err != nil {
			return err
		}
	}
	if _, ok := object.Object["status"]; !ok {
		return nil
	}
	status := client.ApplyConfigurationFromUnstructured(object.DeepCopy())
	return writer.Status().Apply(ctx, status, fieldManager, client.ForceOwnership)
}

// seedObjects reads the manifests in the order of their file names.
func seedObjects() ([]*unstructured.Unstructured, error) {
	entries, err := manifests.ReadDir(manifestDir)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, entry := range entries {
		content, err := manifests.ReadFile(manifestDir + "/" + entry.Name())
		if err != nil {
			return nil, err
		}
		decoded, err := decode(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		objects = append(objects, decoded...)
	}
	return objects, nil
}

func decode(content []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}
