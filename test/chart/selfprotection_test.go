// SPDX-License-Identifier: Apache-2.0

//go:build integration

package chart

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// eve may edit webhook configurations, and is no cluster-admin; pipeline may edit demarc's besides.
	eve      = "eve@contoso.example"
	pipeline = "pipeline@contoso.example"
	// account is demarc's own; uninstaller is the hook's.
	account     = "system:serviceaccount:" + namespace + ":demarc"
	uninstaller = "system:serviceaccount:" + namespace + ":demarc-uninstall"
)

// tampering is what takes demarc out of the way.
var tampering = map[string]func(*configuration){
	"fails the other way":   flip,
	"another selector":      func(c *configuration) { c.Webhooks[0].NamespaceSelector.MatchLabels = map[string]string{"a": "b"} },
	"an object selector":    func(c *configuration) { c.Webhooks[0].ObjectSelector.MatchLabels = map[string]string{"a": "b"} },
	"no rules":              func(c *configuration) { c.Webhooks[0].Rules = nil },
	"fewer rules":           func(c *configuration) { c.Webhooks[0].Rules = c.Webhooks[0].Rules[1:] },
	"no match conditions":   func(c *configuration) { c.Webhooks[0].MatchConditions = nil },
	"one more condition":    addCondition,
	"a webhook less":        func(c *configuration) { c.Webhooks = c.Webhooks[1:] },
	"no webhooks":           func(c *configuration) { c.Webhooks = nil },
	"another service":       func(c *configuration) { c.Webhooks[0].ClientConfig.Service.Name = "other" },
	"another path":          func(c *configuration) { c.Webhooks[0].ClientConfig.Service.Path = new("/") },
	"a URL":                 setURL,
	"another timeout":       func(c *configuration) { c.Webhooks[0].TimeoutSeconds = new(int32(1)) },
	"another match policy":  func(c *configuration) { c.Webhooks[0].MatchPolicy = new(admissionregistrationv1.Exact) },
	"another review":        func(c *configuration) { c.Webhooks[0].AdmissionReviewVersions = []string{"v1beta1"} },
	"no label to opt out":   func(c *configuration) { delete(c.Labels, "admissions.enforcer/disabled") },
	"no annotation":         func(c *configuration) { delete(c.Annotations, "admissions.enforcer/disabled") },
	"another mark's value":  func(c *configuration) { c.Labels["admissions.enforcer/disabled"] = "false" },
	"two of the same rules": func(c *configuration) { c.Webhooks[1].Rules = c.Webhooks[0].Rules[:1] },
}

// harmless is what cert-manager, GitOps tools and people do without harm.
var harmless = map[string]func(*configuration){
	"nothing":       func(*configuration) {},
	"a CA bundle":   func(c *configuration) { c.Webhooks[0].ClientConfig.CABundle = nil },
	"a label":       func(c *configuration) { c.Labels["team"] = "platform" },
	"an annotation": func(c *configuration) { c.Annotations["argocd.argoproj.io/tracking-id"] = "x" },
	"another order": func(c *configuration) { slices.Reverse(c.Webhooks) },
}

func flip(c *configuration) {
	c.Webhooks[0].FailurePolicy = new(admissionregistrationv1.Fail)
}

func addCondition(c *configuration) {
	c.Webhooks[0].MatchConditions = append(c.Webhooks[0].MatchConditions, admissionregistrationv1.MatchCondition{Name: "never", Expression: "false"})
}

func setURL(c *configuration) {
	c.Webhooks[0].ClientConfig.Service, c.Webhooks[0].ClientConfig.URL = nil, new("https://other.example/")
}

