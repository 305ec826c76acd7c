// SPDX-License-Identifier: Apache-2.0

package benchmark

import (
	"encoding/json"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
)

// storable is about the largest object that etcd takes, as the API server stores it.
const storable = 1_300_000

// Large returns the largest reviews that an API server can send: a storable object may grow sixfold as JSON, and an update
// carries it twice. All are of the Pod, which has nothing wrong with it.
func Large() []Review {
	filled := func(name, letter string) Review {
		return pods(name, false, func(p *corev1.Pod) { p.Annotations["filler"] = strings.Repeat(letter, storable) })
	}
	return []Review{
		filled("Pod CREATE, 1.3 MB of x", "x"),
		filled(`Pod CREATE, 1.3 MB of "<"`, "<"),
		filled("Pod CREATE, 1.3 MB of control characters", "\x01"),
		pods("Pod UPDATE, twice 1.4 MB of x", true, func(p *corev1.Pod) { p.Annotations["filler"] = strings.Repeat("x", 1_400_000) }),
		pods("Pod UPDATE, twice 1.4 MB of control characters", true, func(p *corev1.Pod) {
			p.Annotations["filler"] = strings.Repeat("\x01", 1_400_000)
		}),
		pods("Pod CREATE, 100,000 containers", false, func(p *corev1.Pod) {
			for i := range 100_000 {
				p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: fmt.Sprint("c", i), Image: "i"})
			}
		}),
		pods("Pod CREATE, 100,000 variables", false, func(p *corev1.Pod) {
			for i := range 100_000 {
				p.Spec.Containers[0].Env = append(p.Spec.Containers[0].Env, corev1.EnvVar{Name: fmt.Sprint("V", i)})
			}
		}),
	}
}

// pods makes another review of Pod.
func pods(name string, update bool, change func(*corev1.Pod)) Review {
	var review admissionv1.AdmissionReview
	pod := &corev1.Pod{}
	must(json.Unmarshal(Pod.Body, &review))
	must(json.Unmarshal(review.Request.Object.Raw, pod))
	change(pod)
	raw, err := json.Marshal(pod)
	must(err)
	review.Request.Object.Raw = raw
	if update {
		review.Request.Operation = admissionv1.Update
		review.Request.OldObject.Raw = raw
	}
	body, err := json.Marshal(review)
	must(err)
	return Review{Name: name, Body: body, UID: Pod.UID, Allowed: true}
}

// must is about data that the tests have seen to be well.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
