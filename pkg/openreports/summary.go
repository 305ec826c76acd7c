// SPDX-License-Identifier: Apache-2.0

package openreports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// summary makes the object with the totals of the cluster, and a result for each rule that found something, for what could
// not be read, and for each rule that was skipped.
func (c *cluster) summary() Object {
	o := c.object("", SummaryName)
	objects := 0
	for _, k := range c.Kinds {
		objects += k.Objects
	}
	o.annotate(AuditedAnnotation, c.Started.UTC().Format(time.RFC3339))
	o.annotate(ObjectsAnnotation, strconv.Itoa(objects))
	if c.Version != "" {
		o.annotate(VersionAnnotation, c.Version)
	}
	for _, list := range c.results {
		for i := range list {
			o.Summary.add(list[i].Result, 1)
		}
	}
	o.Results = slices.Concat(c.byRule(), c.unread(), c.skipped())
	for i := range o.Results {
		o.Results[i].Timestamp.Seconds = c.Started.Unix()
	}
	return o
}

// total is what one rule found.
type total struct {
	worst      Result
	counts     map[string]int
	namespaces map[string]bool
	findings   int
}

func (c *cluster) byRule() []Result {
	totals := map[string]*total{}
	for namespace, list := range c.results {
		for _, r := range list {
			t := totals[r.Policy]
			if t == nil {
				t = &total{worst: r, counts: map[string]int{}, namespaces: map[string]bool{}}
				totals[r.Policy] = t
			}
			if byGravity(r, t.worst) < 0 {
				t.worst = r
			}
			t.findings++
			t.counts[r.Result]++
			if namespace != "" {
				t.namespaces[namespace] = true
			}
		}
	}
	var list []Result
	for _, id := range slices.Sorted(maps.Keys(totals)) {
		list = append(list, totals[id].result())
	}
	slices.SortStableFunc(list, func(a, b Result) int {
		return cmp.Or(cmp.Compare(slices.Index(results, a.Result), slices.Index(results, b.Result)), cmp.Compare(classRank(a.Category), classRank(b.Category)))
	})
	return list
}

func (t *total) result() Result {
	words := plural(t.findings, "finding")
	if n := len(t.namespaces); n > 0 {
		words += " in " + plural(n, "namespace")
	}
	r := Result{Source: Source, Policy: t.worst.Policy, Category: t.worst.Category, Severity: t.worst.Severity, Result: t.worst.Result,
		Message: words, Properties: map[string]string{}}
	for outcome, n := range t.counts {
		r.Properties[outcome] = strconv.Itoa(n)
	}
	return r
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// unread lists what could not be read: silence about it is no health.
func (c *cluster) unread() []Result {
	var list []Result
	for _, u := range c.Unread {
		r := Result{Source: Source, Policy: Source, Result: failed, Message: cut("could not be read: "+u.What+": "+u.Why, maxMessage)}
		if len(u.Rules) > 0 {
			r.Properties = map[string]string{"rules": cut(joined(u.Rules), maxProperty)}
		}
		list = append(list, r)
	}
	return list
}

// skipped says of each rule for want of what it did not run, and on how many objects.
func (c *cluster) skipped() []Result {
	var list []Result
	for _, s := range c.Skipped {
		r := Result{Source: Source, Policy: string(s.Rule), Result: skip, Message: "judges requests only"}
		if !s.Always {
			r.Message = fmt.Sprintf("did not run on %s: needs the %s", plural(s.Objects, "object"), strings.Join(s.Needs, " and the "))
		}
		list = append(list, r)
	}
	return list
}

func joined(ids []policy.ID) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = string(id)
	}
	return strings.Join(words, ",")
}
