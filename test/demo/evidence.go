// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/demarc-dev/demarc/test/cluster"
)

// events returns what the API server wrote into its audit log so far.
func (s *stage) events() ([]auditv1.Event, error) {
	content, err := os.ReadFile(s.path(auditFile))
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	var events []auditv1.Event
	for line := range bytes.Lines(content) {
		// The server may be in the middle of the last line.
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var event auditv1.Event
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("read audit log: %w", err)
		}
		events = append(events, event)
	}
	return events, nil
}

// failedOpenKey is how the API server notes that it went on without a webhook.
const failedOpenKey = "failed-open.validating.webhook.admission.k8s.io/"

// checkAnswered looks for a request that demarc was to judge and did not.
func (s *stage) checkAnswered() error {
	events, err := s.events()
	if err != nil {
		return err
	}
	for _, e := range events[s.checked:] {
		for key, webhook := range e.Annotations {
			if strings.HasPrefix(key, failedOpenKey) && strings.HasSuffix(webhook, ".demarc.dev") {
				err = fmt.Errorf("demarc did not answer: the API server went on without it (%s %s)", e.Verb, target(e))
			}
		}
	}
	s.checked = len(events)
	return err
}

// lastScaling returns the event of the local admin's last request to scale.
func (s *stage) lastScaling() (auditv1.Event, error) {
	events, err := s.events()
	if err != nil {
		return auditv1.Event{}, err
	}
	for _, e := range slices.Backward(events) {
		if e.User.Username == cluster.LocalAdmin && e.ObjectRef != nil && e.ObjectRef.Subresource == "scale" && e.Verb != "get" {
			return e, nil
		}
	}
	return auditv1.Event{}, errors.New("the audit log has no request to scale")
}

// quoteEvent shows the annotations with that text in their keys. It returns
// them joined.
func (s *stage) quoteEvent(e auditv1.Event, keys string) string {
	lines := []string{fmt.Sprintf("%s: %s %s/%s of %s in %s", e.User.Username, e.Verb,
		e.ObjectRef.Resource, e.ObjectRef.Subresource, e.ObjectRef.Name, e.ObjectRef.Namespace)}
	for _, key := range slices.Sorted(maps.Keys(e.Annotations)) {
		if strings.Contains(key, keys) {
			lines = append(lines, key+": "+e.Annotations[key])
		}
	}
	s.out.quote(strings.Join(lines, "\n"))
	return strings.Join(lines[1:], "\n")
}

const (
	recorded    = "recorded"
	notRecorded = "not recorded"
)

// auditRecord is the finding of the last request to scale, in the audit log.
type auditRecord struct{}

func (auditRecord) want() string { return recorded }

func (auditRecord) play(_ context.Context, s *stage) (string, error) {
	event, err := s.lastScaling()
	if err != nil {
		return notRecorded, err
	}
	if !strings.Contains(s.quoteEvent(event, ".demarc.dev/"), "/findings: Audit managed-component spec.replicas: ") {
		return notRecorded, nil
	}
	return recorded, nil
}

// failedOpen is the API server's own note that a webhook did not answer.
type failedOpen struct{}

func (failedOpen) want() string { return recorded }

func (failedOpen) play(_ context.Context, s *stage) (string, error) {
	event, err := s.lastScaling()
	if err != nil {
		return notRecorded, err
	}
	if !strings.Contains(s.quoteEvent(event, failedOpenKey), ".demarc.dev") {
		return notRecorded, nil
	}
	return recorded, nil
}

// metricRecord is the finding of the request that audit mode let pass, in
// demarc's metrics. It is the only one of its rule and mode so far.
type metricRecord struct{}

const (
	componentVerdicts = `,rule="managed-component"} `
	auditVerdicts     = `demarc_verdicts_total{mode="Audit"` + componentVerdicts
)

func (metricRecord) want() string { return recorded }

func (metricRecord) play(ctx context.Context, s *stage) (string, error) {
	lines, err := s.guard.metrics(ctx)
	if err != nil {
		return notRecorded, err
	}
	s.out.quote(strings.Join(slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		return !strings.HasPrefix(line, "demarc_verdicts_total") || !strings.Contains(line, componentVerdicts)
	}), "\n"))
	if !slices.Contains(lines, auditVerdicts+"1") {
		return notRecorded, nil
	}
	return recorded, nil
}

// stopGuard tells demarc to stop, and waits until it has.
type stopGuard struct{}

func (stopGuard) want() string { return "drained and ended" }

func (stopGuard) play(_ context.Context, s *stage) (string, error) {
	s.out.text("  SIGTERM to demarc serve. Both registrations stay where they are.")
	if !s.guard.running() {
		return "had ended before", s.guard.failed
	}
	s.toldToStop = true
	if err := s.guard.stop(); err != nil {
		return "ended with an error", err
	}
	return "drained and ended", nil
}

// accountRecord is everything that demarc's account did, by the audit log.
type accountRecord struct{}

func (accountRecord) want() string { return "nothing forbidden, nothing written" }

func (a accountRecord) play(_ context.Context, s *stage) (string, error) {
	events, err := s.events()
	if err != nil {
		return "", err
	}
	verbs := map[string][]string{}
	var forbidden, written []string
	for _, e := range events {
		if e.User.Username != accountUser {
			continue
		}
		verb, what := e.Verb, target(e)
		if !slices.Contains(verbs[what], verb) {
			verbs[what] = append(verbs[what], verb)
		}
		if e.Annotations["authorization.k8s.io/decision"] != "allow" {
			forbidden = append(forbidden, verb+" "+what)
		}
		if !slices.Contains([]string{"get", "list", "watch"}, verb) && what != "subjectaccessreviews.authorization.k8s.io" {
			written = append(written, verb+" "+what)
		}
	}
	s.out.line(span{faint, "  # With the role of config/rbac/admission.yaml and no other. A SubjectAccessReview is a question."})
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(verbs)) {
		lines = append(lines, fmt.Sprintf("%-42s %s", what, strings.Join(slices.Sorted(slices.Values(verbs[what])), ", ")))
	}
	s.out.quote(strings.Join(lines, "\n"))
	switch {
	case len(lines) == 0:
		return "nothing at all", nil
	case len(forbidden) > 0:
		return "forbidden: " + strings.Join(forbidden, ", "), nil
	case len(written) > 0:
		return "written: " + strings.Join(written, ", "), nil
	}
	return a.want(), nil
}

// target is the resource of a request, or its path without what differs from
// one group of the API to the next.
func target(e auditv1.Event) string {
	if e.ObjectRef == nil {
		path, _, _ := strings.Cut(e.RequestURI, "?")
		if strings.HasPrefix(path, "/api") {
			return "/api, /apis"
		}
		return path
	}
	if e.ObjectRef.APIGroup == "" {
		return e.ObjectRef.Resource
	}
	return e.ObjectRef.Resource + "." + e.ObjectRef.APIGroup
}
