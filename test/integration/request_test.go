// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"

	"github.com/demarc-dev/demarc/test/cluster"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// answer is what the API server said.
type answer struct {
	err      error
	warnings []string
}

// collector keeps the warnings of one client.
type collector struct {
	mu   sync.Mutex
	text []string
}

func (c *collector) HandleWarningHeader(_ int, _ string, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, text)
}

func (c *collector) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := c.text
	c.text = nil
	return text
}

// ask makes the request of a case as its user, as a dry run.
func ask(t *testing.T, c fixtures.Case) answer {
	t.Helper()
	warnings := &collector{}
	cfg := rest.CopyConfig(shared.As(c.Request.User, c.Request.Groups...))
	cfg.WarningHandler = warnings
	err := request(t.Context(), cfg, c)
	return answer{err, warnings.take()}
}

func request(ctx context.Context, cfg *rest.Config, c fixtures.Case) error {
	r, err := c.Resource()
	if err != nil {
		return err
	}
	o := parse(c.Object)
	if c.Parent != nil && o.GetName() == "" {
		parent := parse(c.Parent)
		o.SetName(parent.GetName())
		o.SetNamespace(parent.GetNamespace())
	}
	if c.Request.Operation == "CONNECT" {
		return connect(ctx, cfg, r, o.GetNamespace(), o.GetName(), c.Request.Subresource, c.Object)
	}
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return err
	}
	resource := gvr(r)
	if c.Request.Subresource == "" {
		if resource, err = speaking(r, o.GetAPIVersion()); err != nil {
			return err
		}
	}
	objects := client.Resource(resource).Namespace(o.GetNamespace())
	var sub []string
	if c.Request.Subresource != "" {
		sub = []string{c.Request.Subresource}
	}
	dry := []string{metav1.DryRunAll}
	switch c.Request.Operation {
	case "CREATE":
		_, err = objects.Create(ctx, o, metav1.CreateOptions{DryRun: dry}, sub...)
	case "UPDATE":
		live, err := objects.Get(ctx, o.GetName(), metav1.GetOptions{}, readable(c.Request.Subresource)...)
		if err != nil {
			return fmt.Errorf("get before update: %w", err)
		}
		o.SetResourceVersion(live.GetResourceVersion())
		_, err = objects.Update(ctx, o, metav1.UpdateOptions{DryRun: dry}, sub...)
		return err
	case "DELETE":
		err = objects.Delete(ctx, o.GetName(), metav1.DeleteOptions{DryRun: dry}, sub...)
	default:
		err = fmt.Errorf("%s is not asked here", c.Request.Operation)
	}
	return err
}

// readable: the scale of an object has a version of its own; other subresources share the object's, and some can only
// be written.
func readable(subresource string) []string {
	if subresource == "scale" {
		return []string{subresource}
	}
	return nil
}

func parse(raw []byte) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(raw); err != nil {
		panic(err)
	}
	return o
}

// setUp makes what must be there before the request of a case, as the provider, whom the webhook does not judge. It
// returns what undoes it.
func setUp(ctx context.Context, c fixtures.Case) (undo func() error, err error) {
	before := c.Old
	switch {
	case c.Parent != nil:
		before = c.Parent
	case c.Request.Operation == "DELETE":
		before = c.Object
	}
	if before == nil {
		return func() error { return nil }, nil
	}
	r, err := c.Resource()
	if err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(shared.As(cluster.Provider, "system:masters"))
	if err != nil {
		return nil, err
	}
	o := parse(before)
	resource, err := speaking(r, o.GetAPIVersion())
	if err != nil {
		return nil, err
	}
	return create(ctx, client.Resource(resource).Namespace(o.GetNamespace()), o)
}

// remove deletes an object and waits until it is gone. No controller runs here that would finish off a namespace, so
// that is done by hand.
func remove(objects dynamic.ResourceInterface, o *unstructured.Unstructured) error {
	ctx := context.Background()
	err := objects.Delete(ctx, o.GetName(), metav1.DeleteOptions{
		GracePeriodSeconds: new(int64(0)), PropagationPolicy: new(metav1.DeletePropagationBackground)})
	if err != nil {
		return err
	}
	switch o.GetKind() {
	case "CustomResourceDefinition": // the API server itself cleans up its objects first
		return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
			_, err := objects.Get(ctx, o.GetName(), metav1.GetOptions{})
			return apierrors.IsNotFound(err), nil
		})
	case "Namespace":
		return finish(ctx, objects, o)
	}
	return release(ctx, objects, o)
}

// release takes off the finalizers that the API server itself puts on some kinds, whose controllers don't run here.
func release(ctx context.Context, objects dynamic.ResourceInterface, o *unstructured.Unstructured) error {
	live, err := objects.Get(ctx, o.GetName(), metav1.GetOptions{})
	if err == nil && live.GetDeletionTimestamp() != nil && len(live.GetFinalizers()) > 0 {
		_, err = objects.Patch(ctx, o.GetName(), types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// finish takes the finalizers off a namespace that is being deleted.
func finish(ctx context.Context, objects dynamic.ResourceInterface, o *unstructured.Unstructured) error {
	live, err := objects.Get(ctx, o.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	unstructured.RemoveNestedField(live.Object, "spec", "finalizers")
	_, err = objects.Update(ctx, live, metav1.UpdateOptions{}, "finalize")
	return err
}

// create makes an object, or brings one that every cluster has into the state that the case wants.
func create(ctx context.Context, objects dynamic.ResourceInterface, o *unstructured.Unstructured) (func() error, error) {
	_, err := objects.Create(ctx, o, metav1.CreateOptions{})
	if err == nil {
		return func() error { return remove(objects, o) }, nil
	}
	if !apierrors.IsAlreadyExists(err) {
		return nil, err
	}
	live, err := objects.Get(ctx, o.GetName(), metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if err := put(ctx, objects, o); err != nil {
		return nil, err
	}
	return func() error { return put(context.Background(), objects, live) }, nil
}

// put brings an object that is there into a state; whatever else writes to it meanwhile, like the controller of custom
// resource definitions, may go first.
func put(ctx context.Context, objects dynamic.ResourceInterface, o *unstructured.Unstructured) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		now, err := objects.Get(ctx, o.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		wanted := o.DeepCopy()
		wanted.SetResourceVersion(now.GetResourceVersion())
		_, err = objects.Update(ctx, wanted, metav1.UpdateOptions{})
		return err
	})
}
