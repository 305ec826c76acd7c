// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/pkg/certificates"
)

// FieldManager owns the CA bundle of the registrations, and nothing else of them.
const FieldManager = "demarc-certificates"

// Certificates keeps the serving certificate in a Secret that all replicas share, and the registrations' CA bundles in
// step with it. Every replica may do so: a write that another was faster with is left to the next look.
type Certificates struct {
	Client kubernetes.Interface
	// Namespace and Secret are where it is kept. The Secret must be there.
	Namespace, Secret string
	// Dir is where the serving certificate is put for the server to read: tls.crt and tls.key.
	Dir     string
	Policy  certificates.Policy
	Metrics *Metrics
	Logger  logr.Logger
}

// keep does one round: decide, store, publish, serve.
func (c *Certificates) keep(ctx context.Context, live map[string]*configuration, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	secrets := c.Client.CoreV1().Secrets(c.Namespace)
	secret, err := secrets.Get(ctx, c.Secret, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("get the serving certificate: %w", err)
	}
	store := certificates.FromSecret(secret)
	next, err := store.Step(published(live), now, c.Policy)
	if err != nil {
		return fmt.Errorf("make the serving certificate: %w", err)
	}
	if changed(store, next) {
		next.Into(secret)
		if _, err := secrets.Update(ctx, secret, metav1.UpdateOptions{FieldManager: FieldManager}); apierrors.IsConflict(err) {
			return nil // another replica was faster: its step is read at the next look
		} else if err != nil {
			return fmt.Errorf("store the serving certificate: %w", err)
		}
		c.Logger.Info("certificates changed", "bundle", bytes.Count(next.Bundle(), []byte("BEGIN CERTIFICATE")),
			"leaf", !bytes.Equal(store.Leaf.Cert, next.Leaf.Cert))
	}
	if err := c.publish(ctx, live, next.Bundle()); err != nil {
		return err
	}
	return c.serve(next, live, now)
}

func published(live map[string]*configuration) [][]byte {
	var list [][]byte
	for _, configuration := range live {
		if configuration != nil {
			list = append(list, bundlesOf(configuration)...)
		}
	}
	return list
}

func changed(a, b certificates.Store) bool {
	var before, after corev1.Secret
	a.Into(&before)
	b.Into(&after)
	return len(before.Data) != len(after.Data) || slices.ContainsFunc(keys(after.Data), func(k string) bool {
		return !bytes.Equal(before.Data[k], after.Data[k])
	})
}

func keys(m map[string][]byte) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	return list
}

// publish puts the bundle into the registrations that hold another.
func (c *Certificates) publish(ctx context.Context, live map[string]*configuration, bundle []byte) error {
	var errs []error
	for name, registration := range live {
		if registration == nil || len(registration.Webhooks) == 0 {
			continue
		}
		patch := bundlePatch(registration, bundle)
		if patch == nil {
			continue
		}
		patched, err := c.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Patch(ctx, name, types.JSONPatchType, patch,
			metav1.PatchOptions{FieldManager: FieldManager})
		if err != nil {
			errs = append(errs, fmt.Errorf("publish the CA bundle in %s: %w", name, err))
			continue
		}
		c.Logger.Info("CA bundle published", "registration", name)
		live[name] = patched
	}
	return errors.Join(errs...)
}

// bundlePatch returns the JSON patch that puts a bundle into every webhook that holds others; nil where none does. It
// tests the names, since a patch by position may meet a list that has changed.
func bundlePatch(registration *configuration, bundle []byte) []byte {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	var patch []operation
	for i := range registration.Webhooks {
		w := &registration.Webhooks[i]
		if sameCertificates(w.ClientConfig.CABundle, bundle) {
			continue
		}
		at := fmt.Sprintf("/webhooks/%d", i)
		patch = append(patch, operation{"test", at + "/name", w.Name}, operation{"add", at + "/clientConfig/caBundle", bundle})
	}
	if patch == nil {
		return nil
	}
	raw, err := json.Marshal(patch)
	if err != nil {
		panic(err) // strings and bytes can always be written
	}
	return raw
}

// sameCertificates compares bundles without regard to order: a change of authority swaps two.
func sameCertificates(a, b []byte) bool {
	return slices.Equal(split(a), split(b))
}

func split(bundle []byte) []string {
	var list []string
	for _, part := range bytes.SplitAfter(bundle, []byte("-----END CERTIFICATE-----")) {
		if part = bytes.TrimSpace(part); len(part) > 0 {
			list = append(list, string(part))
		}
	}
	slices.Sort(list)
	return list
}

// serve puts the certificate where the server reads it, once the API server is told to trust it. Where what is served now
// is trusted no more than that, there is nothing to wait for.
func (c *Certificates) serve(s certificates.Store, live map[string]*configuration, now time.Time) error {
	host := c.Policy.Hosts[0]
	c.Metrics.expires(s.Leaf.Cert)
	path := filepath.Join(c.Dir, corev1.TLSCertKey)
	current, err := os.ReadFile(path)
	if err == nil && bytes.Equal(current, s.Leaf.Cert) {
		return nil
	}
	trusts := func(leaf []byte) bool {
		return !slices.ContainsFunc(published(live), func(b []byte) bool { return !certificates.Verifies(leaf, b, host, now) })
	}
	if err == nil && trusts(current) && !trusts(s.Leaf.Cert) {
		return nil
	}
	// The key goes first: a server that reads in between finds a pair that does not fit, and keeps what it has.
	if err := replace(filepath.Join(c.Dir, corev1.TLSPrivateKeyKey), s.Leaf.Key); err != nil {
		return fmt.Errorf("put the serving key in place: %w", err)
	}
	if err := replace(path, s.Leaf.Cert); err != nil {
		return fmt.Errorf("put the serving certificate in place: %w", err)
	}
	c.Logger.Info("serving certificate put in place")
	return nil
}

// replace never leaves half a file.
func replace(path string, content []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func verifies(leaf, bundle []byte, host string) bool {
	return certificates.Verifies(leaf, bundle, host, time.Now())
}
