// SPDX-License-Identifier: Apache-2.0

// Package benchmark measures demarc: by Go benchmarks here, by a load on its server in direct, and through a real API
// server in apiserver. README.md says how to run them and what came out.
package benchmark

import (
	"embed"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

//go:embed testdata
var testdata embed.FS

// Review is an AdmissionReview as an API server sent it, and what demarc and the yardstick must say of it.
type Review struct {
	Name string
	Body []byte
	UID  string
	// Allowed is the verdict of demarc; the yardstick has it in common.
	Allowed bool
}

// The reviews. Accepted is the one that the budgets of speed are about, Pod the one that those of load are about.
var (
	Accepted = review("DaemonSet CREATE, accepted", "daemonset-review.json", true)
	Updated  = review("DaemonSet UPDATE, accepted", "daemonset-update-review.json", true)
	Config   = review("ConfigMap CREATE, accepted", "configmap-review.json", true)
	Pod      = review("Pod CREATE, accepted", "pod-review.json", true)
	Denied   = review("DaemonSet CREATE, refused", "daemonset-denied-review.json", false)
)

// review reads an embedded file, which the tests have seen to be well.
func review(name, file string, allowed bool) Review {
	body, err := testdata.ReadFile("testdata/" + file)
	if err != nil {
		panic(err)
	}
	var envelope struct {
		Request struct {
			UID string `json:"uid"`
		} `json:"request"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		panic(fmt.Errorf("%s: %w", file, err))
	}
	return Review{Name: name, Body: body, UID: envelope.Request.UID, Allowed: allowed}
}

// DaemonSet returns the object that Accepted is about, as a user would create it.
func DaemonSet() (*appsv1.DaemonSet, error) {
	raw, err := testdata.ReadFile("testdata/daemonset.yaml")
	if err != nil {
		return nil, err
	}
	set := &appsv1.DaemonSet{}
	return set, yaml.UnmarshalStrict(raw, set)
}

// answer is what the verdict is read from.
type answer struct {
	Response struct {
		UID     string `json:"uid"`
		Allowed bool   `json:"allowed"`
	} `json:"response"`
}

// Check says what is wrong with the answer to a review.
func (r Review) Check(body []byte) error {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return fmt.Errorf("%s: read answer: %w", r.Name, err)
	}
	if a.Response.UID != r.UID || a.Response.Allowed != r.Allowed {
		return fmt.Errorf("%s: got uid %q, allowed %t, want uid %q, allowed %t", r.Name, a.Response.UID, a.Response.Allowed, r.UID, r.Allowed)
	}
	return nil
}
