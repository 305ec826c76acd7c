// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/demarc-dev/demarc/test/benchmark/rig"
)

// The webhooks by the names that the API server counts their calls under.
const (
	demarcWebhook        = "customers.demarc.dev"
	unconditionalWebhook = "unconditional.customers.demarc.dev"
	yardstickWebhook     = "yardstick.demarc.dev"
)

// countCalls sees in the API server's own metrics that every measured request was put to its webhook, and that none
// passed for want of an answer, which demarc's failure policy would allow.
func (b *bench) countCalls(ctx context.Context) error {
	raw, err := b.client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("read the API server's metrics: %w", err)
	}
	measured := (b.rounds + 1) * b.block // one block was to warm up
	for _, name := range []string{demarcWebhook, unconditionalWebhook, yardstickWebhook} {
		if got := rig.Counted(raw, "apiserver_admission_webhook_request_total", rig.Webhook(name)); got < measured {
			return fmt.Errorf("%s was called %d times for %d requests", name, got, measured)
		}
		if got := rig.Counted(raw, "apiserver_admission_webhook_fail_open_count", rig.Webhook(name)); got > 0 {
			return fmt.Errorf("%d requests passed because %s did not answer", got, name)
		}
	}
	return nil
}

// countWrites counts what demarc asked of the API server during the whole run, by its audit log.
func (b *bench) countWrites(context.Context) error {
	file, err := os.Open(b.auditLog())
	if err != nil {
		return err
	}
	defer file.Close()
	verbs := map[string]int{}
	var writes []string
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var event auditv1.Event
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return fmt.Errorf("read audit log: %w", err)
		}
		verbs[event.Verb]++
		if !slices.Contains([]string{"get", "list", "watch"}, event.Verb) {
			writes = append(writes, event.Verb+" "+event.RequestURI)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read audit log: %w", err)
	}
	if verbs["list"]+verbs["watch"] == 0 {
		return errors.New("the audit log knows nothing of demarc's watches, so it proves nothing")
	}
	fmt.Fprintf(b.Out, "Requests of demarc to the API server: %v. None may write: %s.\n", verbs, b.Kept(len(writes) == 0))
	for _, w := range writes {
		fmt.Fprintln(b.Out, "- "+w)
	}
	return nil
}
