// SPDX-License-Identifier: Apache-2.0

package report

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/pseudonym"
)

// Redact returns the report for readers who must not learn what a customer calls things: names of clusters, namespaces,
// objects, files, users and registries, label values, addresses and ids have pseudonyms, the same throughout the report.
// Names of the provider's and of Kubernetes' own stay, so that it can still be read; UIDs go. The report itself is not
// changed.
func (r *Report) Redact() *Report {
	d := &redactor{names: pseudonym.New(publicNames(r.Profile)), kinds: map[string]bool{}}
	for _, resource := range object.Resources() {
		d.kinds[resource.Kind] = true
	}
	whole := *r
	whole.Redacted = true
	// Names first, so that every text that holds one is known to.
	for _, c := range r.Clusters {
		d.names.Name("cluster", c.Name)
	}
	for i := range r.Results {
		if l := r.Results[i].Live; l != nil {
			d.names.Name("cluster", l.Cluster)
		}
	}
	// A name is mostly one of a namespace, though an object may have it too.
	for _, learn := range []func(named){d.learnNamespace, func(n named) { d.object(n) }} {
		for i := range r.Results {
			learn(r.Results[i].named())
			if l := r.Results[i].Live; l != nil {
				learn(splitSubject(l.Owner))
			}
		}
	}
	whole.Clusters = mapped(r.Clusters, d.cluster)
	whole.Results = mapped(r.Results, d.result)
	whole.Problems = mapped(r.Problems, func(p Problem) Problem {
		return Problem{Place: d.place(p.Place), Message: d.names.Text(Clean(p.Message))}
	})
	return &whole
}

type redactor struct {
	names *pseudonym.Names
	kinds map[string]bool // those whose names say nothing of a customer
}

// mapped keeps nil what is nil: it is left out of JSON.
func mapped[T any](list []T, f func(T) T) []T {
	if list == nil {
		return nil
	}
	changed := make([]T, len(list))
	for i := range list {
		changed[i] = f(list[i])
	}
	return changed
}

func (d *redactor) learnNamespace(n named) {
	d.names.Name("namespace", n.namespace)
	if n.kind == object.Namespaces.Kind && n.name != unnamed {
		d.names.Name("namespace", n.name)
	}
}

// object gives names to the parts of what names an object.
func (d *redactor) object(n named) named {
	n.namespace = d.names.Name("namespace", n.namespace)
	kind := "object"
	if d.kinds[n.kind] {
		kind = strings.ToLower(n.kind)
	} else {
		n.kind = d.names.Text(n.kind)
	}
	if base, ok := strings.CutSuffix(n.name, "*"); ok {
		n.name = d.names.Name(kind, base) + "*"
	} else if n.name != unnamed {
		n.name = d.names.Name(kind, n.name)
	}
	return n
}

// subject spells an object as Subject does.
func (n named) subject() string {
	var b strings.Builder
	if n.operation != "" {
		b.WriteString(string(n.operation) + " ")
	}
	b.WriteString(n.kind)
	if n.subresource != "" {
		b.WriteString("/" + n.subresource)
	}
	if n.name != "" {
		b.WriteByte(' ')
	}
	if n.namespace != "" {
		b.WriteString(n.namespace + "/")
	}
	b.WriteString(n.name)
	return b.String()
}

func (d *redactor) cluster(c Cluster) Cluster {
	name := c.Name
	c.Name = d.names.Name("cluster", c.Name)
	c.Version, c.Error = d.names.Text(c.Version), d.names.Text(c.Error, name)
	c.Kinds = mapped(c.Kinds, func(k Kind) Kind {
		k.Resource = d.names.Text(k.Resource)
		return k
	})
	c.Unread = mapped(c.Unread, func(u Unread) Unread {
		u.What, u.Why = d.names.Text(u.What, name), d.names.Text(u.Why, name)
		return u
	})
	return c
}

