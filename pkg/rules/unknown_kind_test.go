// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/review"
	"github.com/demarc-dev/demarc/pkg/rules"
)

// A kind that demarc has never heard of is judged by its metadata: AKS's mark says whose it is.
func TestUnknownKindIsJudgedByItsMark(t *testing.T) {
	const update = `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u",
		"kind":{"group":"example.com","version":"v1","kind":"Widget"},"resource":{"group":"example.com","version":"v1","resource":"widgets"},
		"name":"w","namespace":"kube-system","operation":"UPDATE","userInfo":{"username":"masterclient"},
		"object":{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"kube-system","labels":{LABELS}},"spec":{"size":2}},
		"oldObject":{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"kube-system","labels":{LABELS}},"spec":{"size":1}}}}`
	for labels, want := range map[string]bool{`"kubernetes.azure.com/managedby":"aks"`: false, `"app":"mine"`: true} {
		request, err := review.Decode([]byte(strings.ReplaceAll(update, "LABELS", labels)))
		if err != nil {
			t.Fatal(err)
		}
		in, err := request.Input()
		if err != nil {
			t.Fatal(err)
		}
		in.Cluster = &policy.ClusterFacts{}
		in.Namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system",
			Labels: map[string]string{"kubernetes.azure.com/managedby": "aks"}}}
		d := newEngine(t, rules.All()).Evaluate(in, time.Unix(0, 0))
		if d.Allowed() != want || len(d.Faults) > 0 {
			t.Errorf("labels %s: got allowed %t and faults %v, want %t and none", labels, d.Allowed(), d.Faults, want)
		}
	}
}
