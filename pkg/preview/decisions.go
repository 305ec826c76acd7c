// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// decision is a line of demarc's log about one finding.
type decision struct {
	Msg  string `json:"msg"`
	Time string `json:"time"`

	UID           string      `json:"uid"`
	Rule          policy.ID   `json:"rule"`
	Mode          policy.Mode `json:"mode"`
	Bound         policy.Mode `json:"bound"`
	Path          string      `json:"path"`
	Message       string      `json:"message"`
	Doubt         string      `json:"doubt"`
	Operation     string      `json:"operation"`
	Group         string      `json:"group"`
	Kind          string      `json:"kind"`
	Resource      string      `json:"resource"`
	Subresource   string      `json:"subresource"`
	Namespace     string      `json:"namespace"`
	Name          string      `json:"name"`
	User          string      `json:"user"`
	DryRun        bool        `json:"dryRun"`
	Existing      bool        `json:"existing"`
	Exemption     string      `json:"exemption"`
	Customisation string      `json:"customisation"`

	Findings int64 `json:"findings"` // of a line about lines that were left out
}

// The messages of the lines that are read. They are pkg/webhook's; a test holds the two together.
const (
	findingMessage = "finding"
	leftOutMessage = "lines left out"
)

// What stands in such a line, to tell it from others without decoding it.
var (
	findingLine = []byte(`"` + findingMessage + `"`)
	leftOutLine = []byte(`"` + leftOutMessage + `"`)
)

var decodeOptions = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// Decisions reads demarc's own log: JSON lines, alone or among others, with or without what `kubectl logs --prefix
// --timestamps` puts before them, and as Azure Monitor exports them. The error is of the stream; what is wrong with
// single lines is a problem of the result.
func (p *Preview) Decisions(name string, r io.Reader) error {
	s := p.source(&p.decisions, Decisions)
	return p.each(name, r, func(line []byte) error {
		s.Records++
		return p.decisionLine(s, line)
	})
}

func (p *Preview) decisionLine(s *source, line []byte) error {
	inner := logMessage(line)
	if !bytes.Contains(inner, findingLine) && !bytes.Contains(inner, leftOutLine) {
		return nil
	}
	start := bytes.IndexByte(inner, '{')
	if start < 0 {
		return nil
	}
	var d decision
	if err := json.Unmarshal(inner[start:], &d, decodeOptions); err != nil {
		return fmt.Errorf("read line of demarc's log: %w", err)
	}
	switch d.Msg {
	case findingMessage:
		if d.Rule == "" || d.Kind == "" && d.Resource == "" {
			return fmt.Errorf("read line of demarc's log: a finding must have rule and kind")
		}
		p.decide(s, &d)
	case leftOutMessage:
		s.LeftOut += max(d.Findings, 0)
	}
	return nil
}

func (p *Preview) decide(s *source, d *decision) {
	at, _ := time.Parse(time.RFC3339Nano, d.Time)
	q := Request{Time: at, UID: d.UID, User: d.User, Operation: d.Operation, Kind: d.Kind, Subresource: d.Subresource, Namespace: d.Namespace,
		Name: d.Name, DryRun: d.DryRun, userInfo: &authenticationv1.UserInfo{Username: d.User}}
	if q.Kind == "" {
		q.Kind = d.Resource
	}
	bound := d.Bound
	if _, err := policy.ParseMode(string(bound)); err != nil {
		bound = policy.Deny
		if d.Doubt != "" || d.Existing || d.Customisation != "" {
			bound = policy.Warn
		}
	}
	in := p.input(resourceOf(d), &q)
	if v, ok := p.again(engine.Recorded{Rule: d.Rule, Bound: bound, Exemption: d.Exemption}, in); ok {
		v.Path, v.Message = d.Path, d.Message
		v.explain(d.Doubt, d.Existing, d.Customisation)
		q.Verdicts = []Verdict{v}
	}
	for _, done := range p.pending.add(&q) {
		p.count(s, done)
	}
}

func resourceOf(d *decision) object.Resource {
	if r, ok := object.ByName(schema.GroupResource{Group: d.Group, Resource: d.Resource}); ok && d.Resource != "" {
		return r
	}
	if r, ok := object.ByKind(schema.GroupKind{Group: d.Group, Kind: d.Kind}); ok {
		return r
	}
	return object.Resource{Group: d.Group, Kind: d.Kind, Plural: d.Resource, Namespaced: d.Namespace != ""}
}

// flush counts the requests that are still waited for.
func (p *Preview) flush() {
	for _, q := range p.pending.drain() {
		p.count(p.decisions, q)
	}
}

// pending brings the lines of one request together. They follow each other closely, with those of others between them.
type pending struct {
	byUID map[string]*Request
	order []string // a ring of the UIDs in byUID, oldest at next once it is full
	next  int
}

// window is how many requests are waited for at once.
const window = 8192

func newPending() pending { return pending{byUID: map[string]*Request{}} }

// add joins a line with the others of its request, and returns requests that are complete.
func (p *pending) add(q *Request) []*Request {
	if q.UID == "" {
		return []*Request{q}
	}
	if known := p.byUID[q.UID]; known != nil {
		known.join(q)
		return nil
	}
	p.byUID[q.UID] = q
	if len(p.order) < window {
		p.order = append(p.order, q.UID)
		return nil
	}
	oldest := p.order[p.next]
	done := p.byUID[oldest]
	delete(p.byUID, oldest)
	p.order[p.next] = q.UID
	p.next = (p.next + 1) % window
	return []*Request{done}
}

// join adds the findings of another line. One that is there already was read twice: the same file was given twice.
func (q *Request) join(o *Request) {
	const enough = 256
	for _, v := range o.Verdicts {
		known := false
		for _, w := range q.Verdicts {
			known = known || v == w
		}
		if !known && len(q.Verdicts) < enough {
			q.Verdicts = append(q.Verdicts, v)
		}
	}
}

func (p *pending) drain() []*Request {
	var all []*Request
	for i := range p.order {
		all = append(all, p.byUID[p.order[(p.next+i)%len(p.order)]])
	}
	*p = newPending()
	return all
}
