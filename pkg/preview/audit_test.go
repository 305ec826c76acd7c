// SPDX-License-Identifier: Apache-2.0

package preview_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/preview"
	"github.com/demarc-dev/demarc/pkg/webhook"
)

const failure = `{"kind":"Status","apiVersion":"v1","status":"Failure"}`

// answers names what came of each request of an audit log, with why it is unsure or nothing.
func answers(t *testing.T, o preview.Options, events ...event) (list []string, s preview.Source) {
	t.Helper()
	o.Each = func(_ preview.SourceKind, q preview.Request) {
		for _, v := range q.Verdicts {
			if v.Rule != "privileged-daemonset" {
				continue
			}
			line := fmt.Sprintf("%s %s %s by %s", v.Outcome(), q.Operation, q.Name, q.User)
			if q.Failed {
				line += " (failed)"
			}
			if q.DryRun {
				line += " (dry run)"
			}
			list = append(list, line)
		}
	}
	var lines []string
	for _, e := range events {
		lines = append(lines, e.String())
	}
	r, problems := read(t, o, strings.Join(lines, "\n"))
	if len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
	return list, r.Sources[0]
}

func annotated(findings, verdicts string) map[string]string {
	a := map[string]string{"customers.demarc.dev/decision": "allowed"}
	if verdicts != "" {
		a["customers.demarc.dev/findings"], a["customers.demarc.dev/verdicts"] = findings, verdicts
	}
	return a
}

const tallyDeny = "privileged-daemonset mode=Audit rule=Deny bound=Deny count=2"

