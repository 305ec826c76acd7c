// SPDX-License-Identifier: Apache-2.0

package preview_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/preview"
)

// BenchmarkAuditLog reads what an audit log mostly is, reads and leases, and what it is about: changes of workloads. The
// size of a change is that of a small Deployment with its managedFields.
func BenchmarkAuditLog(b *testing.B) {
	padding := `"metadata":{"annotations":{"x":"` + strings.Repeat("y", 4000) + `"},`
	change := func(i int) string {
		return event{minute: i % 1000, name: fmt.Sprint("agent-", i%50), verb: "update", request: strings.Replace(daemonSet("agent", true), `"metadata":{`, padding, 1),
			response: strings.Replace(daemonSet("agent", true), `"metadata":{`, padding, 1)}.String()
	}
	read := event{verb: "list", name: "", response: ""}.String()
	lease := event{verb: "update", group: "coordination.k8s.io", resource: "leases", name: "node", response: `{"kind":"Lease","spec":{"holderIdentity":"` + strings.Repeat("z", 500) + `"}}`}.String()
	for name, share := range map[string]int{"reads and leases": 0, "one change in ten": 1, "changes": 10} {
		var log strings.Builder
		lines := 5000
		for i := range lines {
			switch {
			case i%10 < share:
				log.WriteString(change(i))
			case i%2 == 0:
				log.WriteString(lease)
			default:
				log.WriteString(read)
			}
			log.WriteByte('\n')
		}
		for _, form := range []string{"bare", "AKS"} {
			text := log.String()
			if form == "AKS" {
				var wrapped strings.Builder
				for l := range strings.Lines(text) {
					wrapped.WriteString(`{"category":"kube-audit","properties":{"log":` + quoted(l) + `}}` + "\n")
				}
				text = wrapped.String()
			}
			b.Run(name+"/"+form, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					p := preview.New(options(b))
					if err := p.AuditLog("audit", strings.NewReader(text)); err != nil {
						b.Fatal(err)
					}
					if r := p.Result(); len(r.Problems) > 0 {
						b.Fatal(r.Problems)
					}
				}
				b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
			})
		}
	}
}

// BenchmarkDecisions reads demarc's own log.
func BenchmarkDecisions(b *testing.B) {
	var log strings.Builder
	const lines = 5000
	for i := range lines {
		log.WriteString(line(i, fmt.Sprint("uid-", i), "privileged-daemonset", policy.Deny, flux, "kube-system", fmt.Sprint("agent-", i%100), "") + "\n")
	}
	b.SetBytes(int64(log.Len()))
	b.ReportAllocs()
	for b.Loop() {
		p := preview.New(options(b))
		if err := p.Decisions("log", strings.NewReader(log.String())); err != nil {
			b.Fatal(err)
		}
		p.Result()
	}
	b.ReportMetric(lines*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
