// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

const hostPIDSpec = `"spec":{"template":{"spec":{"hostPID":true}}}`

func TestPrivilegedDaemonsetOfTheProvider(t *testing.T) {
	found := []string{"spec.template.spec.hostPID: must not be true in kube-system: the pod sees every process of the node"}
	for name, c := range map[string]struct {
		metadata                 string
		atRest, created, updated []string
	}{
		"marked":              {`"name":"x","labels":{` + managedLabel + `}`, nil, found, nil},
		"known by name":       {`"name":"kube-proxy"`, nil, found, nil},
		"made by an operator": {`"name":"x","ownerReferences":[{"kind":"Installation","controller":true}]`, nil, found, found},
		"the customer's":      {`"name":"x"`, found, found, found},
	} {
		t.Run(name, func(t *testing.T) {
			raw := `{"metadata":{` + c.metadata + `},` + hostPIDSpec + `}`
			for op, want := range map[policy.Operation][]string{policy.AtRest: c.atRest, policy.Create: c.created, policy.Update: c.updated} {
				in := managedInput(t, object.DaemonSets, op, "", raw)
				if diff := cmp.Diff(want, summary(checkPrivilegedDaemonset(in))); diff != "" {
					t.Errorf("%q (-want +got):\n%s", op, diff)
				}
			}
		})
	}
}

// A mark that an update sets does not make the DaemonSet the provider's.
func TestPrivilegedDaemonsetMarkedByTheUpdate(t *testing.T) {
	in := managedInput(t, object.DaemonSets, policy.Update, `{"metadata":{"name":"x"}}`,
		`{"metadata":{"name":"x","labels":{`+managedLabel+`}},`+hostPIDSpec+`}`)
	if got := checkPrivilegedDaemonset(in); len(got) != 1 {
		t.Errorf("findings %v; want one", summary(got))
	}
}

func TestPrivilegedDaemonsetUnknownLabels(t *testing.T) {
	for namespace, want := range map[string][]string{
		"kube-system": {"spec.template.spec.hostPID: must not be true if AKS manages kube-system: the pod sees every process of the node (doubt)"},
		"flux-system": {"spec.template.spec: must be debugged by you, not by Microsoft: it reaches the node by hostPID Audit"},
		"":            {"spec.template.spec: must be debugged by you, not by Microsoft: it reaches the node by hostPID Audit"},
	} {
		in := managedInput(t, object.DaemonSets, policy.AtRest, "", `{"metadata":{"name":"x"},`+hostPIDSpec+`}`)
		in.NamespaceName, in.Namespace = namespace, nil
		if diff := cmp.Diff(want, summary(checkPrivilegedDaemonset(in))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", namespace, diff)
		}
	}
}

func TestFindNodeCapability(t *testing.T) {
	for name, want := range map[string]string{
		"SYS_ADMIN": "SYS_ADMIN", "CAP_SYS_ADMIN": "SYS_ADMIN", "cap_sys_admin": "SYS_ADMIN", "All": "ALL", "CAP_ALL": "ALL",
		"": "", "CAP_": "", "SYS_ADMINS": "", "SYS_NICE": "", "CAP_CAP_BPF": "",
	} {
		got := ""
		if c, ok := findNodeCapability(name); ok {
			got = c.name
		}
		if got != want {
			t.Errorf("findNodeCapability(%q) = %q; want %q", name, got, want)
		}
	}
}

// manyHostPaths is a pod that mounts each of its volumes; every second one is a hostPath.
func manyHostPaths(volumes int) string {
	var list, mounts []string
	for i := range volumes {
		source := `"emptyDir":{}`
		if i%2 == 0 {
			source = `"hostPath":{"path":"/x"}`
		}
		list = append(list, fmt.Sprintf(`{"name":"v%d",%s}`, i, source))
		mounts = append(mounts, fmt.Sprintf(`{"name":"v%d","mountPath":"/%d"}`, volumes-1-i, i))
	}
	return `{"metadata":{"name":"x"},"spec":{"template":{"spec":{"volumes":[` + strings.Join(list, ",") +
		`],"containers":[{"name":"c","volumeMounts":[` + strings.Join(mounts, ",") + `]}]}}}}`
}

func TestPrivilegedDaemonsetManyVolumes(t *testing.T) {
	for _, volumes := range []int{2, manyVolumes, manyVolumes + 2, 20_000} {
		in := managedInput(t, object.DaemonSets, policy.Create, "", manyHostPaths(volumes))
		if got := len(checkPrivilegedDaemonset(in)); got != volumes/2 {
			t.Errorf("%d findings for %d volumes; want %d", got, volumes, volumes/2)
		}
	}
}

func TestPrivilegedDaemonsetHostPathOnOneLine(t *testing.T) {
	for path, want := range map[string]string{
		`/a\nb`:                       `must be readOnly in kube-system: it is the node's "/a\nb"`,
		"/" + strings.Repeat("é", 30): `must be readOnly in kube-system: it is the node's "/` + strings.Repeat("é", 19) + `"...`,
	} {
		in := managedInput(t, object.DaemonSets, policy.Create, "", strings.Replace(manyHostPaths(1), "/x", path, 1))
		got := checkPrivilegedDaemonset(in)
		if len(got) != 1 || got[0].Message != want {
			t.Errorf("%s: findings %v; want the message %s", path, summary(got), want)
		}
	}
}

func TestPrivilegedDaemonsetAllocatesNothing(t *testing.T) {
	in := managedInput(t, object.DaemonSets, policy.Create, "", `{"metadata":{"name":"x"},"spec":{"template":{"spec":{
		"volumes":[{"name":"logs","hostPath":{"path":"/var/log"}},{"name":"unused","hostPath":{"path":"/"}}],
		"initContainers":[{"name":"a","securityContext":{"capabilities":{"add":["CHOWN"],"drop":["ALL"]}}}],
		"containers":[{"name":"b","volumeMounts":[{"name":"logs","mountPath":"/var/log","readOnly":true}]}]}}}}`)
	if got := checkPrivilegedDaemonset(in); got != nil {
		t.Fatalf("findings %v; want none", summary(got))
	}
	if n := testing.AllocsPerRun(100, func() { checkPrivilegedDaemonset(in) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
