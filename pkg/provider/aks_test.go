// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestAKS(t *testing.T) {
	p, err := loadAKS()
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "aks" || len(p.Clauses) < 50 || len(p.Namespaces) < 20 || len(p.Ledger) < 50 {
		t.Errorf("got %q with %d clauses, %d namespaces, %d ledger entries: a file is missing",
			p.Name, len(p.Clauses), len(p.Namespaces), len(p.Ledger))
	}
	if once, again := AKS(), AKS(); once != again {
		t.Error("got two profiles, want one that is loaded once")
	}
}

// An official page is cited by its file, and the address that readers get follows from that.
func TestAddressesOfPages(t *testing.T) {
	page := regexp.MustCompile(`^articles/aks/([a-z0-9/-]+)\.(md|yml)$`)
	article := regexp.MustCompile(`^support/azure/azure-kubernetes/([a-z0-9/-]+)\.md$`)
	for where, s := range sources(AKS()) {
		var want string
		if m := page.FindStringSubmatch(s.Document); m != nil {
			want = "https://learn.microsoft.com/azure/aks/" + m[1]
		} else if m := article.FindStringSubmatch(s.Document); m != nil {
			want = "https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/" + m[1]
		} else if strings.Contains(s.URL, "learn.microsoft.com/azure/aks/") && !strings.Contains(s.Document, "earlier edition") {
			t.Errorf("%s: got document %q for %s, want the page's file", where, s.Document, s.URL)
			continue
		} else {
			continue
		}
		if got, _, _ := strings.Cut(s.URL, "#"); got != want {
			t.Errorf("%s: got %s for %s, want %s", where, got, s.Document, want)
		}
		if s.Confidence != "A" {
			t.Errorf("%s: got confidence %s, want A for an official page", where, s.Confidence)
		}
	}
}

func sources(p *Profile) map[string]Source {
	all := map[string]Source{}
	for _, c := range p.Clauses {
		all["clause "+string(c.ID)] = c.Source
	}
	for _, n := range p.Namespaces {
		all["namespace "+n.Name] = n.Source
	}
	for _, c := range p.Components {
		all["component "+c.Kind+" "+c.Names[0]] = c.Source
	}
	for _, keys := range [][]MetadataKey{p.NodeMetadata.Labels, p.NodeMetadata.Annotations, p.NodeMetadata.Taints} {
		for _, k := range keys {
			all["key "+k.Key] = k.Source
		}
	}
	for _, f := range p.NodeFiles.Paths {
		all["node file "+f.Path] = f.Source
	}
	for _, f := range p.NodeFiles.PlugIns.Folders {
		all["plug-in's folder "+f.Path] = f.Source
	}
	for _, w := range p.NodeFiles.Writers {
		all["writer "+w.Image] = w.Source
	}
	for _, m := range p.Facts.Machines {
		all["machine "+m.Form] = m.Source
	}
	tables(p, all)
	for _, l := range slices.Concat(p.Facts.ResourceGroup, p.Facts.Pool, p.Facts.System, p.Facts.Virtual, p.Facts.Hosted, p.NodeSystems.SKU, p.Guards.Marks) {
		all["label "+l.Key+"="+l.Value] = l.Source
	}
	for _, t := range p.Facts.Dedicated {
		all["taint "+t.Key] = t.Source
	}
	for _, c := range p.CustomerKeys {
		all["customer's key "+c.Key] = c.Source
	}
	for _, a := range p.PlatformAddresses {
		all["address "+a.Address] = a.Source
	}
	for _, id := range p.Identities {
		all["identity "+id.User] = id.Source
	}
	for _, c := range p.Ledger {
		all["customisation "+c.ID] = c.Source
	}
	for _, s := range p.ThirdParty.Software {
		all["software "+s.Name] = s.Source
	}
	for _, o := range p.ThirdParty.OwnImages {
		all["origin "+o.Registry+o.Folder] = o.Source
	}
	return all
}

// The registration spells the two marks out, and AKS rewrites a selector that lacks one of them.
func TestMarksThatHide(t *testing.T) {
	var got []string
	for _, l := range AKS().Marks.HidesNamespace {
		got = append(got, l.Key+"="+l.Value)
	}
	if want := []string{"control-plane=true", "kubernetes.azure.com/managedby=aks"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Deletions are never covered by default, and an entry without fields covers a change of ownership and marks too: that
// is for objects that are the customer's own.
func TestLedgerOfManagedObjects(t *testing.T) {
	for _, c := range AKS().Ledger {
		managed := slices.Contains(c.Rules, "managed-component")
		changes := len(c.Where.Operations) == 0 || slices.Contains(c.Where.Operations, "UPDATE")
		if !managed || !changes || len(c.Fields) > 0 || c.Effect == Warn {
			continue
		}
		for _, kind := range c.Where.Kinds {
			for _, name := range c.Where.Names {
				for _, namespace := range c.Where.Namespaces {
					if _, known := AKS().KnownComponent(namespace, groups[kind], kind, strings.TrimSuffix(name, "*")); known {
						t.Errorf("%s: lets every change of the managed %s %s pass: got no fields", c.ID, kind, name)
					}
				}
			}
			if len(c.Where.Names)+len(c.Where.Labels) == 0 && slices.Contains(workloads, kind) {
				t.Errorf("%s: lets every change of every %s pass: got no fields and no names", c.ID, kind)
			}
		}
	}
}

var (
	groups    = map[string]string{"Deployment": "apps", "DaemonSet": "apps", "StatefulSet": "apps", "HorizontalPodAutoscaler": "autoscaling"}
	workloads = []string{"Deployment", "DaemonSet", "StatefulSet", "ConfigMap", "Service", "ServiceAccount", "CustomResourceDefinition"}
)
