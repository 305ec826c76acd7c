// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/benchmark/rig"
	"github.com/demarc-dev/demarc/test/benchmark/yardstick"
)

// variant is one way to judge a request. Each has a namespace, and is registered for that alone.
type variant struct {
	name, what string
	judge      judge
}

// judge is what a variant has something against.
type judge int

const (
	nobody     judge = iota
	yardsticks       // privileged containers and hostPath volumes
	demarcs          // alpha feature gates, among other things
)

// The variants. The floor comes twice: how far it is from itself says what a difference is worth. The conditions keep the
// provider and the nodes from being judged at all, for which everybody pays.
var (
	floor         = variant{"floor", "nobody", nobody}
	demarc        = variant{"demarc", "`demarc serve`, every rule on", demarcs}
	unconditional = variant{"demarc-unconditional", "the same without its matchConditions", demarcs}
	minimal       = variant{"yardstick", "controller-runtime, two fields", yardsticks}
	policies      = variant{"policies", "two ValidatingAdmissionPolicies", yardsticks}
	floorAgain    = variant{"floor-again", "nobody once more", nobody}
	variants      = []variant{floor, demarc, unconditional, minimal, policies, floorAgain}
	variantLabel  = "benchmark.demarc.dev/variant"
)

func (v variant) namespace() string { return "benchmark-" + v.name }

func (v variant) requirement() metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{Key: variantLabel, Operator: metav1.LabelSelectorOpIn, Values: []string{v.name}}
}

func (v variant) selector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{v.requirement()}}
}

// register registers everything.
func (b *bench) register(ctx context.Context) error {
	configurations := demarcConfigurations(demarc, b.demarc.URL(""), b.CA)
	for _, c := range demarcConfigurations(unconditional, b.demarc.URL(""), b.CA) {
		c.Name += "-unconditional"
		for i := range c.Webhooks {
			c.Webhooks[i].Name = "unconditional." + c.Webhooks[i].Name
			c.Webhooks[i].MatchConditions = nil
		}
		configurations = append(configurations, c)
	}
	configurations = append(configurations, yardstickConfiguration(b.yardstick.URL(yardstick.Path), b.CA))
	for _, c := range configurations {
		if _, err := b.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(ctx, c, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("register %s: %w", c.Name, err)
		}
	}
	return b.registerPolicies(ctx)
}

// demarcConfigurations are demarc's own, but that they are narrowed to the namespace of a variant.
func demarcConfigurations(v variant, url string, ca []byte) []*admissionregistrationv1.ValidatingWebhookConfiguration {
	configurations := registration.Build(rules.All(), provider.AKS(), registration.Options{URL: url, CABundle: ca})
	for _, c := range configurations {
		for i := range c.Webhooks {
			s := c.Webhooks[i].NamespaceSelector
			s.MatchExpressions = append(s.MatchExpressions, v.requirement())
		}
	}
	return configurations
}

var operations = []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update}

func guarded() []admissionregistrationv1.RuleWithOperations {
	return []admissionregistrationv1.RuleWithOperations{
		{Operations: operations, Rule: admissionregistrationv1.Rule{
			APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}}},
		{Operations: operations, Rule: admissionregistrationv1.Rule{
			APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"daemonsets"}}},
	}
}

func yardstickConfiguration(url string, ca []byte) *admissionregistrationv1.ValidatingWebhookConfiguration {
	return &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: minimal.name},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: yardstickWebhook, ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: ca},
			Rules: guarded(), NamespaceSelector: minimal.selector(), FailurePolicy: new(admissionregistrationv1.Fail),
			SideEffects: new(admissionregistrationv1.SideEffectClassNone), AdmissionReviewVersions: []string{"v1"},
		}}}
}

// The questions of the yardstick in CEL. A Pod has its spec where a DaemonSet has one around it.
const (
	celSpec       = `has(object.spec.template) ? object.spec.template.spec : object.spec`
	celContainers = `variables.spec.containers` +
		` + (has(variables.spec.initContainers) ? variables.spec.initContainers : [])` +
		` + (has(variables.spec.ephemeralContainers) ? variables.spec.ephemeralContainers : [])`
	celPrivileged = `variables.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged) || !c.securityContext.privileged)`
	celHostPath   = `!has(variables.spec.volumes) || variables.spec.volumes.all(v, !has(v.hostPath))`
)

func (b *bench) registerPolicies(ctx context.Context) error {
	spec := admissionregistrationv1.Variable{Name: "spec", Expression: celSpec}
	return errors.Join(
		b.registerPolicy(ctx, "privileged", celPrivileged, spec, admissionregistrationv1.Variable{Name: "containers", Expression: celContainers}),
		b.registerPolicy(ctx, "host-path", celHostPath, spec))
}

func (b *bench) registerPolicy(ctx context.Context, name, expression string, v ...admissionregistrationv1.Variable) error {
	match := &admissionregistrationv1.MatchResources{NamespaceSelector: policies.selector()}
	for _, r := range guarded() {
		match.ResourceRules = append(match.ResourceRules, admissionregistrationv1.NamedRuleWithOperations{RuleWithOperations: r})
	}
	_, err := b.client.AdmissionregistrationV1().ValidatingAdmissionPolicies().Create(ctx, &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: match, FailurePolicy: new(admissionregistrationv1.Fail), Variables: v,
			Validations: []admissionregistrationv1.Validation{{Expression: expression, Message: name + " is not allowed"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("register policy %s: %w", name, err)
	}
	_, err = b.client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Create(ctx, &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: name,
			ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("bind policy %s: %w", name, err)
	}
	return nil
}

// checkVerdicts sees that each variant judges, by objects that one question each is about: or else a webhook that
// nobody asks would win.
func (b *bench) checkVerdicts(ctx context.Context) error {
	for _, v := range variants {
		err := rig.Eventually(ctx, v.name, func() error { return b.checkVariant(ctx, v) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) checkVariant(ctx context.Context, v variant) error {
	for _, c := range b.canaries(v) {
		_, err := b.create(ctx, v, c.set)
		if refused := err != nil; refused != c.refused {
			return fmt.Errorf("%s: got refused %t (%w), want %t", c.name, refused, err, c.refused)
		}
	}
	return nil
}

type canary struct {
	name    string
	set     *appsv1.DaemonSet
	refused bool
}

// canaries are what a variant must refuse or let pass. In a customer's namespace demarc has nothing against privileged
// DaemonSets; what it refuses there is an alpha feature gate.
func (b *bench) canaries(v variant) []canary {
	privileged, hostPath, alpha := b.set.DeepCopy(), b.set.DeepCopy(), b.set.DeepCopy()
	privileged.Spec.Template.Spec.InitContainers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
	hostPath.Spec.Template.Spec.Volumes[1].VolumeSource = corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/opt"}}
	alpha.Spec.Template.Spec.Containers[1].Image = "registry.k8s.io/kube-scheduler:v1.36.3"
	alpha.Spec.Template.Spec.Containers[1].Args = nil
	alpha.Spec.Template.Spec.Containers[1].Command = []string{"kube-scheduler", "--feature-gates=AllAlpha=true"}
	return []canary{
		{"accepted", b.set, false}, {"privileged", privileged, v.judge == yardsticks},
		{"hostPath", hostPath, v.judge == yardsticks}, {"alpha gate", alpha, v.judge == demarcs},
	}
}

func (b *bench) create(ctx context.Context, v variant, set *appsv1.DaemonSet) (*appsv1.DaemonSet, error) {
	set = set.DeepCopy()
	set.Namespace = v.namespace()
	return b.client.AppsV1().DaemonSets(set.Namespace).Create(ctx, set, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
}
