// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// Why nothing can be said of a request.
const (
	untoldObject = "the event has no object: its level is Metadata, and demarc was not asked"
	untoldPatch  = "the event has a patch, not what came of it: its level is Request, and demarc was not asked"
	untoldSize   = "the objects were left out of the event for their size, and demarc was not asked"
	untoldMany   = "a deletecollection without the list of what was deleted, and demarc was not asked"
	untoldBroken = "an object in the event can't be read"
	untoldFacts  = "what is around the object could not be asked"
	untoldRest   = "the annotation of demarc's verdicts is cut or of another version"
)

// Why a refusal is not certain.
const (
	unsureOld       = "refused only if the object was not so before the change, which the log does not tell"
	unsureNamespace = "the labels of the namespace are not known: give them by --context-objects or --cluster"
	unsureMark      = "the request sets the exempting mark: it passes if the user may do that"
)

// change is a request of an audit log, sorted out.
type change struct {
	*event
	resource  object.Resource
	operation policy.Operation
	key       stateKey
	// answer is the head of the object that the API server answered with, if it did.
	answer   head
	answered bool
}

// event judges an audit event.
func (p *Preview) event(s *source, e *event) {
	if e.Stage != "ResponseComplete" || e.Ref == nil {
		return
	}
	c, ok := p.change(e)
	if !ok {
		return
	}
	older := !p.Since.IsZero() && e.time().Before(p.Since)
	for _, one := range c.each() {
		if older {
			s.Older++
		} else {
			p.judge(s, one)
		}
		p.remember(one)
	}
}

// change sorts an event out; it is false for one that no rule is asked about.
func (p *Preview) change(e *event) (*change, bool) {
	c := &change{event: e, operation: operationOf(e)}
	gr := schema.GroupResource{Group: e.Ref.APIGroup, Resource: e.Ref.Resource}
	if c.operation == "" || !p.interests.requests[interest{gr.Group, gr.Resource, e.Ref.Subresource, c.operation}] {
		return nil, false
	}
	c.resource, _ = object.ByName(gr)
	return c, true
}

// operationOf is the operation as admission knows it: "" for one that admission is not asked about. An apply or an
// update that made the object was its creation.
func operationOf(e *event) policy.Operation {
	if connects(e.Ref.Subresource) {
		return policy.Connect
	}
	switch e.Verb {
	case "create":
		return policy.Create
	case "update", "patch":
		if e.Response != nil && e.Response.Code == 201 && e.Ref.Subresource == "" {
			return policy.Create
		}
		return policy.Update
	case "delete", "deletecollection":
		return policy.Delete
	}
	return ""
}

// judge says what would become of one request.
func (p *Preview) judge(s *source, c *change) {
	q := &Request{Time: c.time(), UID: c.AuditID, User: c.user().Username, Operation: string(c.operation), Kind: c.resource.Kind,
		Subresource: c.Ref.Subresource, Namespace: c.Ref.Namespace, Name: c.Ref.Name, userInfo: c.user(),
		DryRun: c.dryRun(), Failed: c.Response != nil && c.Response.Code >= 400}
	if c.resource == object.Namespaces {
		q.Namespace = ""
	}
	if _, ok := p.Profile.Identify(q.User, q.userInfo.Groups); ok {
		s.Provider++
		return
	}
	// demarc's own word counts before a replay: it knew the object as it was, and the namespace.
	if told, why := p.told(c, q); !told {
		why = p.replay(s, c, q)
		if why != "" {
			s.untold[why]++
			return
		}
	} else if why != "" {
		s.untold[why]++
	}
	p.count(s, q)
}

// told takes the verdicts from demarc's own annotations; false if there are none.
func (p *Preview) told(c *change, q *Request) (told bool, untold string) {
	prefix, decision := "", ""
	for key, value := range c.Annotations {
		if of, ok := strings.CutSuffix(key, "/"+report.AnnotationDecision); ok && ours(of) {
			prefix, decision = of+"/", value
		}
	}
	if decision == "" {
		return false, ""
	}
	if strings.HasPrefix(decision, report.DecisionNotJudged) {
		return true, ""
	}
	// A refusal of demarc's own is what the preview is about, not a failure apart.
	if decision == report.DecisionDenied {
		q.Failed = false
	}
	annotation := c.Annotations[prefix+report.AnnotationVerdicts]
	if annotation == "" {
		if c.Annotations[prefix+"findings"] != "" {
			return true, untoldRest
		}
		return true, ""
	}
	tallies, rest, err := report.ParseTallies(annotation)
	if err != nil || rest > 0 {
		untold = untoldRest
	}
	in := p.input(c.resource, q)
	for _, t := range tallies {
		if v, ok := p.again(engine.Recorded{Rule: t.Rule, Bound: t.Bound, Exemption: t.Exemption}, in); ok {
			v.Path, v.Message = found(c.Annotations[prefix+"findings"], t)
			if v.held && v.Exemption == "" {
				v.Why = whyTold
			} else {
				v.explain("", false, "")
			}
			q.Verdicts = append(q.Verdicts, v)
		}
	}
	return true, untold
}

// ours says whether a webhook is demarc's by its name: the registrations derive theirs from this domain.
func ours(webhook string) bool {
	return webhook == "demarc.dev" || strings.HasSuffix(webhook, ".demarc.dev")
}

// found looks in the annotation of findings for one of a tally. It is for people: an entry that is cut, or that says
// what looks like the end of one, is told as it stands.
func found(findings string, t report.Tally) (path, message string) {
	head := string(t.Mode) + " " + string(t.Rule) + " "
	for entry := range strings.SplitSeq(findings, "; ") {
		if rest, ok := strings.CutPrefix(entry, head); ok {
			path, message, _ = strings.Cut(rest, ": ")
			return strings.TrimPrefix(path, "-"), message
		}
	}
	return "", ""
}

// replay asks the engine about the request as the event tells it.
func (p *Preview) replay(s *source, c *change, q *Request) (untold string) {
	r, untold := c.request(&p.states)
	if untold != "" {
		return untold
	}
	in, err := r.Input()
	if err != nil {
		return untoldBroken
	}
	if p.Complete != nil {
		if p.Complete(&in) != nil {
			return untoldFacts
		}
	}
	q.Name, q.Namespace = in.Name, in.NamespaceName
	presumed := in.Namespace == nil && in.NamespaceName != ""
	if presumed {
		in.Namespace = p.presume(in.NamespaceName)
	}
	d := p.Engine.Evaluate(in, p.Now)
	unsure := ""
	switch {
	case d.MarkPending():
		unsure = unsureMark
	case presumed:
		unsure = unsureNamespace
	}
	for i := range d.Verdicts {
		v := &d.Verdicts[i]
		if !p.asked(v.Rule.ID) {
			continue
		}
		w := Verdict{Rule: v.Rule.ID, Mode: v.Mode, Exemption: v.Exemption, Path: v.Where(), Message: v.Message,
			held: v.RuleMode == policy.Deny && v.Mode != policy.Deny}
		w.explain(v.Doubt, v.Existing, v.Customisation)
		if w.Mode == policy.Deny {
			w.Unsure = unsure
			if unsure == "" && in.Operation == policy.Update && in.Old == nil {
				w.Unsure = unsureOld
			}
		}
		q.Verdicts = append(q.Verdicts, w)
	}
	for _, k := range d.Skipped {
		if p.asked(k.Rule) {
			s.skipped[skipKey{k.Rule, strings.Join(k.Needs, " and the ")}]++
		}
	}
	if len(d.Faults) > 0 {
		s.untold[untoldBroken]++
	}
	return ""
}
