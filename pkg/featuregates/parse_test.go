// SPDX-License-Identifier: Apache-2.0

package featuregates

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func diffSettings(want, got []Setting) string {
	return cmp.Diff(want, got, cmpopts.EquateErrors(), cmpopts.EquateEmpty())
}

func on(gate string) Setting  { return Setting{Gate: gate, Enabled: true} }
func off(gate string) Setting { return Setting{Gate: gate} }

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		value string
		want  []Setting
	}{
		"nothing":              {"", nil},
		"only commas":          {",,,", nil},
		"one":                  {"A=true", []Setting{on("A")}},
		"several":              {"A=true,B=false,C=1", []Setting{on("A"), off("B"), on("C")}},
		"every boolean":        {"A=t,B=TRUE,C=True,D=F,E=0", []Setting{on("A"), on("B"), on("C"), off("D"), off("E")}},
		"spaces":               {" A = true ,\tB=\u00a0false\n", []Setting{on("A"), off("B")}},
		"empty items":          {",A=true,,B=true,", []Setting{on("A"), on("B")}},
		"case matters":         {"a=true,A=false", []Setting{on("a"), off("A")}},
		"last one counts":      {"A=true,B=true,A=false", []Setting{off("A"), on("B")}},
		"component":            {"kube:A=true, wardle : B=false", []Setting{{Component: "kube", Gate: "A", Enabled: true}, {Component: "wardle", Gate: "B"}}},
		"component apart":      {"kube:A=true,A=false", []Setting{{Component: "kube", Gate: "A", Enabled: true}, off("A")}},
		"empty component":      {":A=true", []Setting{on("A")}},
		"two colons":           {"a:b:C=true", []Setting{{Component: "a", Gate: "b:C", Enabled: true}}},
		"no value":             {"A,B=true", []Setting{{Gate: "A", Err: ErrNoValue}, on("B")}},
		"blank item":           {"A=true, ", []Setting{on("A"), {Err: ErrNoValue}}},
		"empty value":          {"A=", []Setting{{Gate: "A", Err: ErrNotBool}}},
		"not a boolean":        {"A=yes,B=tRUE", []Setting{{Gate: "A", Err: ErrNotBool}, {Gate: "B", Err: ErrNotBool}}},
		"two equals":           {"A=true=true", []Setting{{Gate: "A", Err: ErrNotBool}}},
		"no name":              {"=true", []Setting{{Err: ErrNoName}}},
		"wrong does not undo":  {"A=true,A=maybe", []Setting{on("A"), {Gate: "A", Err: ErrNotBool}}},
		"another syntax":       {"+A,-B", []Setting{{Gate: "+A", Err: ErrNoValue}, {Gate: "-B", Err: ErrNoValue}}},
		"up to the limit":      {strings.Repeat(",", MaxText-6) + "A=true", []Setting{on("A")}},
		"cut at the limit":     {"A=true," + strings.Repeat(",", MaxText-10) + "B=true", []Setting{on("A"), {Err: ErrTooLong}}},
		"one item, too long":   {strings.Repeat("A", MaxText+1) + "=true", []Setting{{Err: ErrTooLong}}},
		"nothing after a cut ": {"A=true" + strings.Repeat(" ", MaxText) + ",A=false", []Setting{{Err: ErrTooLong}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := diffSettings(test.want, Parse(test.value)); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFromArgs(t *testing.T) {
	doubtful := Setting{Gate: "A", Enabled: true, Doubt: true}
	noValue := Setting{Err: ErrNoFlagValue}
	for name, test := range map[string]struct {
		args []string
		want []Setting
	}{
		"no arguments":             {nil, nil},
		"no flag":                  {[]string{"kube-scheduler", "--v=2", "-v", "2", "A=true", "-", ""}, nil},
		"attached":                 {[]string{"kube-scheduler", "--feature-gates=A=true,B=false"}, []Setting{on("A"), off("B")}},
		"separate":                 {[]string{"--feature-gates", "A=true"}, []Setting{on("A")}},
		"underscore":               {[]string{"--feature_gates=A=true"}, []Setting{on("A")}},
		"underscore, separate":     {[]string{"--feature_gates", "A=true"}, []Setting{on("A")}},
		"repeated":                 {[]string{"--feature-gates=A=true,B=true", "--feature-gates", "B=false,C=true"}, []Setting{on("A"), off("B"), on("C")}},
		"after a positional":       {[]string{"run", "--feature-gates=A=true"}, []Setting{on("A")}},
		"after the end":            {[]string{"kubelet", "--", "--feature-gates=A=true"}, nil},
		"single dash":              {[]string{"-feature-gates=A=true", "-feature-gates", "A=true"}, nil},
		"three dashes":             {[]string{"---feature-gates=A=true"}, nil},
		"no dash":                  {[]string{"feature-gates=A=true"}, nil},
		"other names":              {[]string{"--feature-gate=A=true", "--feature-gates-x=A=true", "--Feature-Gates=A=true", "--featuregates=A=true"}, nil},
		"empty value":              {[]string{"--feature-gates=", "--feature-gates", "", "x"}, nil},
		"value missing":            {[]string{"--feature-gates"}, []Setting{noValue}},
		"value is the end":         {[]string{"--feature-gates", "--"}, []Setting{noValue}},
		"value with equals":        {[]string{"--feature-gates==A=true"}, []Setting{{Err: ErrNoName}}},
		"limit over all flags":     {[]string{"--feature-gates=" + strings.Repeat(",", MaxText), "--feature-gates=A=true"}, []Setting{{Err: ErrTooLong}}},
		"after a bare flag":        {[]string{"--leader-elect", "--feature-gates=A=true"}, []Setting{on("A")}},
		"flag hides as a value":    {[]string{"--name", "--feature-gates", "--feature-gates=A=true"}, []Setting{noValue, on("A")}},
		"end hides as a value":     {[]string{"--name", "--", "--feature-gates=A=true"}, []Setting{doubtful}},
		"end after a full flag":    {[]string{"--name=x", "--", "--feature-gates=A=true"}, nil},
		"second end":               {[]string{"--name", "--", "--", "--feature-gates=A=true"}, nil},
		"value could undo":         {[]string{"--feature-gates=A=true", "--name", "--feature-gates=A=false"}, []Setting{doubtful}},
		"value could do":           {[]string{"--feature-gates=A=false", "--name", "--feature-gates=A=true"}, []Setting{doubtful}},
		"value says the same":      {[]string{"--feature-gates=A=true", "--name", "--feature-gates=A=true"}, []Setting{on("A")}},
		"doubt, then certainty":    {[]string{"--feature-gates=A=true", "--name", "--feature-gates=A=false", "--feature-gates=A=false"}, []Setting{off("A")}},
		"not bare: it is a value":  {[]string{"--feature-gates", "A=true", "--feature-gates=A=false"}, []Setting{off("A")}},
		"not bare: it has a value": {[]string{"--feature-gates=A=true", "--name=x", "--feature-gates=A=false"}, []Setting{off("A")}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := diffSettings(test.want, FromArgs(test.args)); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}
