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

// manyClaims is a pod with that many volumes, every second one a claim; the last claim alone is mounted.
func manyClaims(volumes int) string {
	var list []string
	for i := range volumes {
		source := `"emptyDir":{}`
		if i%2 == 0 {
			source = `"persistentVolumeClaim":{"claimName":"c"}`
		}
		list = append(list, fmt.Sprintf(`{"name":"v%d",%s}`, i, source))
	}
	mounts := []string{fmt.Sprintf(`{"name":"v%d","mountPath":"/c"}`, volumes-2)}
	for i := range volumes {
		mounts = append([]string{`{"name":"v1","mountPath":"/m` + fmt.Sprint(i) + `"}`}, mounts...)
	}
	return `{"metadata":{"name":"x"},"spec":{"template":{"spec":{"securityContext":{"fsGroup":1},"volumes":[` + strings.Join(list, ",") +
		`],"containers":[{"name":"c","volumeMounts":[` + strings.Join(mounts, ",") + `]}]}}}}`
}

func TestFsgroupChangePolicyManyVolumes(t *testing.T) {
	for _, volumes := range []int{2, manyVolumes, manyVolumes + 2, 4_000} {
		want := []string{fmt.Sprintf(`spec.template.spec.securityContext.fsGroupChangePolicy: must be OnRootMismatch: else each mount sets `+
			`the group of every file of volume "v%d"`, volumes-2)}
		got := summary(checkFsgroupChangePolicy(ownInput(t, object.Deployments, policy.Create, manyClaims(volumes))))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d volumes (-want +got):\n%s", volumes, diff)
		}
	}
}

// A claim template wins over a volume of the same name, among few volumes and among many.
func TestFsgroupChangePolicyTemplateBeforeVolume(t *testing.T) {
	for _, volumes := range []int{2, manyVolumes + 2} {
		raw := strings.Replace(manyClaims(volumes), fmt.Sprintf(`{"name":"v%d","mountPath":"/c"}`, volumes-2), `{"name":"v1","mountPath":"/c"}`, 1)
		if got := checkFsgroupChangePolicy(ownInput(t, object.StatefulSets, policy.Create, raw)); got != nil {
			t.Errorf("%d volumes: findings %v, want none", volumes, summary(got))
		}
		raw = strings.Replace(raw, `"spec":{`, `"spec":{"volumeClaimTemplates":[{"metadata":{"name":"v1"}}],`, 1)
		if got := checkFsgroupChangePolicy(ownInput(t, object.StatefulSets, policy.Create, raw)); len(got) != 1 {
			t.Errorf("%d volumes and a template: findings %v, want one", volumes, summary(got))
		}
	}
}

func TestFsgroupChangePolicyLeftAlone(t *testing.T) {
	const spec = `"spec":{"securityContext":{"fsGroup":1},"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}],
		"containers":[{"name":"c","volumeMounts":[{"name":"v","mountPath":"/v"}]}]}}`
	bare := ownInput(t, object.Pods, policy.AtRest, `{"metadata":{"name":"x"},`+spec)
	owned := ownInput(t, object.Pods, policy.AtRest,
		`{"metadata":{"name":"x","ownerReferences":[{"controller":true,"apiVersion":"apps/v1","kind":"StatefulSet","name":"o","uid":"1"}]},`+spec)
	aks := managedInput(t, object.Pods, policy.AtRest, "", `{"metadata":{"name":"x"},`+spec)
	unknown := managedInput(t, object.Pods, policy.Create, "", `{"metadata":{"name":"x"},`+spec)
	windows := ownInput(t, object.Pods, policy.AtRest, `{"metadata":{"name":"x"},`+strings.Replace(spec, `{"sec`, `{"os":{"name":"windows"},"sec`, 1))
	for name, c := range map[string]struct {
		in   policy.Input
		want int
	}{
		"bare": {bare, 1}, "owned": {owned, 0}, "in a managed namespace": {aks, 0}, "new in a managed namespace": {unknown, 1},
		"Windows": {windows, 0},
	} {
		if got := checkFsgroupChangePolicy(c.in); len(got) != c.want {
			t.Errorf("%s: findings %v, want %d", name, summary(got), c.want)
		}
	}
}

func TestFsgroupChangePolicyAllocatesNothing(t *testing.T) {
	in := ownInput(t, object.StatefulSets, policy.Create, `{"metadata":{"name":"x"},"spec":{"volumeClaimTemplates":[{"metadata":{"name":"data"}}],
		"template":{"spec":{"securityContext":{"fsGroup":1},"volumes":[{"name":"tmp","emptyDir":{}}],
		"containers":[{"name":"c","volumeMounts":[{"name":"tmp","mountPath":"/tmp"}]}]}}}}`)
	if got := checkFsgroupChangePolicy(in); got != nil {
		t.Fatalf("findings %v; want none", summary(got))
	}
	if n := testing.AllocsPerRun(100, func() { checkFsgroupChangePolicy(in) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
