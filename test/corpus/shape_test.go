// SPDX-License-Identifier: Apache-2.0

package corpus_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	kyaml "sigs.k8s.io/yaml"
)

// builtIn decodes Kubernetes' own kinds and takes no field that it does not know: a field that is misspelt is one that
// no rule sees.
var builtIn = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// customKinds says which kinds the corpus takes beside Kubernetes' own, as group/version to kinds.
func customKinds(root fs.FS) (map[string][]string, error) {
	text, err := fs.ReadFile(root, "kinds.yaml")
	if err != nil {
		return nil, err
	}
	var kinds map[string][]string
	return kinds, kyaml.UnmarshalStrict(text, &kinds)
}

// misshapen says what is wrong with the form of a document.
func misshapen(d document, custom map[string][]string) error {
	if !scheme.Scheme.Recognizes(d.GVK) {
		return misshapenCustom(d, custom)
	}
	typed, _, err := builtIn.Decode(d.raw, nil, nil)
	if err != nil {
		return err
	}
	return errors.Join(looseEnds(d, typed), unselected(typed))
}

func misshapenCustom(d document, custom map[string][]string) error {
	if !slices.Contains(custom[d.GVK.GroupVersion().String()], d.GVK.Kind) {
		return fmt.Errorf("%s is no kind of Kubernetes, nor one of those in kinds.yaml", d.GVK)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(d.raw, &parts); err != nil {
		return err
	}
	allowed := []string{"apiVersion", "kind", "metadata", "spec", "data"}
	for name := range maps.Keys(parts) {
		if !slices.Contains(allowed, name) {
			return fmt.Errorf("%s must not stand beside metadata and spec", name)
		}
	}
	return kyaml.UnmarshalStrict(parts["metadata"], &metav1.ObjectMeta{})
}

// looseEnds says which mounts have no volume, and which volumes no mount: the rules judge a volume by its mounts.
func looseEnds(d document, typed runtime.Object) error {
	pod, ok := d.Pod()
	if !ok {
		return nil
	}
	volumes := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		volumes[v.Name] = true
	}
	if s, ok := typed.(*appsv1.StatefulSet); ok {
		for _, claim := range s.Spec.VolumeClaimTemplates {
			volumes[claim.Name] = true
		}
	}
	var errs []error
	mounted := map[string]bool{}
	for p, c := range pod.Containers() {
		for _, m := range c.VolumeMounts {
			mounted[m.Name] = true
			if !volumes[m.Name] {
				errs = append(errs, fmt.Errorf("%s: mounts %q, which is no volume", p.Path(), m.Name))
			}
		}
	}
	for _, v := range pod.Spec.Volumes {
		if !mounted[v.Name] && v.HostPath != nil {
			errs = append(errs, fmt.Errorf("volume %q: mounted nowhere", v.Name))
		}
	}
	return errors.Join(errs...)
}

// unselected says where a workload's selector misses its own pods.
func unselected(o runtime.Object) error {
	var selector *metav1.LabelSelector
	var template *corev1.PodTemplateSpec
	switch o := o.(type) {
	case *appsv1.Deployment:
		selector, template = o.Spec.Selector, &o.Spec.Template
	case *appsv1.DaemonSet:
		selector, template = o.Spec.Selector, &o.Spec.Template
	case *appsv1.StatefulSet:
		selector, template = o.Spec.Selector, &o.Spec.Template
	case *batchv1.Job:
		if o.Spec.Template.Spec.RestartPolicy == "" {
			return errors.New("spec.template.spec.restartPolicy: must be set")
		}
		return nil
	default:
		return nil
	}
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return err
	}
	if s.Empty() || !s.Matches(labels.Set(template.Labels)) {
		return errors.New("spec.selector: must select the template's labels")
	}
	return nil
}

func TestShapes(t *testing.T) {
	custom, err := customKinds(here())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range corpus(t) {
		for _, d := range p.documents {
			if err := misshapen(d, custom); err != nil {
				t.Errorf("%s: %s: %v", d.place(), d, err)
			}
		}
	}
}

// TestShapesAreMinded plants what the corpus must not hold.
func TestShapesAreMinded(t *testing.T) {
	pod := func(spec string) string {
		return "# planted\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: " + spec
	}
	for name, text := range map[string]string{
		"unknown field":        pod("{hostPid: true, containers: [{name: a, image: a}]}"),
		"mount without volume": pod("{containers: [{name: a, image: a, volumeMounts: [{name: b, mountPath: /b}]}]}"),
		"volume without mount": pod("{containers: [{name: a, image: a}], volumes: [{name: b, hostPath: {path: /b}}]}"),
		"unknown kind":         "# planted\napiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: a}\n",
		"unknown metadata":     "# planted\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a, label: {a: b}}\n",
		"selector": "# planted\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a, namespace: shop}\nspec: {selector: {matchLabels: {a: b}}, " +
			"template: {metadata: {labels: {a: c}}, spec: {containers: [{name: a, image: a}]}}}",
	} {
		t.Run(name, func(t *testing.T) {
			documents, err := readDocuments(fstest.MapFS{"a.yaml": {Data: []byte(text)}}, "a.yaml")
			if err != nil {
				t.Fatal(err)
			}
			custom, err := customKinds(here())
			if err != nil {
				t.Fatal(err)
			}
			if err := misshapen(documents[0], custom); err == nil {
				t.Error("nobody minds")
			}
		})
	}
}