func (d *redactor) result(r Result) Result {
	about := about(&r)
	if n := splitSubject(r.Object); n.kind != "" {
		r.Object = d.object(n).subject()
	}
	if r.Live == nil {
		file, number := r.file(), strings.TrimPrefix(r.Source, r.file())
		r.Source = d.file(file) + number
	} else {
		r.Live = d.live(*r.Live)
		r.Source = r.Live.Cluster
	}
	r.Place = d.place(r.Place)
	r.Identity = d.names.Text(r.Identity)
	r.Verdicts = mapped(r.Verdicts, func(v Verdict) Verdict { return d.verdict(v, about) })
	r.Faults = mapped(r.Faults, func(f Fault) Fault {
		f.Error = d.names.Text(f.Error, about...)
		return f
	})
	return r
}

// about lists the names that what is said of a result can be about.
func about(r *Result) []string {
	n := r.named()
	names := []string{n.namespace, n.name}
	if r.Live != nil {
		owner := splitSubject(r.Live.Owner)
		names = append(names, r.Live.Cluster, owner.namespace, owner.name)
	}
	return names
}

func (d *redactor) live(l Live) *Live {
	n := d.object(named{kind: l.Kind, namespace: l.Namespace, name: l.Name})
	l.Cluster, l.Namespace, l.Name, l.UID = d.names.Name("cluster", l.Cluster), n.namespace, n.name, ""
	l.Kind, l.APIVersion = d.names.Text(l.Kind), d.names.Text(l.APIVersion)
	if l.Owner != "" {
		l.Owner = d.object(splitSubject(l.Owner)).subject()
	}
	return &l
}

func (d *redactor) verdict(v Verdict, about []string) Verdict {
	v.Path = d.names.Path(v.Path)
	v.YAML = "" // what the customer commits is no business of who reads the ticket
	for _, text := range []*string{&v.Message, &v.Fix, &v.ownFix, &v.Doubt} {
		*text = d.names.Text(*text, about...)
	}
	v.Exemption, v.Expired = d.names.Name("exemption", v.Exemption), d.names.Name("exemption", v.Expired)
	if v.Change != nil {
		c := *v.Change
		if !slices.Contains(knownManagers(), c.Manager) {
			c.Manager = d.names.Name("manager", c.Manager)
		}
		c.Subresource = d.names.Text(c.Subresource)
		v.Change = &c
	}
	return v
}

func (d *redactor) place(p Place) Place {
	p.File, p.Hint = d.file(p.File), d.file(p.Hint)
	return p
}

// file keeps of a file's name what says how it is written.
func (d *redactor) file(name string) string {
	if name == "" || name == stdin {
		return name
	}
	ending := filepath.Ext(name)
	if !slices.Contains([]string{".yaml", ".yml", ".json"}, ending) {
		ending = ""
	}
	return d.names.Name("file", strings.TrimSuffix(name, ending)) + ending
}

const (
	stdin   = "stdin"
	unnamed = "(without a name)"
)

// knownManagers are programs that write to many clusters and say nothing of one: what they call themselves by default.
func knownManagers() []string {
	return []string{
		"kubectl", "kubectl-annotate", "kubectl-client-side-apply", "kubectl-create", "kubectl-edit", "kubectl-label", "kubectl-patch",
		"kubectl-replace", "kubectl-rollout", "kubectl-run", "kubectl-scale", "kubectl-set", "kubectl-taint", "before-first-apply",
		"helm", "Helm", "argocd-controller", "argocd-application-controller", "kustomize-controller", "helm-controller", "flux", "fleet-agent",
		"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "cloud-controller-manager", "cloud-node-manager",
		"cluster-autoscaler", "karpenter", "Terraform", "HashiCorp", "terraform-provider-kubernetes", "pulumi-kubernetes", "Go-http-client",
		"Mozilla", "node-fetch", "OpenAPI-Generator", "python-requests", "okhttp", "curl", "unknown", "manager",
	}
}
