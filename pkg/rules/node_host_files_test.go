// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// hostMount is a DaemonSet that mounts one path of its node.
func hostMount(metadata, path string) string {
	return fmt.Sprintf(`{"metadata":{"name":"x"%s},"spec":{"template":{"spec":{"volumes":[{"name":"v","hostPath":{"path":%q}}],`+
		`"containers":[{"name":"c","volumeMounts":[{"name":"v","mountPath":"/v"}]}]}}}}`, metadata, path)
}

const firstMount = "spec.template.spec.containers[0].volumeMounts[0]: "

func TestNodeHostFilesOfTheProvider(t *testing.T) {
	found := []string{firstMount + `must be readOnly: "/opt/azure" on the node is AKS's own (the scripts and records of AKS's node set-up)`}
	for name, c := range map[string]struct {
		metadata        string
		atRest, created []string
	}{
		"marked":              {`,"labels":{` + managedLabel + `}`, nil, found},
		"made by an operator": {`,"ownerReferences":[{"kind":"Installation","controller":true}]`, nil, found},
		"the customer's":      {``, found, found},
	} {
		t.Run(name, func(t *testing.T) {
			for op, want := range map[policy.Operation][]string{policy.AtRest: c.atRest, policy.Create: c.created} {
				in := managedInput(t, object.DaemonSets, op, "", hostMount(c.metadata, "/opt/azure"))
				if diff := cmp.Diff(want, summary(nodeHostFiles.Check(in))); diff != "" {
					t.Errorf("%q (-want +got):\n%s", op, diff)
				}
			}
		})
	}
}

// The provider's mark means nothing in a customer's namespace.
func TestNodeHostFilesMarkedElsewhere(t *testing.T) {
	in := managedInput(t, object.DaemonSets, policy.AtRest, "", hostMount(`,"labels":{`+managedLabel+`}`, "/opt/azure"))
	in.NamespaceName, in.Namespace = "shop", nil
	if got := nodeHostFiles.Check(in); len(got) != 1 {
		t.Errorf("findings %v; want one", summary(got))
	}
}

func TestNodeHostFilesByAnUnknownAddon(t *testing.T) {
	in := managedInput(t, object.DaemonSets, policy.Create, "", hostMount("", "/opt/azure"))
	in.User = &authenticationv1.UserInfo{Username: "system:serviceaccount:kube-system:new-addon"}
	if got := nodeHostFiles.Check(in); len(got) != 1 || got[0].Doubt != doubtAddon {
		t.Errorf("findings %v; want one in doubt", summary(got))
	}
}

func TestNodeHostFilesPathsOnOneLine(t *testing.T) {
	for path, want := range map[string]string{
		"/etc/kubernetes/a\nb":                       `"/etc/kubernetes/a\nb"`,
		"/etc/kubernetes/" + strings.Repeat("x", 99): `"/etc/kubernetes/` + strings.Repeat("x", 24) + `"...`,
	} {
		got := nodeHostFiles.Check(managedInput(t, object.DaemonSets, policy.Create, "", hostMount("", path)))
		if len(got) != 1 || !strings.Contains(got[0].Message, want) {
			t.Errorf("%q: findings %v; want one with %s", path, summary(got), want)
		}
	}
}

// A pod of kubectl debug mounts the node's root, of which node-access speaks; another folder is its own affair.
func TestNodeHostFilesOfADebugger(t *testing.T) {
	for path, want := range map[string]int{"/": 0, "/etc": 1} {
		in := managedInput(t, object.DaemonSets, policy.Create, "", hostMount("", path))
		in.Name = "node-debugger-x"
		if got := nodeHostFiles.Check(in); len(got) != want {
			t.Errorf("%s: findings %v; want %d", path, summary(got), want)
		}
	}
}

func TestNodeHostFilesManyVolumes(t *testing.T) {
	const volumes = 20_000
	raw := strings.ReplaceAll(manyHostPaths(volumes), `"/x"`, `"/etc/kubernetes`+strings.Repeat("/", 4000)+`"`)
	if got := len(nodeHostFiles.Check(managedInput(t, object.DaemonSets, policy.Create, "", raw))); got != volumes/2 {
		t.Errorf("%d findings; want %d", got, volumes/2)
	}
}

func TestNodeHostFilesAllocatesNothing(t *testing.T) {
	in := managedInput(t, object.DaemonSets, policy.Create, "", `{"metadata":{"name":"x"},"spec":{"template":{"spec":{
		"volumes":[{"name":"logs","hostPath":{"path":"/var/log"}},{"name":"root","hostPath":{"path":"/"}},{"name":"pods","hostPath":{"path":"/var/lib/kubelet"}}],
		"containers":[{"name":"b","volumeMounts":[{"name":"logs","mountPath":"/logs"},{"name":"root","mountPath":"/host","readOnly":true},
		{"name":"pods","mountPath":"/pods","subPath":"pods"}]}]}}}}`)
	if got := nodeHostFiles.Check(in); got != nil {
		t.Fatalf("findings %v; want none", summary(got))
	}
	if n := testing.AllocsPerRun(100, func() { nodeHostFiles.Check(in) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
