// SPDX-License-Identifier: Apache-2.0

// Package webhook answers the API server: an AdmissionReview becomes the engine's input, its decision the response.
package webhook

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/review"
	"github.com/demarc-dev/demarc/pkg/webhook/server"
)

// Directory knows what a request does not carry. It answers from memory: the request path makes no calls.
type Directory interface {
	// Namespace returns a namespace with its labels and annotations; nil if it is not known.
	Namespace(name string) *corev1.Namespace
	// Parent returns the metadata of the object that a subresource belongs to; nil if it is not known.
	Parent(r object.Resource, namespace, name string) *object.Object
	// Owners returns the objects that an object in Azure names as what it lies in, nearest first, as far as they are known.
	Owners(o *object.Object) []*object.Object
	// Cluster returns the facts about the cluster; nil if they are not known.
	Cluster() *policy.ClusterFacts
}

// Authorizer says who may exempt. It is the one call that the request path makes, and only when a request sets the
// exempting mark.
type Authorizer interface {
	MayExempt(ctx context.Context, user *authenticationv1.UserInfo, namespace string) (bool, error)
}

// Handler judges admission reviews.
type Handler struct {
	engine     atomic.Pointer[engine.Engine]
	directory  Directory
	authorizer Authorizer
	metrics    *metrics.Metrics
	log        logr.Logger
	now        func() time.Time
	canary     atomic.Pointer[string]
}

// NewHandler returns a handler that judges by an engine, until Use gives it another.
func NewHandler(e *engine.Engine, d Directory, a Authorizer, m *metrics.Metrics, log logr.Logger) *Handler {
	h := &Handler{directory: d, authorizer: a, metrics: m, log: log, now: time.Now}
	h.engine.Store(e)
	return h
}

// Use puts another engine in force. Requests in hand are finished by the old one.
func (h *Handler) Use(e *engine.Engine) { h.engine.Store(e) }

// ServeReview answers one AdmissionReview. Whatever goes wrong on our side is an error, which leaves as a status
// outside 2xx: then the failure policy decides, and nothing is refused for a fault of ours.
func (h *Handler) ServeReview(ctx context.Context, body, response []byte) ([]byte, error) {
	request, err := review.Decode(body)
	if err != nil {
		return nil, h.unreadable(err)
	}
	if h.isCanary(request) {
		return appendCanary(response, request)
	}
	in, err := request.Input()
	if err != nil {
		return nil, h.unreadable(err)
	}
	h.complete(&in)
	d := h.engine.Load().Evaluate(in, h.now())
	if in.Namespace == nil && in.NamespaceName != "" && len(d.Verdicts) > 0 {
		d = d.Doubtful("the namespace is not known yet: it may be exempt")
	}
	if d.MarkPending() {
		allowed, err := h.authorizer.MayExempt(ctx, in.User, in.NamespaceName)
		if err != nil {
			return nil, fmt.Errorf("ask whether the user may exempt: %w", err)
		}
		d = d.SettleMark(allowed)
	}
	h.metrics.Decision(&d)
	h.record(request, &in, &d)
	return appendResponse(response, request.UID, &d)
}

func (h *Handler) unreadable(err error) error {
	h.metrics.Unreadable()
	h.log.V(1).Info("unreadable review", "reason", err.Error())
	return &server.Error{Code: http.StatusBadRequest, Reason: "not a complete AdmissionReview of admission.k8s.io/v1 in JSON"}
}

func (h *Handler) complete(in *policy.Input) {
	if in.NamespaceName != "" {
		in.Namespace = h.directory.Namespace(in.NamespaceName)
	}
	if in.Subresource != "" {
		in.Parent = h.directory.Parent(in.Resource, in.NamespaceName, in.Name)
	}
	if o := in.Subject(); o != nil && in.Resource.Presence == object.Installed {
		in.Owners = h.directory.Owners(o)
	}
	in.Cluster = h.directory.Cluster()
}

// The log's message for each finding, that for lines that sampling left out, and the name of the logger. What the lines
// hold is a stable format, described in docs/preview.md: `demarc preview` reads it.
const (
	FindingMessage = "finding"
	LeftOutMessage = "lines left out"
	LoggerName     = "admission"
)

// record logs what became of findings. Values of the object never reach the log, only paths and messages that rules
// made.
func (h *Handler) record(r *review.Request, in *policy.Input, d *engine.Decision) {
	for i := range d.Faults {
		f := &d.Faults[i]
		h.log.Error(f.Err, "rule failed", "rule", f.Rule, "uid", r.UID, "kind", r.Kind.Kind,
			"namespace", in.NamespaceName, "name", in.Name, "stack", f.Stack)
	}
	for i := range d.Verdicts {
		v := &d.Verdicts[i]
		if v.Mode == policy.Off {
			continue
		}
		h.log.Info(FindingMessage, "uid", r.UID, "rule", v.Rule.ID, "mode", v.Mode, "ruleMode", v.RuleMode, "would", v.Would(),
			"bound", v.Bound, "path", v.Where(), "message", v.Message, "doubt", v.Doubt,
			"operation", r.Operation, "group", in.Resource.Group, "kind", in.Resource.Kind, "resource", in.Resource.Plural,
			"subresource", in.Subresource, "namespace", in.NamespaceName, "name", in.Name, "user", r.User.Username, "dryRun", r.DryRun,
			"existing", v.Existing, "exemption", v.Exemption, "expired", v.Expired, "customisation", v.Customisation)
	}
}
