// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Canary asks the API server for something that must be judged, by a dry run, and looks whether it was. That is the only
// way to know: an enforcer that rewrote a selector, a registration that is gone and a certificate that nobody trusts all
// look like a quiet day from here.
type Canary struct {
	// REST is how to reach the API server, as demarc's own account.
	REST *rest.Config
	// Namespaces returns where to ask.
	Namespaces func() []string
	// Prefix is what the name of the object begins with, by which the webhook knows it and answers it.
	Prefix string
	// Interval is how often, 1 minute by default.
	Interval time.Duration
	Metrics  *Metrics
	Logger   logr.Logger
}

// NeedLeaderElection is false: a replica that can't ask must not keep the others from it.
func (c *Canary) NeedLeaderElection() bool { return false }

// Start asks until the context ends.
func (c *Canary) Start(ctx context.Context) error {
	heard := &warnings{}
	cfg := rest.CopyConfig(c.REST)
	cfg.WarningHandler, cfg.WarningHandlerWithContext = heard, nil
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("make the canary's client: %w", err)
	}
	quiet := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(c.Interval):
		}
		judged := map[string]bool{}
		for _, namespace := range c.Namespaces() {
			yes, err := c.ask(ctx, client, heard, namespace)
			if ctx.Err() != nil {
				return nil
			}
			judged[namespace] = yes
			switch {
			case !yes && !quiet[namespace]:
				c.Logger.Info("requests in this namespace are not judged", "namespace", namespace, "reason", reason(err))
			case yes && quiet[namespace]:
				c.Logger.Info("requests in this namespace are judged again", "namespace", namespace)
			}
			quiet[namespace] = !yes
		}
		c.Metrics.covered(judged, time.Now())
	}
}

func reason(err error) string {
	if err == nil {
		return "the API server went on without demarc"
	}
	return err.Error()
}

// ask says whether a request in a namespace was judged.
func (c *Canary) ask(ctx context.Context, client kubernetes.Interface, heard *warnings, namespace string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	name := c.Prefix + nonce()
	heard.take()
	_, err := client.CoreV1().PodTemplates(namespace).Create(ctx, &corev1.PodTemplate{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "canary", Image: "canary"}}}},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	judged := slices.ContainsFunc(heard.take(), func(w string) bool { return strings.Contains(w, name) })
	return judged, err
}

func nonce() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // it does not fail
	return hex.EncodeToString(b)
}

// warnings collects the warnings of one client, whose requests follow each other.
type warnings struct{ text []string }

// HandleWarningHeader implements rest.WarningHandler.
func (w *warnings) HandleWarningHeader(_ int, _ string, text string) { w.text = append(w.text, text) }

func (w *warnings) take() []string {
	t := w.text
	w.text = nil
	return t
}

// Account asks the API server who demarc is.
func Account(ctx context.Context, client kubernetes.Interface) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("ask who we are: %w", err)
	}
	if review.Status.UserInfo.Username == "" {
		return "", errors.New("ask who we are: the API server does not say")
	}
	return review.Status.UserInfo.Username, nil
}
