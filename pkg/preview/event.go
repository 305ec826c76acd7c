// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	authenticationv1 "k8s.io/api/authentication/v1"
)

// event is what is read of an Event of audit.k8s.io/v1.
type event struct {
	Kind       string                     `json:"kind"`
	APIVersion string                     `json:"apiVersion"`
	Level      string                     `json:"level"`
	AuditID    string                     `json:"auditID"`
	Stage      string                     `json:"stage"`
	RequestURI string                     `json:"requestURI"`
	Verb       string                     `json:"verb"`
	User       authenticationv1.UserInfo  `json:"user"`
	As         *authenticationv1.UserInfo `json:"impersonatedUser"`
	Ref        *reference                 `json:"objectRef"`
	Response   *status                    `json:"responseStatus"`
	// The objects; a string stands for one that was left out for its size.
	RequestObject  jsontext.Value    `json:"requestObject"`
	ResponseObject jsontext.Value    `json:"responseObject"`
	Received       string            `json:"requestReceivedTimestamp"`
	Annotations    map[string]string `json:"annotations"`
}

type reference struct {
	Resource    string `json:"resource"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	APIGroup    string `json:"apiGroup"`
	APIVersion  string `json:"apiVersion"`
	Subresource string `json:"subresource"`
}

type status struct {
	Code int32 `json:"code"`
}

// record is a line or an element of an audit log: an event, a list of such, or what Azure Monitor wraps around one.
type record struct {
	event
	// Properties is the diagnostic record's: the event is its log, a string. Event hubs and storage accounts hold those.
	Properties jsontext.Value `json:"properties"`
	// LogS is the column of the table AzureDiagnostics.
	LogS string `json:"log_s"`
	// Records is what an event hub's message holds, Items an EventList.
	Records []jsontext.Value `json:"records"`
	Items   []jsontext.Value `json:"items"`
	row
}

// row is a row of the tables AKSAudit and AKSAuditAdmin. Columns that hold JSON come as JSON or as a string of it.
type row struct {
	Level1         string         `json:"Level"`
	AuditID1       string         `json:"AuditId"`
	Stage1         string         `json:"Stage"`
	URI            string         `json:"RequestUri"`
	Verb1          string         `json:"Verb"`
	User1          jsontext.Value `json:"User"`
	Ref1           jsontext.Value `json:"ObjectRef"`
	Status1        jsontext.Value `json:"ResponseStatus"`
	RequestObject1 jsontext.Value `json:"RequestObject"`
	Response1      jsontext.Value `json:"ResponseObject"`
	Received1      string         `json:"RequestReceivedTime"`
	Annotations1   jsontext.Value `json:"Annotations"`
}

// AuditLog reads a Kubernetes audit log: Events of audit.k8s.io/v1, one a line or as a JSON array, bare or as Azure
// Monitor exports them. The error is of the stream; what is wrong with single records is a problem of the result.
func (p *Preview) AuditLog(name string, r io.Reader) error {
	s := p.source(&p.audit, AuditLog)
	return p.each(name, r, func(line []byte) error {
		s.Records++
		return p.auditRecord(s, line, 0)
	})
}

// maxNesting bounds how deep events are wrapped: a message of records whose properties hold the event.
const maxNesting = 3

func (p *Preview) auditRecord(s *source, line []byte, depth int) error {
	if p.interests.dull(line) {
		return nil
	}
	if depth > maxNesting {
		return errors.New("read audit event: wrapped too often")
	}
	var r record
	if err := json.Unmarshal(line, &r, decodeOptions); err != nil {
		return fmt.Errorf("read audit event: %w", err)
	}
	if list := append(r.Records, r.Items...); len(list) > 0 {
		var errs []error
		for _, inner := range list {
			errs = append(errs, p.auditRecord(s, inner, depth+1))
		}
		return errors.Join(errs...)
	}
	if inner := r.wrapped(); inner != nil {
		return p.auditRecord(s, inner, depth+1)
	}
	if r.Kind == "" && r.Stage1 != "" {
		if err := r.fromRow(); err != nil {
			return fmt.Errorf("read row of an audit table: %w", err)
		}
	}
	if r.Kind == "EventList" {
		return nil
	}
	if r.Kind != "Event" || !strings.HasPrefix(r.APIVersion, "audit.k8s.io/") {
		return errors.New("read audit event: must be an Event of audit.k8s.io/v1")
	}
	p.event(s, &r.event)
	return nil
}

// wrapped returns the event that a record of Azure Monitor holds as a string; nil if it is none.
func (r *record) wrapped() []byte {
	if r.LogS != "" {
		return []byte(r.LogS)
	}
	if len(r.Properties) == 0 || r.Kind != "" {
		return nil
	}
	var properties struct {
		Log string `json:"log"`
	}
	if json.Unmarshal(unquoted(r.Properties), &properties, decodeOptions) != nil || properties.Log == "" {
		return nil
	}
	return []byte(properties.Log)
}

func (r *record) fromRow() error {
	r.event = event{Kind: "Event", APIVersion: "audit.k8s.io/v1", Level: r.Level1, AuditID: r.AuditID1, Stage: r.Stage1, RequestURI: r.URI,
		Verb: r.Verb1, RequestObject: column(r.RequestObject1), ResponseObject: column(r.Response1), Received: r.Received1}
	var errs []error
	for _, c := range []struct {
		value jsontext.Value
		into  any
	}{{r.User1, &r.event.User}, {r.Ref1, &r.Ref}, {r.Status1, &r.Response}, {r.Annotations1, &r.event.Annotations}} {
		if v := column(c.value); v.Kind() == '{' {
			errs = append(errs, json.Unmarshal(v, c.into, decodeOptions))
		}
	}
	return errors.Join(errs...)
}

// column returns the JSON that a column holds; one that holds other text stays a string.
func column(v jsontext.Value) jsontext.Value {
	if inner := unquoted(v); len(inner) > 0 && inner[0] == '{' {
		return inner
	}
	return v
}

// time is when the request was made; zero if the event does not tell.
func (e *event) time() time.Time {
	t, _ := time.Parse(time.RFC3339Nano, e.Received)
	return t
}

// user is who the request was made as.
func (e *event) user() *authenticationv1.UserInfo {
	if e.As != nil && e.As.Username != "" {
		return e.As
	}
	return &e.User
}