func TestReplay(t *testing.T) {
	bad, good := daemonSet("agent", true), daemonSet("agent", false)
	for name, c := range map[string]struct {
		events []event
		want   []string
	}{
		"creation":           {[]event{{name: "agent", request: bad, response: bad, code: 201}}, []string{"refused CREATE agent by " + flux}},
		"name by the server": {[]event{{request: bad, response: bad, code: 201}}, []string{"refused CREATE agent by " + flux}},
		"apply that creates": {[]event{{verb: "patch", name: "agent", request: `{}`, response: bad, code: 201}}, []string{"refused CREATE agent by " + flux}},
		"level Request":      {[]event{{level: "Request", name: "agent", request: bad, code: 201}}, []string{"refused CREATE agent by " + flux}},
		"harmless":           {[]event{{name: "agent", request: good, response: good, code: 201}}, nil},
		"impersonated":       {[]event{{name: "agent", response: bad, code: 201, as: "ada"}}, []string{"refused CREATE agent by ada"}},
		"the provider":       {[]event{{name: "agent", response: bad, code: 201, user: "aksService"}}, nil},
		"as the provider":    {[]event{{name: "agent", response: bad, code: 201, as: "aksService"}}, nil},
		"failed":             {[]event{{name: "agent", request: bad, response: failure, code: 409}}, []string{"refused CREATE agent by " + flux + " (failed)"}},
		"dry run":            {[]event{{name: "agent", response: bad, code: 201, uri: "/apis/apps/v1/namespaces/kube-system/daemonsets?dryRun=All&fieldManager=x"}}, []string{"refused CREATE agent by " + flux + " (dry run)"}},
		"other stage":        {[]event{{stage: "Panic", name: "agent", response: bad}}, nil},
		"change, before unknown": {[]event{{verb: "update", name: "agent", request: bad, response: bad}},
			[]string{"perhaps UPDATE agent by " + flux}},
		"change for the worse": {[]event{{name: "agent", response: good, code: 201}, {minute: 1, verb: "patch", name: "agent", request: `{}`, response: bad}},
			[]string{"refused UPDATE agent by " + flux}},
		"change of nothing": {[]event{{name: "agent", response: bad, code: 201}, {minute: 1, verb: "patch", name: "agent", request: `{}`, response: bad}},
			[]string{"refused CREATE agent by " + flux, "warned UPDATE agent by " + flux}},
		"a dry run is no state": {[]event{{name: "agent", response: good, code: 201}, {minute: 1, verb: "update", name: "agent", response: bad, uri: "/x?dryRun=All"}, {minute: 2, verb: "update", name: "agent", response: bad}},
			[]string{"refused UPDATE agent by " + flux + " (dry run)", "refused UPDATE agent by " + flux}},
		"a failure is no state": {[]event{{name: "agent", response: good, code: 201}, {minute: 1, verb: "update", name: "agent", request: bad, response: failure, code: 500}, {minute: 2, verb: "update", name: "agent", response: bad}},
			[]string{"refused UPDATE agent by " + flux + " (failed)", "refused UPDATE agent by " + flux}},
		"gone between": {[]event{{name: "agent", response: bad, code: 201, as: "aksService"}, {minute: 1, verb: "delete", name: "agent", response: `{"kind":"Status","status":"Success"}`, as: "aksService"}, {minute: 2, verb: "update", name: "agent", response: bad}},
			[]string{"perhaps UPDATE agent by " + flux}},
		"namespace unknown": {[]event{{name: "agent", namespace: "calico-system", code: 201, response: strings.ReplaceAll(bad, "kube-system", "calico-system"), user: "ada"}},
			[]string{"perhaps CREATE agent by ada"}},
		"demarc's word counts":     {[]event{{name: "agent", response: bad, code: 201, annotations: annotated("", "")}}, nil},
		"demarc's word, no object": {[]event{{level: "Metadata", name: "agent", annotations: annotated("x", tallyDeny)}}, []string{"refused CREATE agent by " + flux}},
		"demarc's word, bound": {[]event{{level: "Metadata", name: "agent", annotations: annotated("x", "privileged-daemonset mode=Audit rule=Deny bound=Warn count=1")}},
			[]string{"warned CREATE agent by " + flux}},
		"refused by demarc": {[]event{{level: "Metadata", name: "agent", code: 403, annotations: map[string]string{"demarc.dev/decision": "denied", "demarc.dev/verdicts": strings.Replace(tallyDeny, "Audit", "Deny", 1)}}},
			[]string{"refused CREATE agent by " + flux}},
		"another's webhook": {[]event{{level: "Metadata", name: "agent", annotations: map[string]string{"notdemarc.dev/decision": "allowed", "notdemarc.dev/verdicts": tallyDeny}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := answers(t, options(t), c.events...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

// What the log does not tell is counted, with the reason.
func TestUntold(t *testing.T) {
	for name, c := range map[string]struct {
		event event
		want  string
	}{
		"metadata":  {event{level: "Metadata", name: "a"}, "the event has no object: its level is Metadata"},
		"patch":     {event{level: "Request", verb: "patch", name: "a", request: `{"spec":{}}`}, "the event has a patch"},
		"size":      {event{name: "a", request: `"skipped-too-big-size-object"`, response: `"skipped-too-big-size-object"`}, "the objects were left out of the event for their size"},
		"truncated": {event{name: "a", annotations: map[string]string{"audit.k8s.io/truncated": "true"}}, "the objects were left out of the event for their size"},
		"many":      {event{verb: "deletecollection", response: `{"kind":"Status","status":"Success"}`}, "a deletecollection without the list"},
		"broken":    {event{name: "a", response: `{"kind":"DaemonSet","metadata":7}`, request: `{"metadata":7,"kind":"DaemonSet"}`}, "an object in the event can't be read"},
		"old words": {event{level: "Metadata", name: "a", annotations: annotated("x", "who knows")}, "the annotation of demarc's verdicts"},
	} {
		t.Run(name, func(t *testing.T) {
			_, s := answers(t, options(t), c.event)
			if len(s.Untold) != 1 || s.Untold[0].Requests != 1 || !strings.HasPrefix(s.Untold[0].Why, c.want) {
				t.Errorf("got %+v, want %q", s.Untold, c.want)
			}
		})
	}
}

// A deletion is judged by what was deleted: the answer, the log before it, or nobody knows.
func TestDeletions(t *testing.T) {
	coredns := `{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"coredns","namespace":"kube-system","labels":{"kubernetes.azure.com/managedby":"aks"}},"spec":{}}`
	list := `{"kind":"DeploymentList","apiVersion":"apps/v1","items":[` + coredns + `,` + strings.ReplaceAll(coredns, "coredns", "konnectivity-agent") + `,7]}`
	const status = `{"kind":"Status","apiVersion":"v1","status":"Success"}`
	deploy := event{resource: "deployments", name: "coredns", uri: "/apis/apps/v1/namespaces/kube-system/deployments/coredns"}
	with := func(f func(*event)) event { e := deploy; f(&e); return e }
	for name, c := range map[string]struct {
		events []event
		want   []string
	}{
		"answer": {[]event{with(func(e *event) { e.verb, e.response = "delete", coredns })}, []string{"coredns"}},
		"log":    {[]event{with(func(e *event) { e.code, e.response, e.user = 201, coredns, "aksService" }), with(func(e *event) { e.verb, e.response = "delete", status })}, []string{"coredns"}},
		"nobody": {[]event{with(func(e *event) { e.verb, e.response = "delete", status })}, nil},
		"many":   {[]event{with(func(e *event) { e.verb, e.name, e.response = "deletecollection", "", list })}, []string{"coredns", "konnectivity-agent"}},
		"dry run, body": {[]event{with(func(e *event) {
			e.verb, e.response, e.request = "delete", coredns, `{"kind":"DeleteOptions","dryRun":["All"]}`
		})}, []string{"coredns dry"}},
	} {
		t.Run(name, func(t *testing.T) {
			o, got := options(t), []string(nil)
			o.Each = func(_ preview.SourceKind, q preview.Request) {
				if q.Outcome() == preview.Refused && q.Operation == "DELETE" {
					got = append(got, strings.TrimSpace(q.Name+map[bool]string{true: " dry"}[q.DryRun]))
				}
			}
			var lines []string
			for _, e := range c.events {
				lines = append(lines, e.String())
			}
			if _, problems := read(t, o, strings.Join(lines, "\n")); len(problems) > 0 {
				t.Error(problems)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
		})
	}
}

// A connection is asked for by any verb, and its options stand in the address.
func TestConnections(t *testing.T) {
	o := options(t, func(c *v1alpha1.Configuration) {
		c.Rules["managed-workload-access"] = v1alpha1.Rule{Mode: policy.Deny}
	})
	var got []string
	o.Each = func(_ preview.SourceKind, q preview.Request) { got = append(got, q.Name) }
	exec := func(verb, name, command string) string {
		return event{verb: verb, group: "core", resource: "pods", name: name, sub: "exec", code: 101,
			uri: "/api/v1/namespaces/kube-system/pods/" + name + "/exec?command=" + command + "&container=c&stdout=true"}.String()
	}
	log := strings.Join([]string{exec("get", "coredns-1", "sh"), exec("create", "coredns-2", "sh"), exec("get", "cilium-x", "cilium-dbg")}, "\n")
	if _, problems := read(t, o, log); len(problems) > 0 {
		t.Error(problems)
	}
	if diff := cmp.Diff([]string{"coredns-1", "coredns-2"}, got); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

// The questions that can be asked of the same record.
func TestQuestions(t *testing.T) {
	log := strings.Join([]string{
		line(0, "a", "privileged-daemonset", policy.Deny, flux, "kube-system", "agent", ""),
		line(1, "b", "privileged-daemonset", policy.Deny, flux, "kube-system", "exempt", `,"exemption":"old"`),
		line(2, "c", "managed-component", policy.Deny, "ada", "kube-system", "coredns", ""),
		line(3, "d", "gone-rule", policy.Deny, "ada", "kube-system", "coredns", ""),
	}, "\n")
	exempting := func(c *v1alpha1.Configuration) {
		c.Exemptions = []v1alpha1.Exemption{{Name: "new", Reason: "test", Rules: []policy.ID{"*"}, Match: v1alpha1.Match{Users: []string{"ada"}}}}
	}
	for name, c := range map[string]struct {
		change func(*v1alpha1.Configuration)
		ask    func(*preview.Options)
		want   preview.Counts
	}{
		"defaults":         {func(*v1alpha1.Configuration) {}, func(*preview.Options) {}, preview.Counts{Refused: 2, Recorded: 1}},
		"warn":             {func(c *v1alpha1.Configuration) { c.Mode = policy.Warn }, func(*preview.Options) {}, preview.Counts{Warned: 2, Recorded: 1}},
		"one rule":         {func(*v1alpha1.Configuration) {}, func(o *preview.Options) { o.Only = []policy.ID{"managed-component"} }, preview.Counts{Refused: 1}},
		"rule off":         {func(c *v1alpha1.Configuration) { c.Rules["managed-component"] = v1alpha1.Rule{Mode: policy.Off} }, func(*preview.Options) {}, preview.Counts{Refused: 1, Recorded: 1}},
		"other exemptions": {exempting, func(o *preview.Options) { o.KeepExemptions = false }, preview.Counts{Refused: 2, Recorded: 1}},
		"since":            {func(*v1alpha1.Configuration) {}, func(o *preview.Options) { o.Since = now.Add(2*time.Minute - 7*24*time.Hour) }, preview.Counts{Refused: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, c.change)
			c.ask(&o)
			p := preview.New(o)
			if err := p.Decisions("log", strings.NewReader(log)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, p.Result().Sources[0].Judged); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

// The messages that preview looks for are those that the webhook logs.
func TestMessagesAgree(t *testing.T) {
	log := strings.Replace(line(0, "a", "privileged-daemonset", policy.Deny, flux, "kube-system", "agent", ""), `"finding"`, `"`+webhook.FindingMessage+`"`, 1) +
		"\n" + `{"msg":"` + webhook.LeftOutMessage + `","findings":7}`
	p := preview.New(options(t))
	if err := p.Decisions("log", strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	if s := p.Result().Sources[0]; s.Judged.Refused != 1 || s.LeftOut != 7 {
		t.Errorf("got %+v", s)
	}
}

// A spreadsheet must not take what a user wrote for a formula.
func TestCSVHoldsNoFormula(t *testing.T) {
	p := preview.New(options(t))
	log := line(0, "a", "privileged-daemonset", policy.Deny, "=HYPERLINK(1)", "kube-system", "+1", "")
	if err := p.Decisions("log", strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := p.Result().WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	for _, cell := range strings.Split(b.String(), ",") {
		if strings.HasPrefix(strings.TrimPrefix(cell, `"`), "=") || strings.HasPrefix(cell, "+") {
			t.Errorf("a cell is a formula: %s", cell)
		}
	}
	if !strings.Contains(b.String(), "'+1") {
		t.Errorf("got %s", &b)
	}
}

// What others wrote is shown as text, whatever it was meant to do to a terminal.
func TestNamesAreClean(t *testing.T) {
	log := strings.ReplaceAll(line(0, "a", "privileged-daemonset", policy.Deny, "ESCAPE", "kube-system", "ESCAPE", `,"doubt":"ESCAPE"`), "ESCAPE", `\u001b[2J\u202e`+"\xff")
	p := preview.New(options(t))
	if err := p.Decisions("log", strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	r := p.Result()
	var b strings.Builder
	if err := r.WriteText(&b, preview.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if len(r.Problems) > 0 || !strings.Contains(b.String(), "\ufffd[2J\ufffd\ufffd") || strings.ContainsAny(b.String(), "\x1b\u202e") {
		t.Errorf("problems %v, text %q", r.Problems, &b)
	}
}
