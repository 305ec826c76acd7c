// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// step is one thing that happens, and what must come of it.
type step struct {
	title string
	act   act
}

// act is what a step does.
type act interface {
	// want says what must come of it.
	want() string
	// play does it, shows what there is to see, and says what came of it. An
	// error is what spoils it even if that is what was wanted.
	play(ctx context.Context, s *stage) (got string, err error)
}

// request is a command of kubectl.
type request struct {
	by      person
	command string
	verdict verdict
	// says is a part of what kubectl must print.
	says string
}

func (r request) want() string { return r.verdict.String() }

func (r request) play(ctx context.Context, s *stage) (string, error) {
	s.showCommand(r.by, r.command)
	for _, line := range opening(r.command) {
		s.out.line(span{faint, "  " + line})
	}
	output, err := s.kubectl(ctx, r.by, r.command)
	s.out.quote(output)
	got := verdictOf(output, err).String()
	var errs []error
	if !strings.Contains(output, r.says) {
		errs = append(errs, fmt.Errorf("kubectl did not say %q", r.says))
	}
	// What passed because nobody answered proves nothing.
	if !s.toldToStop {
		errs = append(errs, s.checkAnswered())
	}
	return got, errors.Join(errs...)
}

// showCommand shows a command with whoever gives it in front, broken as one
// may break it in a shell.
func (s *stage) showCommand(by person, command string) {
	const inShell = ` \`
	sign := "  " + by.name + " $ "
	rows := wrap(command, width-len(sign)-len(inShell))
	for i, row := range rows {
		if i < len(rows)-1 {
			row += inShell
		}
		s.out.line(span{prompt, sign}, span{plain, row})
		sign = strings.Repeat(" ", len(sign))
	}
}

// opening returns the comment that the command's manifest begins with: what
// there is to see in there.
func opening(command string) []string {
	_, file, ok := strings.Cut(command, " -f ")
	if !ok {
		return nil
	}
	var lines []string
	for line := range strings.Lines(manifest(file)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines
}

const (
	userNode = "aks-user-23456789-vmss000001"
	coredns  = "deployment coredns --namespace kube-system"
	// scale is the request that refusal, audit and failing open are shown by.
	scale = "kubectl scale " + coredns + " --replicas=0"
)

func story() []step {
	return []step{
		{"A log agent in the team's own namespace",
			request{ada, "kubectl apply -f log-agent.yaml", accepted, ""}},
		{"A privileged DaemonSet in kube-system",
			request{ada, "kubectl apply -f privileged-daemonset.yaml",
				refusedBy("privileged-daemonset").andWarnedBy("managed-namespace-workload"), "hostPID"}},

		{"DNS forwarding, the way AKS documents it",
			request{platform, "kubectl apply --server-side -f coredns-custom.yaml", accepted, ""}},
		{"The same under a key that CoreDNS never reads",
			request{platform, "kubectl apply --server-side -f coredns-custom-wrong-key.yaml",
				warnedBy("managed-component"), "contoso.conf"}},

		{"The local admin scales CoreDNS to nothing",
			request{localAdmin, scale, refusedBy("managed-component"), "must stay 2"}},
		{"Restarting a managed component, as documented",
			request{localAdmin, "kubectl rollout restart deployment metrics-server --namespace kube-system", accepted, ""}},
		{"AKS scales CoreDNS: same group, another name",
			request{aks, "kubectl scale " + coredns + " --replicas=3", accepted, ""}},

		{"Making a system node by changing a label",
			request{platform, "kubectl label node " + userNode + " kubernetes.azure.com/mode=system --overwrite",
				refusedBy("node-system-metadata"), "az aks nodepool update"}},
		{"A label of one's own on the same node",
			request{platform, "kubectl label node " + userNode + " contoso.example/disk=fast", accepted, ""}},
		{"Cordoning the node",
			request{platform, "kubectl cordon " + userNode, accepted, ""}},

		{"A scheduler of one's own with an alpha gate on",
			request{flux, "kubectl apply -f second-scheduler.yaml", refusedBy("alpha-feature-gates"), "CrossNamespaceVolumeDataSource"}},
		{"The gate of the same name in a CSI sidecar",
			request{flux, "kubectl apply -f csi-provisioner.yaml", accepted, ""}},

		{"A namespace with AKS's own mark on it",
			request{flux, "kubectl apply -f namespace-with-mark.yaml", refusedBy("provider-marks"), "control-plane"}},

		{"An exemption, with a reason and an end",
			reconfigure{exemption(time.Now()), "The file is rewritten; demarc reads it again by itself."}},
		{"The DaemonSet of step 2 again",
			request{ada, "kubectl apply -f privileged-daemonset.yaml", accepted, ""}},
		{"The exemption runs out",
			reconfigure{manifest("configuration-exemption.yaml"), "The demo puts its end into the past."}},
		{"A change that makes nothing worse",
			request{ada, "kubectl set image daemonset/node-tuner sysctl=busybox:1.38 --namespace kube-system",
				warnedBy("privileged-daemonset"), "has run out"}},

		{"A tenant marks his own DaemonSet as exempt",
			request{ada, "kubectl apply -f marked-daemonset.yaml",
				refusedBy("exemption-mark", "privileged-daemonset").andWarnedBy("managed-namespace-workload"),
				"admissions.enforcer/disabled"}},
		{"The same mark set by an administrator",
			request{platform, "kubectl apply -f marked-daemonset.yaml", accepted, ""}},

		{"Audit mode: a ceiling over every rule",
			reconfigure{manifest("configuration-audit.yaml"), "Nothing is refused any more, and nobody warned; all is recorded."}},
		{"The request of step 5 once more",
			request{localAdmin, scale, accepted, ""}},
		{"What the API server's audit log says of it", auditRecord{}},
		{"What demarc's metrics say of it", metricRecord{}},

		{"demarc is told to stop", stopGuard{}},
		{"The cluster works on, as if it weren't there",
			request{localAdmin, "kubectl scale " + coredns + " --replicas=3", accepted, ""}},
		{"What the API server's audit log says of that", failedOpen{}},
		{"What demarc itself asked of the API server", accountRecord{}},
	}
}

// result is a step and what came of it.
type result struct {
	title, want, got string
	err              error
}

func (r result) ok() bool { return r.err == nil && r.got == r.want }

// play goes through the story. A step that fails does not end it: what the
// next ones say helps to find out why.
func play(ctx context.Context, s *stage, steps []step) []result {
	introduce(s)
	var results []result
	for i, step := range steps {
		if ctx.Err() != nil || s.out.err != nil {
			break
		}
		s.out.blank()
		s.out.line(span{heading, fmt.Sprintf("%d. %s", i+1, step.title)})
		r := result{title: step.title, want: step.act.want()}
		r.got, r.err = step.act.play(ctx, s)
		results = append(results, r)
		if ctx.Err() != nil {
			break
		}
		s.judge(r)
		if !s.guard.running() && !s.toldToStop {
			s.out.mark(false, s.guard.unasked().Error())
			s.showLastWords()
			break
		}
	}
	return results
}

func (s *stage) judge(r result) {
	if r.ok() {
		s.out.mark(true, r.got)
		return
	}
	if r.got != r.want {
		s.out.mark(false, "got: "+r.got)
		s.out.mark(false, "want: "+r.want)
	}
	if r.err != nil {
		for line := range strings.SplitSeq(r.err.Error(), "\n") {
			s.out.mark(false, line)
		}
	}
	s.showLastWords()
}

func (s *stage) showLastWords() {
	s.out.line(span{faint, "  demarc's last words:"})
	s.out.quote(s.guard.lastWords())
}

func introduce(s *stage) {
	s.out.blank()
	s.out.text("A real Kubernetes API server with the namespaces, marks, nodes and identities of an AKS cluster. " +
		"demarc guards it as a webhook. Behind the bar stands what kubectl printed, as it came; a dotted bar goes on with a " +
		"line that was too long.")
	s.out.blank()
	for _, p := range people() {
		s.out.line(span{prompt, fmt.Sprintf("  %-13s", p.name)}, span{plain, p.about})
	}
}
