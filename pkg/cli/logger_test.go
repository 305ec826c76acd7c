// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"testing"

	"github.com/go-logr/logr/funcr"
	"go.uber.org/zap/zapcore"
)

// What sampling leaves out of the log is told in the log.
func TestLeftOutIsTold(t *testing.T) {
	var lines []map[string]any
	log := funcr.NewJSON(func(line string) {
		m := map[string]any{}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Error(err)
		}
		lines = append(lines, m)
	}, funcr.Options{})
	left := &leftOut{}
	left.tell(log)
	for range 3 {
		left.count(zapcore.Entry{Message: "finding"}, zapcore.LogDropped)
	}
	left.count(zapcore.Entry{Message: "finding"}, zapcore.LogSampled)
	left.count(zapcore.Entry{Message: "starting"}, zapcore.LogDropped)
	left.tell(log)
	left.tell(log)
	if len(lines) != 1 || lines[0]["findings"] != 3.0 || lines[0]["others"] != 1.0 || lines[0]["msg"] != "lines left out" {
		t.Errorf("got %v, want one line with 3 findings and 1 other", lines)
	}
}
