// SPDX-License-Identifier: Apache-2.0

package object

import (
	"iter"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Pod is the pod that an object is or would make. Path leads from the object to it: nil for a Pod itself,
// spec.template for a Deployment.
type Pod struct {
	Meta *metav1.ObjectMeta
	Spec *corev1.PodSpec
	Path *field.Path
}

// SpecPath is the field path of the pod's spec within the object.
func (p Pod) SpecPath() *field.Path { return p.Path.Child("spec") }

// MetaPath is the field path of the pod's metadata within the object.
func (p Pod) MetaPath() *field.Path { return p.Path.Child("metadata") }

// Pod returns the pod inside the object. It is false for kinds that hold none.
func (o *Object) Pod() (Pod, bool) {
	if o == nil || !podKinds[o.GVK.Kind] {
		return Pod{}, false
	}
	body, err := o.typed()
	if err != nil {
		return Pod{}, false
	}
	switch b := body.(type) {
	case *corev1.Pod:
		return Pod{Meta: &b.ObjectMeta, Spec: &b.Spec}, true
	case *corev1.PodTemplate:
		return template(&b.Template, field.NewPath("template")), true
	case *corev1.ReplicationController:
		if b.Spec.Template == nil {
			return Pod{}, false
		}
		return template(b.Spec.Template, specTemplate), true
	case *appsv1.Deployment:
		return template(&b.Spec.Template, specTemplate), true
	case *appsv1.DaemonSet:
		return template(&b.Spec.Template, specTemplate), true
	case *appsv1.StatefulSet:
		return template(&b.Spec.Template, specTemplate), true
	case *appsv1.ReplicaSet:
		return template(&b.Spec.Template, specTemplate), true
	case *batchv1.Job:
		return template(&b.Spec.Template, specTemplate), true
	case *batchv1.CronJob:
		return template(&b.Spec.JobTemplate.Spec.Template, jobTemplate), true
	}
	return Pod{}, false
}

// podKinds keeps other kinds from being decoded only to find no pod in them.
var podKinds = map[string]bool{
	"Pod": true, "PodTemplate": true, "ReplicationController": true, "Deployment": true, "DaemonSet": true,
	"StatefulSet": true, "ReplicaSet": true, "Job": true, "CronJob": true,
}

var (
	specTemplate = field.NewPath("spec", "template")
	jobTemplate  = field.NewPath("spec", "jobTemplate", "spec", "template")
)

func template(t *corev1.PodTemplateSpec, path *field.Path) Pod {
	return Pod{Meta: &t.ObjectMeta, Spec: &t.Spec, Path: path}
}

// Place is where a container stands, cheap to make: the path is built only when there is something to say of it.
type Place struct {
	pod   Pod
	list  string
	index int
}

// Path is the field path of the container within the object.
func (p Place) Path() *field.Path { return p.pod.SpecPath().Child(p.list).Index(p.index) }

// Containers yields every container: init, main and ephemeral. Ephemeral containers come by a subresource, so a walk
// over the first two alone misses them. They are yielded as plain containers, whose fields theirs mirror.
func (p Pod) Containers() iter.Seq2[Place, *corev1.Container] {
	return func(yield func(Place, *corev1.Container) bool) {
		for i := range p.Spec.InitContainers {
			if !yield(Place{p, "initContainers", i}, &p.Spec.InitContainers[i]) {
				return
			}
		}
		for i := range p.Spec.Containers {
			if !yield(Place{p, "containers", i}, &p.Spec.Containers[i]) {
				return
			}
		}
		for i := range p.Spec.EphemeralContainers {
			c := corev1.Container(p.Spec.EphemeralContainers[i].EphemeralContainerCommon)
			if !yield(Place{p, "ephemeralContainers", i}, &c) {
				return
			}
		}
	}
}
