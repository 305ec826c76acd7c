// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// Gather reads what posture rules ask of a cluster, and judges nothing: of the options, those about rules and their
// engine are left out of account. What could not be read is named, and stops nothing.
func Gather(ctx context.Context, cfg *rest.Config, o Options) (policy.State, []report.Unread, error) {
	if o.Posture == nil || len(o.Namespaces) > 0 {
		return policy.State{}, nil, errors.New("gather a cluster's state: it takes a gatherer, and the whole cluster")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	none, err := engine.New(nil, o.Profile, v1alpha1.Default())
	if err != nil {
		return policy.State{}, nil, err
	}
	o.Engine, o.Rules = none, nil
	a, err := newAuditor(cfg, o)
	if err != nil {
		return policy.State{}, nil, err
	}
	a.gathers = true
	if err := a.run(ctx); err != nil {
		return policy.State{}, nil, fmt.Errorf("read %s: %w", o.Name, err)
	}
	state, err := a.state(ctx)
	if err != nil {
		return policy.State{}, nil, fmt.Errorf("read %s: %w", o.Name, err)
	}
	return state, a.tally.unread(), nil
}
