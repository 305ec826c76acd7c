// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
)

// most are the values with which every pod is made.
const most = "{registration: {customers: {failurePolicy: Fail}}, enforcer: {enabled: true}}"

// podSpecs returns the pods that the chart makes, in the set-up that makes most.
func podSpecs(t *testing.T) map[string]corev1.PodTemplateSpec {
	t.Helper()
	list := render(t, most)
	return map[string]corev1.PodTemplateSpec{
		"Deployment demarc":          find[appsv1.Deployment](t, list, "Deployment", "demarc").Spec.Template,
		"Deployment demarc-enforcer": find[appsv1.Deployment](t, list, "Deployment", "demarc-enforcer").Spec.Template,
		"Deployment demarc-auditor":  find[appsv1.Deployment](t, list, "Deployment", "demarc-auditor").Spec.Template,
		"Job demarc-uninstall":       find[batchv1.Job](t, list, "Job", "demarc-uninstall").Spec.Template,
	}
}

// requirement is something that must hold for every pod, and why.
type requirement struct {
	name, why string
	holds     func(corev1.PodTemplateSpec, corev1.Container) bool
}

// The Pod Security Standard restricted, which the test against a real API server asks for too, and then some.
var hardening = []requirement{
	{"no privilege escalation", "Pod Security Standard restricted", func(_ corev1.PodTemplateSpec, c corev1.Container) bool {
		return c.SecurityContext != nil && c.SecurityContext.AllowPrivilegeEscalation != nil && !*c.SecurityContext.AllowPrivilegeEscalation
	}},
	{"no capabilities", "Pod Security Standard restricted", func(_ corev1.PodTemplateSpec, c corev1.Container) bool {
		return slices.Equal(c.SecurityContext.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(c.SecurityContext.Capabilities.Add) == 0
	}},
	{"a user by number that is not root", "Pod Security Standard restricted; the kubelet can't tell a name from root", func(p corev1.PodTemplateSpec, c corev1.Container) bool {
		return *p.Spec.SecurityContext.RunAsNonRoot && *c.SecurityContext.RunAsNonRoot && *p.Spec.SecurityContext.RunAsUser > 0
	}},
	{"seccomp", "Pod Security Standard restricted", func(p corev1.PodTemplateSpec, _ corev1.Container) bool {
		return p.Spec.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault
	}},
	{"nothing of the host's", "Pod Security Standard baseline", func(p corev1.PodTemplateSpec, c corev1.Container) bool {
		return !p.Spec.HostNetwork && !p.Spec.HostPID && !p.Spec.HostIPC &&
			!slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.HostPort != 0 }) &&
			!slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.HostPath != nil })
	}},
	{"a root file system that can't be written", "whoever breaks in finds no place to put anything", func(_ corev1.PodTemplateSpec, c corev1.Container) bool {
		return *c.SecurityContext.ReadOnlyRootFilesystem
	}},
	{"no links of Services", "the environment of a pod must not depend on what else is in its namespace", func(p corev1.PodTemplateSpec, _ corev1.Container) bool {
		return p.Spec.EnableServiceLinks != nil && !*p.Spec.EnableServiceLinks
	}},
}

// AKS Deployment Safeguards in Enforce, the default of AKS Automatic.
var safeguards = []requirement{
	{"requests of 100m and 100Mi at least", "below, the safeguards raise them", func(_ corev1.PodTemplateSpec, c corev1.Container) bool {
		return c.Resources.Requests.Cpu().Cmp(resource.MustParse("100m")) >= 0 && c.Resources.Requests.Memory().Cmp(resource.MustParse("100Mi")) >= 0
	}},
	{"a limit of memory", "one pod must not take a node down", func(_ corev1.PodTemplateSpec, c corev1.Container) bool {
		return !c.Resources.Limits.Memory().IsZero()
	}},
	{"an image with a tag that is not latest, or a digest", "images must not use latest", func(_ corev1.PodTemplateSpec, c corev1.Container) bool {
		_, tag, found := strings.Cut(c.Image[strings.LastIndex(c.Image, "/"):], ":")
		return found && tag != "latest"
	}},
	{"no label with AKS's prefix", "no AKS-specific labels, neither in keys nor in values", func(p corev1.PodTemplateSpec, _ corev1.Container) bool {
		return !strings.Contains(fmt.Sprint(p.Labels), "kubernetes.azure.com")
	}},
	{"no toleration of the system pools' taint", "reserved for system pools; AKS Automatic refuses it, and demarc's own rule finds it", func(p corev1.PodTemplateSpec, _ corev1.Container) bool {
		return len(p.Spec.Tolerations) == 0
	}},
	{"no volume but files of the cluster's and memory", "storage must come from CSI", func(p corev1.PodTemplateSpec, _ corev1.Container) bool {
		return !slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.ConfigMap == nil && v.Secret == nil && v.EmptyDir == nil })
	}},
	{"no host in probes and hooks", "baseline of AKS Automatic", func(_ corev1.PodTemplateSpec, c corev1.Container) bool {
		for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe} {
			if p != nil && p.HTTPGet.Host != "" {
				return false
			}
		}
		return true
	}},
}

func TestPods(t *testing.T) {
	t.Parallel()
	pods := podSpecs(t)
	for _, where := range slices.Sorted(maps.Keys(pods)) {
		for _, c := range pods[where].Spec.Containers {
			for _, r := range slices.Concat(hardening, safeguards) {
				if !r.holds(pods[where], c) {
					t.Errorf("%s must have %s: %s", where, r.name, r.why)
				}
			}
		}
	}
}

