// SPDX-License-Identifier: Apache-2.0

package pseudonym_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/pseudonym"
)

func names() *pseudonym.Names {
	n := pseudonym.New(func(name string) bool { return name == "coredns" || name == "168.63.129.16" })
	n.Name("namespace", "payments")
	n.Name("deployment", "reboot")
	n.Name("namespace", "canary")
	return n
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "",
		"must not be true": "must not be true",
		"Must stay as it is: AKS manages this Deployment":                                      "Must stay as it is: AKS manages this Deployment",
		"must not run in payments":                                                             "must not run in namespace-1",
		"the reboot's own":                                                                     "the reboot's own",          // a word, as long as nothing says otherwise
		`must not be "canary"`:                                                                 `must not be "namespace-2"`, // a word of ours that is a name too
		`must not be "reboot"`:                                                                 `must not be "deployment-1"`,
		"must end in .server or .override":                                                     "must end in .server or .override",
		"rbac.authorization.kubernetes.io/debugged":                                            "rbac.authorization.kubernetes.io/debugged",
		`must not be "platform"`:                                                               `must not be "platform"`,
		`must not be "debugged"`:                                                               `must not be "name-1"`, // a word of prose is no excuse in quotes
		`must keep "CriticalAddonsOnly=true:NoSchedule"`:                                       `must keep "CriticalAddonsOnly=true:NoSchedule"`,
		`must not be "a \"payments\" \n web" but "coredns"`:                                    `must not be "a \"namespace-1\" \n name-1" but "coredns"`,
		"kubectl -n payments get deploy web-7d4b9 -o yaml":                                     "kubectl -n namespace-1 get deploy name-1 -o yaml",
		"ask ada@contoso.example. Or Ada":                                                      "ask user-1. Or name-1",
		"10.1.2.3, 10.1.0.0/16, fd00::1, 10.1.2.3:443 and 168.63.129.16":                       "address-1, address-2, address-3, address-4 and 168.63.129.16",
		"from contoso.azurecr.io/team/web:1.25@sha256:0123456789abcdef0":                       "from host-1/name-1/name-2:1.25@sha256:id-1",
		"mcr.microsoft.com/azure-policy/policy":                                                "mcr.microsoft.com/azure-policy/policy",
		"/subscriptions/0f0e0d0c-0000-4000-8000-123456789abc/resourceGroups/rg-prod/providers": "/subscriptions/id-1/resourceGroups/name-1/providers",
		`"MC_shop_shop-aks_westeurope", named like a node resource group`:                      `"name-1", named like a node resource group`,
		"system:serviceaccount:payments:deployer":                                              "system:serviceaccount:namespace-1:name-1",
		"system:node:aks-nodepool1-12345678-vmss000003":                                        "system:node:name-1",
		"use resource.k8s.io/v1, stable since Kubernetes 1.37; v1.36.3 by 2026-11-22 in 30s":   "use resource.k8s.io/v1, stable since Kubernetes 1.37; v1.36.3 by 2026-11-22 in 30s",
		"account 123456789012 on port 8443":                                                    "account id-1 on port 8443",
		"remove MemoryQoS=true":                                                                "remove MemoryQoS=true",
		"spec.template.spec.hostPID":                                                           "spec.template.spec.hostPID",
		"--flag=https://shop.contoso.example/x?y=z":                                            "--flag=https://host-1/x?y=name-1",
		"Überweisung \xff":                                                                     "name-1 name-2",
	} {
		if diff := cmp.Diff(want, names().Text(text)); diff != "" {
			t.Errorf("Text(%q) (-want +got):\n%s", text, diff)
		}
	}
}

func TestPath(t *testing.T) {
	for path, want := range map[string]string{
		"":                                       "",
		"spec.template.spec.containers[0].image": "spec.template.spec.containers[0].image",
		"metadata.labels[team]":                  "metadata.labels[key-1]",
		"metadata.labels[app.kubernetes.io/name]":      "metadata.labels[app.kubernetes.io/name]",
		"metadata.labels[kubernetes.azure.com/mode]":   "metadata.labels[kubernetes.azure.com/mode]",
		"metadata.labels[kubernetes.azure.com/shop]":   "metadata.labels[kubernetes.azure.com/key-1]",
		"metadata.labels[contoso.example/owner]":       "metadata.labels[key-1]",
		"data[payments]":                               "data[namespace-1]",
		"data[a]b].x[0][a.b]":                          "data[key-1].x[0][key-2]",
		"data[unfinished":                              "data[key-1]",
		"spec.someField.contoso-thing":                 "host-1",
		"data[team].image":                             "data[key-1].image",
		"data[team].contoso":                           "data[key-1].name-1",
		"spec.template.spec.containers[*].resources.x": "spec.template.spec.containers[*].resources.x",
	} {
		if diff := cmp.Diff(want, names().Path(path)); diff != "" {
			t.Errorf("Path(%q) (-want +got):\n%s", path, diff)
		}
	}
}

// TestConsistent: a name has one pseudonym, and another name another one.
func TestConsistent(t *testing.T) {
	n := names()
	if got := n.Name("pod", "payments"); got != "namespace-1" {
		t.Errorf("got %s, want the pseudonym that it has", got)
	}
	if got := n.Text("the reboot's own", "web", "reboot"); got != "the deployment-1's own" {
		t.Errorf("got %q about reboot", got)
	}
	if a, b := n.Name("pod", "a-1"), n.Name("pod", "b-1"); a != "pod-1" || b != "pod-2" || n.Text("a-1") != a {
		t.Errorf("got %s and %s", a, b)
	}
	for _, public := range []string{"", "coredns", "kube-system", "default"} {
		if got := n.Name("namespace", public); got != public {
			t.Errorf("Name(%q) = %q", public, got)
		}
	}
}

// FuzzText: no long word that nobody listed comes through, wherever it stands, and what is written once reads the same when
// it is redacted again.
func FuzzText(f *testing.F) {
	f.Add("must not be ", " here")
	f.Add(`"a\"`, `"`)
	f.Add("x=", "@a.b")
	f.Add("spec.labels[", "].c")
	f.Add("\xff/", ":1")
	f.Add("].", "")
	const secret = "zqxsecretzqx"
	f.Fuzz(func(t *testing.T, before, after string) {
		n := names()
		for what, got := range map[string]string{"Text": n.Text(before + secret + after), "Path": n.Path("metadata.labels[" + before + secret + after + "]")} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: %q", what, got)
			}
		}
	})
}
