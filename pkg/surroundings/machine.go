// SPDX-License-Identifier: Apache-2.0

package surroundings

import (
	"strings"
	"unicode"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// machine is what the address of a machine in the cloud tells.
type machine struct{ subscription, resourceGroup, scaleSet string }

// form is a MachineForm taken apart.
type form []string

func formsOf(list []provider.MachineForm) []form {
	var forms []form
	for _, m := range list {
		forms = append(forms, strings.Split(m.Form, "/"))
	}
	return forms
}

// machineOf reads a providerID by the first form that it has.
func machineOf(forms []form, providerID string) (machine, bool) {
	for _, f := range forms {
		if m, ok := f.read(providerID); ok {
			return m, true
		}
	}
	return machine{}, false
}

func (f form) read(providerID string) (machine, bool) {
	var m machine
	rest, more := providerID, true
	for _, want := range f {
		if !more {
			return machine{}, false
		}
		var got string
		got, rest, more = strings.Cut(rest, "/")
		if !strings.HasPrefix(want, "{") {
			if !strings.EqualFold(want, got) {
				return machine{}, false
			}
			continue
		}
		if !plausible(got) {
			return machine{}, false
		}
		switch want {
		case provider.FormSubscription:
			m.subscription = got
		case provider.FormResourceGroup:
			m.resourceGroup = got
		case provider.FormScaleSet:
			m.scaleSet = got
		}
	}
	return m, !more
}

// maxName is longer than any name that the cloud gives to what we read.
const maxName = 128

// plausible says whether the cloud could have given that name: letters, digits, and the few signs that it allows.
func plausible(name string) bool {
	return name != "" && len(name) <= maxName && strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.()", r) || r == unicode.ReplacementChar
	}) < 0
}
