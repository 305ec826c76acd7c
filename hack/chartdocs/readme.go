// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
)

// render puts the table of values into the page.
func render(page string, values []value) ([]byte, error) {
	t, err := template.New("README.md").Delims("<<", ">>").Parse(page)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]string{"Values": table(values)})
	return b.Bytes(), err
}

func table(values []value) string {
	var b strings.Builder
	b.WriteString("| value | default | meaning |\n| --- | --- | --- |\n")
	rows(&b, values)
	return strings.TrimSuffix(b.String(), "\n")
}

func rows(b *strings.Builder, values []value) {
	for _, v := range values {
		if v.group == nil {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", v.path, preset(v), meaning(v))
			continue
		}
		if v.doc != "" {
			fmt.Fprintf(b, "| `%s.*` | | %s |\n", v.path, meaning(v))
		}
		rows(b, v.group)
	}
}

func preset(v value) string {
	raw, err := json.Marshal(plain(v.node))
	if err != nil {
		panic(err)
	}
	return "`" + string(raw) + "`"
}

func meaning(v value) string {
	text := v.doc
	if e := v.notes["enum"]; e != "" {
		text += " One of `" + strings.Join(strings.Fields(e), "`, `") + "`."
	}
	if r := v.notes["range"]; r != "" {
		text += " From " + strings.Replace(r, " ", " to ", 1) + "."
	}
	return strings.ReplaceAll(text, "|", "\\|")
}