// edit changes a webhook configuration by dry run, as somebody.
func (s *stage) edit(who *rest.Config, name string, change func(*configuration)) error {
	s.Helper()
	c := s.registration(name)
	change(c)
	_, err := s.as(who).AdmissionregistrationV1().ValidatingWebhookConfigurations().Update(s.Context(), c,
		metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// patch is what demarc itself does: it has no right to update.
func (s *stage) patch(user, patch string) error {
	s.Helper()
	_, err := s.as(s.cluster.As(user)).AdmissionregistrationV1().ValidatingWebhookConfigurations().Patch(s.Context(), "demarc",
		types.JSONPatchType, []byte(patch), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

func (s *stage) remove(who *rest.Config, name string) error {
	s.Helper()
	return s.as(who).AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(s.Context(), name,
		metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
}

func (s *stage) as(who *rest.Config) *kubernetes.Clientset {
	s.Helper()
	client, err := kubernetes.NewForConfig(who)
	if err != nil {
		s.Fatal(err)
	}
	return client
}

func (s *stage) kubectl(args ...string) {
	s.Helper()
	if out, err := exec.Command(s.cluster.Kubectl, append([]string{"--kubeconfig", s.kubeconfig}, args...)...).CombinedOutput(); err != nil {
		s.Fatalf("kubectl %v: %v: %s", args, err, out)
	}
}

func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !yes(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

// refused says whether the policy refused, in its own words, and not RBAC.
func refused(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), "a cluster-admin runs demarc emergency-off")
}

func TestSelfProtection(t *testing.T) {
	s := newStage(t)
	s.major = "4"
	s.helm("", "install", release, directory, "--set", "selfProtection.action=Deny", "--set-json", askNobody)
	s.ready()
	s.upgrade("", keepValues, "--set", failClosed)
	s.kubectl("create", "clusterrole", "webhook-editor", "--verb=*", "--resource=validatingwebhookconfigurations")
	s.kubectl("create", "clusterrolebinding", "webhook-editors", "--clusterrole=webhook-editor", "--user="+eve, "--user="+pipeline)
	s.kubectl("create", "clusterrolebinding", "pipeline", "--clusterrole=demarc-registrations-edit", "--user="+pipeline)
	s.kubectl("create", "-f", "testdata/webhooks.yaml")
	t.Cleanup(func() { s.helm("", "uninstall", release, "--no-hooks") })
	intruder := s.cluster.As(eve)
	eventually(t, "the policy is in force", func() bool { return refused(s.edit(intruder, "demarc-managed", flip)) })
	for _, name := range slices.Sorted(maps.Keys(tampering)) {
		if err := s.edit(intruder, "demarc-managed", tampering[name]); !refused(err) {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
		if err := s.edit(s.cluster.As(pipeline), "demarc-managed", tampering[name]); err != nil {
			t.Errorf("%s, by whoever has the right: %v", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(harmless)) {
		if err := s.edit(intruder, "demarc-managed", harmless[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct {
		what string
		err  error
		want bool
	}{
		{"delete ours", s.remove(intruder, "demarc"), true},
		{"delete ours as an administrator", s.remove(s.cluster.Config, "demarc"), false},
		{"delete ours before Helm does", s.remove(s.cluster.As(uninstaller), "demarc"), false},
		{"edit the provider's by its label", s.edit(intruder, "of-the-provider", flip), true},
		{"edit the provider's by its name", s.edit(intruder, "aks-node-validating-webhook", flip), true},
		{"edit the provider's as the provider", s.edit(s.cluster.As("aksService", "system:masters"), "of-the-provider", flip), false},
		{"edit somebody else's", s.edit(intruder, "of-somebody", flip), false},
		{"write a CA bundle as demarc", s.patch(account, `[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"`+bundle()+`"}]`), false},
		{"flip ours as demarc", s.patch(account, `[{"op":"add","path":"/webhooks/0/failurePolicy","value":"Ignore"}]`), true},
	} {
		if c.want && !refused(c.err) || !c.want && c.err != nil {
			t.Errorf("%s: got %v, want a refusal: %v", c.what, c.err, c.want)
		}
	}
}
