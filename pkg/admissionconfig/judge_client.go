// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// externalURL tells of a webhook outside the cluster.
func (j *judge) externalURL(s subject) *opinion {
	if j.world.Elsewhere || s.Client == nil || s.Client.URL == nil {
		return nil
	}
	o := about(s.Hook, ExternalURL, s.Path.Child("clientConfig", "url"))
	o.Message = "must not be set: AKS's API server calls webhooks inside the cluster only, " + s.withoutAnswer()
	o.Fix = "serve the webhook by a Service in the cluster and name it in clientConfig.service"
	return o
}

// withoutAnswer says what becomes of requests that nobody can answer.
func (h *Hook) withoutAnswer() string {
	if h.FailsClosed() {
		return "and refuses what it can't ask about"
	}
	return "and goes on without its answer"
}

// backendMissing tells of a webhook that nobody serves, where the cluster's Services are known.
func (j *judge) backendMissing(s subject) *opinion {
	if j.world.Services == nil || s.Client == nil || s.Client.Service == nil {
		return nil
	}
	ref := s.Client.Service
	path := s.Path.Child("clientConfig", "service")
	name := ref.Namespace + "/" + ref.Name
	service, there := j.world.Services[types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}]
	o := about(s.Hook, BackendMissing, path)
	switch {
	case !there:
		o.Message = fmt.Sprintf("must name a Service that is there, %s isn't: the API server can't ask it, %s", name, s.withoutAnswer())
		o.Fix = "install what serves the webhook, or delete " + s.Configuration.String()
	case service.Ports != nil && ref.Port != nil && !slices.Contains(service.Ports, *ref.Port):
		o.Path = path.Child("port")
		o.Message = fmt.Sprintf("must be a port of the Service %s, %d isn't: the API server can't ask it, %s", name, *ref.Port, s.withoutAnswer())
		o.Fix = fmt.Sprintf("set one of its ports: %s", strings.Trim(fmt.Sprint(service.Ports), "[]"))
	case service.Ready == 0:
		o.Message = fmt.Sprintf("must have a pod that is ready, %s has none: the API server can't ask it, %s", name, s.withoutAnswer())
		o.Fix = fmt.Sprintf("see why: kubectl get pods,endpointslices -n %s", ref.Namespace)
	default:
		return nil
	}
	if !s.FailsClosed() {
		o.AtMost = policy.Audit
	}
	return o
}

const (
	// expirySoon is how long before its end a bundle is told of: those who renew by themselves do it earlier.
	expirySoon = 14 * 24 * time.Hour
	// injects begins the annotations by which cert-manager is asked to fill in a bundle.
	injects = "cert-manager.io/inject-ca-from"
	// injectsServer is the annotation for the API server's own.
	injectsServer = "cert-manager.io/inject-apiserver-ca"
)

// caBundle tells of a bundle that no certificate can be held against. A configuration that isn't in a cluster yet may
// well come without one: whoever serves the webhook fills it in.
func (j *judge) caBundle(s subject) *opinion {
	if s.Client == nil {
		return nil
	}
	o := about(s.Hook, CABundle, s.Path.Child("clientConfig", "caBundle"))
	o.Fix = "renew it, or let cert-manager fill it in: annotation " + injects
	if s.injected() {
		o.Doubt, o.Fix = "cert-manager is asked to fill it in, and may be about to", "see the log of cert-manager's cainjector"
	}
	if len(s.Client.CABundle) == 0 {
		if s.Client.Service == nil || j.world.Services == nil {
			return nil // a URL may be trusted by the system's roots
		}
		o.Message = "must be set: the API server trusts no certificate of a Service without it, " + s.withoutAnswer()
		return o
	}
	from, until, err := validity(s.Client.CABundle)
	date := time.RFC3339
	switch now := j.world.Now; {
	case err != nil:
		o.Message = fmt.Sprintf("must hold certificates: %v; the API server can't ask the webhook, %s", err, s.withoutAnswer())
	case now.IsZero():
		return nil
	case !now.Before(until):
		o.Message = fmt.Sprintf("must hold a certificate that is valid: the last ran out at %s, so the API server can't ask the webhook, %s",
			until.UTC().Format(date), s.withoutAnswer())
	case now.Before(from):
		o.Message = fmt.Sprintf("must hold a certificate that is valid: none is before %s, so the API server can't ask the webhook, %s",
			from.UTC().Format(date), s.withoutAnswer())
	case until.Sub(now) < expirySoon:
		o.Message = fmt.Sprintf("must be renewed: its last certificate runs out at %s", until.UTC().Format(date))
		o.AtMost = policy.Audit
	default:
		return nil
	}
	return o
}

func (h *Hook) injected() bool {
	for key := range h.Configuration.Annotations {
		if strings.HasPrefix(key, injects) || key == injectsServer {
			return true
		}
	}
	return false
}

// validity returns when the first certificate of a bundle begins and the last ends: one that is valid is enough.
func validity(bundle []byte) (from, until time.Time, err error) {
	for {
		var block *pem.Block
		if block, bundle = pem.Decode(bundle); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return from, until, errors.New("one can't be read")
		}
		if from.IsZero() || c.NotBefore.Before(from) {
			from = c.NotBefore
		}
		if c.NotAfter.After(until) {
			until = c.NotAfter
		}
	}
	if from.IsZero() {
		return from, until, errors.New("it holds none")
	}
	return from, until, nil
}
