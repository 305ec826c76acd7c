// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/admissionconfig/live"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// webhooksReport is the JSON of `demarc webhooks`.
type webhooksReport struct {
	Cluster  string        `json:"cluster,omitempty"`
	Version  string        `json:"version,omitempty"`
	Webhooks []hookJSON    `json:"webhooks"`
	Verdicts []verdictJSON `json:"verdicts"`
	Unread   []live.Unread `json:"unread"`
}

type hookJSON struct {
	Kind           admissionconfig.Kind    `json:"kind"`
	Configuration  string                  `json:"configuration"`
	Name           string                  `json:"name,omitempty"`
	Owner          string                  `json:"owner,omitempty"`
	FailurePolicy  string                  `json:"failurePolicy"`
	TimeoutSeconds int32                   `json:"timeoutSeconds,omitempty"`
	Reaches        string                  `json:"reaches"`
	Blocks         string                  `json:"blocks,omitempty"`
	Classes        []admissionconfig.Class `json:"classes"`
}

type verdictJSON struct {
	Class         admissionconfig.Class `json:"class"`
	Mode          policy.Mode           `json:"mode"`
	Kind          admissionconfig.Kind  `json:"kind"`
	Configuration string                `json:"configuration"`
	Webhook       string                `json:"webhook,omitempty"`
	Others        []string              `json:"others,omitempty"`
	Path          string                `json:"path,omitempty"`
	Message       string                `json:"message"`
	Fix           string                `json:"fix"`
	Doubt         string                `json:"doubt,omitempty"`
	YAML          string                `json:"yaml,omitempty"`
}

func (a *app) webhooksJSON(s *hookState) webhooksReport {
	r := webhooksReport{Cluster: s.Name, Version: s.Version, Webhooks: []hookJSON{}, Verdicts: []verdictJSON{}, Unread: []live.Unread{}}
	for _, row := range a.rows(s) {
		h := hookJSON{Kind: row.hook.Configuration.Kind, Configuration: row.hook.Configuration.Name, Name: row.hook.Name, Owner: row.owner,
			FailurePolicy: string(row.hook.FailurePolicy), TimeoutSeconds: row.hook.TimeoutSeconds, Reaches: row.reaches, Classes: row.verdicts}
		if row.blocks != "-" {
			h.Blocks = row.blocks
		}
		if h.Classes == nil {
			h.Classes = []admissionconfig.Class{}
		}
		r.Webhooks = append(r.Webhooks, h)
	}
	for i := range s.verdicts {
		r.Verdicts = append(r.Verdicts, verdictToJSON(&s.verdicts[i]))
	}
	r.Unread = append(r.Unread, s.Unread...)
	return r
}

func verdictToJSON(v *admissionconfig.Verdict) verdictJSON {
	j := verdictJSON{Class: v.Class, Mode: mode(*v), Kind: v.Configuration.Kind, Configuration: v.Configuration.Name, Webhook: v.Hook,
		Others: v.Others, Message: v.Message, Fix: v.Fix, Doubt: v.Doubt, YAML: v.YAML}
	if v.Path != nil {
		j.Path = v.Path.String()
	}
	return j
}
