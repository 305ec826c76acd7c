// SPDX-License-Identifier: Apache-2.0

package openreports

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// share returns how many results each namespace may list so that all together list at most total: those with few list
// all of theirs, and the others the same number.
func share(all map[string][]Result, total int) int {
	low, high := 0, 0
	for _, list := range all {
		high = max(high, len(list))
	}
	for low < high {
		room := (low + high + 1) / 2
		sum := 0
		for _, list := range all {
			sum += min(room, len(list))
		}
		if sum <= total {
			low = room
		} else {
			high = room - 1
		}
	}
	return low
}

// split puts the results of a namespace into as few objects as the bounds allow. What has no room is counted.
func (c *cluster) split(namespace string, room int, count map[string]int64) []Object {
	all := c.results[namespace]
	listed := all[:min(room, len(all))]
	var pages [][]Result
	size := 0
	for i := range listed {
		n := bytesOf(&listed[i])
		if last := len(pages) - 1; last < 0 || size+n > c.MaxBytes || len(pages[last]) >= c.MaxResults {
			if len(pages) == MaxParts {
				listed = listed[:i]
				break
			}
			pages, size = append(pages, nil), 0
		}
		last := len(pages) - 1
		pages[last], size = append(pages[last], listed[i]), size+n
	}
	var list []Object
	names := parts(prefix(namespace), max(len(pages), 1))
	for i, page := range pages {
		c.date(page, count)
		o := c.object(namespace, names[i])
		o.Results = page
		for j := range page {
			o.Summary.add(page[j].Result, 1)
		}
		list = append(list, o)
	}
	if missing := all[len(listed):]; len(missing) > 0 {
		if len(list) == 0 {
			list = append(list, c.object(namespace, names[0]))
		}
		list[len(list)-1].cut(missing)
	}
	return list
}

// date gives each result the time at which it was first found.
func (c *cluster) date(page []Result, count map[string]int64) {
	for i := range page {
		at, ok := c.Known.At(identify(count, page[i]))
		if !ok {
			at = c.Started.Unix()
		}
		page[i].Timestamp.Seconds = at
	}
}

func prefix(namespace string) string {
	if namespace == "" {
		return ClusterName
	}
	return NamespaceName
}

// parts are the names of n parts.
func parts(name string, n int) []string {
	names := []string{name}
	for i := 2; i <= n; i++ {
		names = append(names, name+"-"+strconv.Itoa(i))
	}
	return names
}

// bytesOf is how much room a result takes.
func bytesOf(r *Result) int {
	raw, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("a result of strings and numbers: %v", err))
	}
	return len(raw) + 1
}

// cut counts results that are not listed, and says so by an annotation and by a result that counts as none.
func (o *Object) cut(missing []Result) {
	for i := range missing {
		o.Summary.add(missing[i].Result, 1)
	}
	n := strconv.Itoa(len(missing))
	o.annotate(CutAnnotation, n)
	o.Results = append(o.Results, Result{Source: Source, Policy: Source, Result: skip,
		Message: "further results are not listed, for want of room", Properties: map[string]string{"cut": n}})
}