func TestDeployment(t *testing.T) {
	t.Parallel()
	d := find[appsv1.Deployment](t, render(t, ""), "Deployment", "demarc")
	spec, container := d.Spec.Template.Spec, d.Spec.Template.Spec.Containers[0]
	require := func(ok bool, why string) {
		t.Helper()
		if !ok {
			t.Error(why)
		}
	}
	require(*d.Spec.Replicas >= 2, "one replica does not survive the loss of its node")
	require(d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() == 0, "a rollout must not leave fewer replicas than before")
	require(container.ReadinessProbe != nil && container.LivenessProbe != nil, "Deployment Safeguards want both probes")
	require(container.LivenessProbe.HTTPGet.Path == "/healthz", "a restart mends no certificate and no API server: liveness is about the process alone")
	require(container.StartupProbe == nil, "what readiness waits for is not mended by a restart")
	require(container.Resources.Requests.Memory().Equal(*container.Resources.Limits.Memory()), "a node must not be overbooked with our memory")
	require(container.Resources.Limits.Cpu().IsZero(), "throttling slows down whoever waits for a verdict")
	require(spec.PriorityClassName == "system-cluster-critical", "what guards the cluster goes last")
	selector := labels.SelectorFromSet(d.Spec.Selector.MatchLabels)
	require(selector.Matches(labels.Set(d.Spec.Template.Labels)), "the selector must find its pods")
	for _, key := range []string{corev1.LabelHostname, corev1.LabelTopologyZone} {
		require(slices.ContainsFunc(spec.TopologySpreadConstraints, func(c corev1.TopologySpreadConstraint) bool {
			return c.TopologyKey == key && labels.SelectorFromSet(c.LabelSelector.MatchLabels).Matches(labels.Set(d.Spec.Template.Labels))
		}), "replicas must be spread by "+key)
	}
	stop := container.Lifecycle.PreStop.Sleep.Seconds
	require(stop > 0, "the pod must leave the Service before it is told to stop")
	// The process goes on for 10 s, lets requests in hand end for 5 s more than they may take, and the manager has 10 s.
	require(*spec.TerminationGracePeriodSeconds >= stop+10+3+5+10, "the kubelet must not kill what is still draining")
}

// Labels that a user adds never take the place of those that things are found by.
func TestUsersLabelsComeLast(t *testing.T) {
	t.Parallel()
	d := find[appsv1.Deployment](t, render(t, "podLabels: {app.kubernetes.io/name: other, team: platform}"), "Deployment", "demarc")
	got := d.Spec.Template.Labels
	if got["app.kubernetes.io/name"] != "demarc" || got["team"] != "platform" {
		t.Errorf("got labels %v", got)
	}
}

// A Service whose selector fits others' pods sends them our requests, or theirs to us.
func TestSelectorsAreUnique(t *testing.T) {
	t.Parallel()
	list := render(t, most)
	services := 0
	for _, d := range list {
		if d.text("kind") != "Service" {
			continue
		}
		services++
		s := find[corev1.Service](t, list, "Service", d.text("metadata", "name"))
		for where, pod := range podSpecs(t) {
			if got, want := labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(pod.Labels)), where == "Deployment "+s.Name; got != want {
				t.Errorf("Service %s selects the pods of %s: %v, want %v", s.Name, where, got, want)
			}
		}
	}
	if services != 3 { // of the webhook, the auditor and the enforcer
		t.Errorf("got %d Services, want 3", services)
	}
}

// Everything can be found by its labels, is where it says, and nothing bears a mark that AKS or its enforcer reads.
func TestMetadata(t *testing.T) {
	t.Parallel()
	for _, d := range render(t, everything) {
		l, _ := d.at("metadata", "labels").(map[string]any)
		if l["app.kubernetes.io/name"] != "demarc" || l["app.kubernetes.io/instance"] != release || l["app.kubernetes.io/managed-by"] != "Helm" {
			t.Errorf("%s: got labels %v", d.id(), l)
		}
		for key, value := range l {
			if strings.Contains(key+fmt.Sprint(value), "kubernetes.azure.com") || key == "control-plane" {
				t.Errorf("%s: %s is AKS's to set", d.id(), key)
			}
		}
		if ns := d.text("metadata", "namespace"); ns != "" && ns != namespace && d.text("metadata", "name") != "demarc-events" {
			t.Errorf("%s: is in another namespace than the release's", d.id())
		}
	}
}

// GOMEMLIMIT is 80 % of the limit, in bytes, however that is written.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string]string{
		"256Mi": "214748364", "1Gi": "858993459", "262144Ki": "214748364", "300M": "240000000", "1G": "800000000",
		"0.5Gi": "429496729", "268435456": "214748364", "2e8": "160000000", "3E8": "240000000", "250000k": "200000000", "400000000000m": "320000000",
		"1Ti": "879609302220", "1T": "800000000000", "1E": "800000000000000000",
	} {
		d := find[appsv1.Deployment](t, render(t, "resources: {limits: {memory: "+limit+"}}"), "Deployment", "demarc")
		if got := environment(d, "GOMEMLIMIT"); got != want {
			t.Errorf("%s: got %q, want %q", limit, got, want)
		}
	}
	d := find[appsv1.Deployment](t, render(t, "resources: {limits: null}"), "Deployment", "demarc")
	if got := environment(d, "GOMEMLIMIT"); got != "" {
		t.Errorf("without a limit: got %q, want none", got)
	}
}

func environment(d *appsv1.Deployment, name string) string {
	for _, e := range d.Spec.Template.Spec.Containers[0].Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}
