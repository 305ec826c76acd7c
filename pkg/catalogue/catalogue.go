// SPDX-License-Identifier: Apache-2.0

// Package catalogue is every rule that demarc has: those that judge requests and objects, and those that judge a cluster
// as it stands.
package catalogue

import (
	"slices"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/rules"
)

// All returns every rule: admission rules first, then posture rules, each in the order of their IDs.
func All() []policy.Rule { return slices.Concat(rules.All(), posture.All()) }
