// SPDX-License-Identifier: Apache-2.0

package openreports

import (
	"iter"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

func uid(s string) types.UID { return types.UID(s) }

// group is the API group of an apiVersion: a new version of the same object is no other object.
func group(apiVersion string) string {
	g, _, found := strings.Cut(apiVersion, "/")
	if !found {
		return ""
	}
	return g
}

// base says what a finding is about: the rule, the object and the field, without positions in lists. The message is not
// part of it, since some count days.
func (r Result) base() string {
	return r.Policy + " " + resourceKey(r) + " " + unpositioned(r.Properties["path"])
}

// unpositioned takes the positions in lists out of a path: an element put in front moves the others and makes nothing new.
func unpositioned(path string) string {
	if !strings.Contains(path, "[") {
		return path
	}
	var b strings.Builder
	for path != "" {
		before, rest, found := strings.Cut(path, "[")
		b.WriteString(before)
		if !found {
			break
		}
		inner, after, _ := strings.Cut(rest, "]")
		if _, err := strconv.Atoi(inner); err != nil {
			b.WriteString("[" + inner + "]")
		} else {
			b.WriteString("[]")
		}
		path = after
	}
	return b.String()
}

// Known are the times at which findings were first found, by identity. The zero value knows none.
type Known struct{ at, count map[string]int64 }

// Add takes the findings of an object. The parts of one namespace must come in the order of their names.
func (k *Known) Add(o Object) {
	if k.at == nil {
		k.at, k.count = map[string]int64{}, map[string]int64{}
	}
	for _, r := range o.findings() {
		k.at[identify(k.count, r)] = r.Timestamp.Seconds
	}
}

// At returns when a finding was first found.
func (k *Known) At(id string) (seconds int64, ok bool) {
	if k == nil {
		return 0, false
	}
	seconds, ok = k.at[id]
	return seconds, ok
}

// identify returns the identity of a result: count says how many of the same base came before.
func identify(count map[string]int64, r Result) string {
	base := r.base()
	count[base]++
	if count[base] == 1 {
		return base
	}
	return base + " " + strconv.FormatInt(count[base], 10)
}

// Findings yields the results about objects by their identity, in the order of the objects, which is that of Objects.
func Findings(objects []Object) iter.Seq2[string, Result] {
	return func(yield func(string, Result) bool) {
		count := map[string]int64{}
		for _, o := range objects {
			for _, r := range o.findings() {
				if !yield(identify(count, r), r) {
					return
				}
			}
		}
	}
}

// findings are the results of an object that say something of the cluster's objects: none of the summary, which repeats
// them, and no note that some are not listed.
func (o Object) findings() []Result {
	if o.isSummary() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(o.Results), Result.isNote)
}

// isNote says whether a result is no finding, but says that some are not listed.
func (r Result) isNote() bool { return r.Policy == Source && len(r.Resources) == 0 }

func (o Object) isSummary() bool { return o.Metadata.Namespace == "" && o.Metadata.Name == SummaryName }
