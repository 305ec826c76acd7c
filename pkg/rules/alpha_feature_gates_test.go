// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// gateInput is a pod under judgement on a server of that version; none if it is empty.
func gateInput(t testing.TB, server string, containers ...corev1.Container) policy.Input {
	t.Helper()
	raw, err := json.Marshal(corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, Spec: corev1.PodSpec{Containers: containers}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := object.Decode(raw, schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	in := policy.Input{Resource: object.Pods, Object: o}
	if server != "" {
		in.Cluster = &policy.ClusterFacts{ServerVersion: server}
	}
	return in
}

func gateChecker(t testing.TB, params string) policy.Check {
	t.Helper()
	p := alphaFeatureGates.Params.Defaults()
	if err := json.Unmarshal([]byte(params), p); err != nil {
		t.Fatal(err)
	}
	check, errs := alphaFeatureGates.Params.Bind(p, field.NewPath("params"))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return check
}

// TestAlphaFeatureGatesSaysWhatHelps covers what the fixtures don't show: fix, doubt and bound.
func TestAlphaFeatureGatesSaysWhatHelps(t *testing.T) {
	const scheduler = "registry.k8s.io/kube-scheduler"
	for name, c := range map[string]struct {
		server, image string
		command       []string
		want          policy.Finding
	}{
		"beta in a version that the server has": {"v1.36.3", scheduler + ":v1.34.4", []string{"kube-scheduler", "--feature-gates=ContainerRestartRules=true"},
			policy.Finding{Fix: "remove ContainerRestartRules=true, or upgrade kube-scheduler 1.34 to 1.35, where it is beta"}},
		"beta in a version that the server hasn't": {"v1.36.3", scheduler + ":v1.36.3", []string{"kube-scheduler", "--feature-gates=MemoryQoS=true"},
			policy.Finding{Fix: "remove MemoryQoS=true from kube-scheduler 1.36; it becomes beta in 1.37"}},
		"stable at once": {"v1.36.3", scheduler + ":v1.35.4", []string{"kube-scheduler", "--feature-gates=CustomCPUCFSQuotaPeriod=true"},
			policy.Finding{Fix: "remove CustomCPUCFSQuotaPeriod=true, or upgrade kube-scheduler 1.35 to 1.36, where it is GA"}},
		"removed": {"v1.36.3", scheduler + ":v1.34.4", []string{"kube-scheduler", "--feature-gates=UserNamespacesPodSecurityStandards=true"},
			policy.Finding{Fix: "remove UserNamespacesPodSecurityStandards=true from kube-scheduler 1.34; the gate is gone in 1.35"}},
		"alpha to the end": {"v1.36.3", scheduler + ":v1.36.3", []string{"kube-scheduler", "--feature-gates=QOSReserved=true"},
			policy.Finding{Fix: "remove QOSReserved=true from kube-scheduler 1.36; it is still alpha in 1.37"}},
		"every alpha": {"v1.36.3", scheduler + ":v1.36.3", []string{"kube-scheduler", "--feature-gates=AllAlpha=true"},
			policy.Finding{Fix: "remove AllAlpha=true"}},
		"no version": {"v1.36.3", scheduler, []string{"kube-scheduler", "--feature-gates=ContainerRestartRules=true"}, policy.Finding{
			Fix:   "remove ContainerRestartRules=true, or upgrade kube-scheduler to 1.35, where it is beta",
			Doubt: "it is not alpha in all of 1.33 to 1.36, one of which the component may be"}},
		"no version, nor the server's": {"", scheduler, []string{"kube-scheduler", "--feature-gates=QOSReserved=true"}, policy.Finding{
			Fix:   "remove QOSReserved=true from kube-scheduler; it is still alpha in 1.37",
			Doubt: "neither the image's tag nor the cluster tells the version"}},
		"no version, and a server beyond the table": {"v1.38.0", scheduler, []string{"kube-scheduler", "--feature-gates=QOSReserved=true"}, policy.Finding{
			Fix: "remove QOSReserved=true from kube-scheduler; it is still alpha in 1.37", Doubt: "the table of feature gates knows up to 1.37"}},
		"version beyond the table": {"v1.36.3", scheduler + ":v1.38.0", []string{"kube-scheduler", "--feature-gates=QOSReserved=true"}, policy.Finding{
			Fix: "remove QOSReserved=true", Doubt: "the table of feature gates knows up to 1.37"}},
		"script, and a value that isn't known": {"v1.36.3", "busybox", []string{"sh", "-c", "kube-scheduler --feature-gates=QOSReserved=true,$MORE"}, policy.Finding{
			Fix:   "remove QOSReserved=true from kube-scheduler; it is still alpha in 1.37",
			Doubt: "a script runs kube-scheduler, and may decide otherwise; a variable among the arguments is not known here"}},
		"autoscaler": {"v1.36.3", "cluster-autoscaler:v1.36.0", []string{"cluster-autoscaler", "--feature-gates=QOSReserved=true"}, policy.Finding{
			Fix: "remove QOSReserved=true from cluster-autoscaler 1.36; it is still alpha in 1.37", AtMost: policy.Warn}},
		"API server": {"v1.36.3", "kube-apiserver:v1.36.0", []string{"kube-apiserver", "--feature-gates=AllAlpha=true"}, policy.Finding{
			Fix: "remove AllAlpha=true", AtMost: policy.Audit}},
		"told another API server": {"v1.36.3", scheduler + ":v1.36.3", []string{"kube-scheduler", "--master=https://tenant", "--feature-gates=AllAlpha=true"}, policy.Finding{
			Fix: "remove AllAlpha=true", AtMost: policy.Audit}},
		"kubelets are always told theirs": {"v1.36.3", "kubelet:v1.36.3", []string{"kubelet", "--kubeconfig=/k", "--feature-gates=AllAlpha=true"}, policy.Finding{
			Fix: "remove AllAlpha=true"}},
	} {
		t.Run(name, func(t *testing.T) {
			findings := gateChecker(t, "{}")(gateInput(t, c.server, corev1.Container{Image: c.image, Command: c.command}))
			if len(findings) != 1 {
				t.Fatalf("%d findings, want 1", len(findings))
			}
			got := findings[0]
			got.Path, got.Message = nil, ""
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("finding (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAlphaFeatureGatesAllowed(t *testing.T) {
	c := corev1.Container{Image: "kube-scheduler:v1.36.3",
		Command: []string{"kube-scheduler", "--feature-gates=MemoryQoS=true,QOSReserved=true,AllAlpha=true"}}
	if got := len(gateChecker(t, `{"allowedGates":["MemoryQoS","QOSReserved"]}`)(gateInput(t, "v1.36.3", c))); got != 1 {
		t.Errorf("%d findings, want that of AllAlpha alone", got)
	}
	for gates, want := range map[string]string{
		`["MemoryQoS","MemoryQoS"]`:        `params.allowedGates[1]: Duplicate value: "MemoryQoS"`,
		`["Memory"]`:                       `params.allowedGates[0]: Invalid value: "Memory": must be a feature gate that was alpha in some version of Kubernetes`,
		`["AllAlpha"]`:                     `params.allowedGates[0]: Invalid value: "AllAlpha": must be a single gate: what comes with the next version is not documented`,
		`["MemoryQoS","GracefulNodeShut"]`: `params.allowedGates[1]: Invalid value: "GracefulNodeShut": must be a feature gate that was alpha in some version of Kubernetes`,
		`["MemoryQoS","EventedPLEG"]`:      "",
		`[]`:                               "",
	} {
		p := alphaFeatureGates.Params.Defaults().(*alphaFeatureGatesParams)
		if err := json.Unmarshal([]byte(gates), &p.AllowedGates); err != nil {
			t.Fatal(err)
		}
		_, errs := alphaFeatureGates.Params.Bind(p, field.NewPath("params"))
		got := ""
		if len(errs) > 0 {
			got = errs.ToAggregate().Error()
		}
		if got != want {
			t.Errorf("%s: error %q, want %q", gates, got, want)
		}
	}
}

// TestOtherProgramsAtEveryVersion runs the pass cases about other programs on every server, because the gates whose
// names they share are alpha at different times.
func TestOtherProgramsAtEveryVersion(t *testing.T) {
	cases, err := fixtures.Load()
	if err != nil {
		t.Fatal(err)
	}
	check, ran := gateChecker(t, "{}"), 0
	for _, c := range cases {
		in, err := c.Input()
		if err != nil {
			t.Fatal(err)
		}
		if c.Rule != string(alphaFeatureGates.ID) || c.Dir != fixtures.Pass || !runsOthers(in.Object) {
			continue
		}
		ran++
		for m := featuregates.Minor(20); m <= 39; m++ {
			in.Cluster = &policy.ClusterFacts{ServerVersion: "v" + m.String() + ".1"}
			if got := check(in); len(got) > 0 {
				t.Errorf("%s on %s: %s", c.ID(), m, got[0].Message)
			}
		}
		in.Cluster = nil
		if got := check(in); len(got) > 0 {
			t.Errorf("%s without a version: %s", c.ID(), got[0].Message)
		}
	}
	if ran < 30 {
		t.Errorf("%d cases are about other programs", ran)
	}
}

// runsOthers says whether a pod runs no component, sets no gates of client-go and says nothing of a kubelet's files.
func runsOthers(o *object.Object) bool {
	pod, ok := o.Pod()
	if !ok {
		return false
	}
	for _, c := range pod.Containers() {
		if len(kubecomponent.Identify(c, &kubecomponent.ScriptReader{})) > 0 || editsKubelet(c) {
			return false
		}
		for _, e := range c.Env {
			if strings.HasPrefix(e.Name, clientEnvPrefix) {
				return false
			}
		}
	}
	return true
}

func TestSetsTrue(t *testing.T) {
	for rest, want := range map[string]bool{
		"=true": true, " = true": true, `": true`: true, `\": true}`: true, `"]=True`: true, "=true,B=false": true, ": 'true'": true,
		" |= true": true, "=TRUE\n": true, `=\"true\"`: true,
		"": false, "=": false, "=false": false, " true": false, "==true": false, " == true": false, "!=true": false, "=truest": false,
		"=true2": false, "-true": false, ", B=true": false, "=$true": false, "\n=true": false,
	} {
		if got := setsTrue(rest); got != want {
			t.Errorf("%q sets true: %v, want %v", rest, got, want)
		}
	}
}

func TestClientGatesWereAlpha(t *testing.T) {
	for _, gate := range clientGates {
		if len(featuregates.AlphaRanges(gate)) == 0 {
			t.Errorf("%s was never alpha", gate)
		}
	}
}

// TestAlphaFeatureGatesOnHostilePods gives the rule as much text as a request holds. What takes more than its length in
// steps would not end before the test run gives up.
func TestAlphaFeatureGatesOnHostilePods(t *testing.T) {
	const most = 1 << 20
	privileged := &corev1.SecurityContext{Privileged: new(true)}
	script := "feature-gates /etc/default/kubelet kubelet\n" + strings.Repeat("x;", (kubecomponent.MaxScript-100)/2)
	var gates, many []corev1.Container
	for range most / len(script) {
		gates = append(gates, corev1.Container{Image: "a", Command: []string{"sh", "-c", script}, SecurityContext: privileged})
	}
	var all strings.Builder
	for gate := range featuregates.All() {
		all.WriteString(gate + "=true,")
	}
	for range most / all.Len() {
		many = append(many, corev1.Container{Image: "kube-proxy:v1.36.3", Command: []string{"kube-proxy", "--feature-gates=" + all.String()}})
	}
	for name, containers := range map[string][]corev1.Container{
		"scripts":   gates,
		"all gates": many,
		"text": {{Image: "a", SecurityContext: privileged,
			Args: []string{"feature-gates /etc/default/kubelet " + strings.Repeat("MemoryQoS=true ", most/15)}}},
		"dollars": {{Image: "kubelet", Args: []string{"--feature-gates=" + strings.Repeat("$(", most/2)}}},
	} {
		findings := gateChecker(t, "{}")(gateInput(t, "v1.36.3", containers...))
		if len(findings) > mostGateFindings {
			t.Errorf("%s: %d findings", name, len(findings))
		}
	}
}

// plainPod has twenty containers with nothing to find.
func plainPod(t testing.TB) policy.Input {
	containers := make([]corev1.Container, 20)
	for i := range containers {
		containers[i] = corev1.Container{
			Name: "web", Image: "contoso.azurecr.io/shop/web:2026.11.3", Command: []string{"/app/server"},
			Args: []string{"--listen=:8080", "--database=$(DATABASE)", "--log-level=info", "--cache=redis.shop.svc:6379"},
			Env: []corev1.EnvVar{{Name: "DATABASE", Value: "postgres://db.shop.svc:5432/shop"}, {Name: "TZ", Value: "UTC"},
				{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "http://collector.observability.svc:4317"}},
		}
	}
	in := gateInput(t, "v1.36.3", containers...)
	in.Object.Pod() // Decoding is not the rule's.
	return in
}

func TestAlphaFeatureGatesAllocatesNothing(t *testing.T) {
	check, in := gateChecker(t, "{}"), plainPod(t)
	if got := testing.AllocsPerRun(100, func() { check(in) }); got != 0 {
		t.Errorf("%v allocations for a pod with nothing to find", got)
	}
}

func BenchmarkAlphaFeatureGates(b *testing.B) {
	check, in := gateChecker(b, "{}"), plainPod(b)
	b.ReportAllocs()
	for b.Loop() {
		check(in)
	}
}
