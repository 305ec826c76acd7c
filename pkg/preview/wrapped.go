// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// wrapper is a row of Azure Monitor around a line of a container's log: the table ContainerLogV2 has it as LogMessage, a
// string or JSON, ContainerLog as LogEntry.
type wrapper struct {
	LogMessage jsontext.Value `json:"LogMessage"`
	LogEntry   jsontext.Value `json:"LogEntry"`
}

// logMessage returns the line of the log that a record holds: the record itself, or what it wraps.
func logMessage(record []byte) []byte {
	if !bytes.Contains(record, []byte(`"LogMessage"`)) && !bytes.Contains(record, []byte(`"LogEntry"`)) {
		return record
	}
	var w wrapper
	if json.Unmarshal(record, &w, decodeOptions) != nil {
		return record
	}
	for _, v := range []jsontext.Value{w.LogMessage, w.LogEntry} {
		if len(v) > 0 {
			return unquoted(v)
		}
	}
	return record
}

// unquoted returns what a JSON string holds, and any other value as it is.
func unquoted(v jsontext.Value) jsontext.Value {
	if v.Kind() != '"' {
		return v
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return v
	}
	return text
}
