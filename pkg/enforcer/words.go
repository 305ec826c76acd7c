// SPDX-License-Identifier: Apache-2.0

package enforcer

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
)

// tell says in a dry run what would be written: once, until it is for other webhooks.
func (e *Enforcer) tell(ctx context.Context, c *configuration, missing []string) {
	which := strings.Join(missing, ", ")
	if e.told[c.key] == which {
		return
	}
	e.told[c.key] = which
	e.Logger.Info("would complete selectors", "kind", c.kind, "name", c.name, "webhooks", missing)
	e.event(ctx, c, corev1.EventTypeNormal, lacksTerms,
		fmt.Sprintf("Dry run: would add what is missing of %s to the namespaceSelector of %s.", e.inWords(), which))
}

func (e *Enforcer) wrote(ctx context.Context, c *configuration, missing []string) {
	e.Logger.Info("completed selectors", "kind", c.kind, "name", c.name, "webhooks", missing)
	e.event(ctx, c, corev1.EventTypeNormal, completed,
		fmt.Sprintf("Added what was missing of %s to the namespaceSelector of %s.", e.inWords(), strings.Join(missing, ", ")))
}

// giveUp says who won.
func (e *Enforcer) giveUp(ctx context.Context, c *configuration, missing []string, until time.Time) {
	e.Metrics.fights.WithLabelValues(c.kind).Inc()
	who := "somebody"
	if _, others := holders(c.meta, missing[0]); len(others) > 0 {
		who = others[len(others)-1]
	}
	e.Logger.Info("gave up: somebody sets back what was written", "kind", c.kind, "name", c.name, "webhooks", missing, "manager", who, "until", until)
	e.event(ctx, c, corev1.EventTypeWarning, leftAlone, fmt.Sprintf(
		"%s sets the namespaceSelector of %s back: left alone until %s. Commit %s where it is deployed from, or exempt it.",
		who, strings.Join(missing, ", "), until.UTC().Format(time.RFC3339), e.inWords()))
}

// inWords is the terms as people write them.
func (e *Enforcer) inWords() string {
	var words []string
	for _, t := range admissionconfig.Terms(e.Profile) {
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s %s", t.Key, t.Operator, strings.Join(t.Values, ","))))
	}
	return strings.Join(words, " and ")
}
