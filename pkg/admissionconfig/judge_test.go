// SPDX-License-Identifier: Apache-2.0

package admissionconfig_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/rules"
)

const onWidgets = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: contoso, uid: "1"}
webhooks:
- name: contoso.example.com
  clientConfig: {service: {namespace: contoso, name: webhook}, caBundle: BUNDLE}
  failurePolicy: Fail
  namespaceSelector:
    matchExpressions:
    - {key: control-plane, operator: NotIn, values: ["true"]}
    - {key: kubernetes.azure.com/managedby, operator: NotIn, values: [aks]}
  rules:
  - {apiGroups: [contoso.example], apiVersions: [v1], operations: [CREATE], resources: [widgets]}
`

var (
	now     = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	webhook = types.NamespacedName{Namespace: "contoso", Name: "webhook"}
)

func TestWhatOnlyTheClusterTells(t *testing.T) {
	day := 24 * time.Hour
	good := bundle(t, now.Add(-day), now.Add(365*day))
	onPods := strings.NewReplacer("contoso.example]", `""]`, "widgets", "pods").Replace(onWidgets)
	notItself := strings.Replace(onPods, "  rules:", "  objectSelector: {matchExpressions: [{key: app, operator: NotIn, values: [webhook]}]}\n  rules:", 1)
	optedOut := strings.NewReplacer(`uid: "1"`, `uid: "1", labels: {admissions.enforcer/disabled: "true"}`,
		"    - {key: control-plane, operator: NotIn, values: [\"true\"]}\n", "",
		"    - {key: kubernetes.azure.com/managedby, operator: NotIn, values: [aks]}\n",
		"    - {key: kubernetes.io/metadata.name, operator: NotIn, values: [contoso, kube-system]}\n").Replace(onPods)
	notManaged := strings.NewReplacer("[contoso, kube-system]", "[contoso]",
		"  rules:", "  objectSelector: {matchExpressions: [{key: kubernetes.azure.com/managedby, operator: NotIn, values: [aks]}]}\n  rules:").Replace(optedOut)
	calico := admissionconfig.Namespace{Name: "calico-system", Labels: map[string]string{"kubernetes.azure.com/managedby": "aks"}}
	for name, c := range map[string]struct {
		manifest, bundle string
		world            admissionconfig.World
		want             []string // class, and "?" if in doubt
	}{
		"nothing known":                      {onWidgets, good, admissionconfig.World{}, nil},
		"all is well":                        {onWidgets, good, admissionconfig.World{Now: now, Services: served(1, 443)}, nil},
		"no such service":                    {onWidgets, good, admissionconfig.World{Services: map[types.NamespacedName]admissionconfig.Service{}}, []string{"backend-missing"}},
		"no such port":                       {onWidgets, good, admissionconfig.World{Services: served(1, 8443)}, []string{"backend-missing"}},
		"nobody ready":                       {onWidgets, good, admissionconfig.World{Services: served(0, 443)}, []string{"backend-missing"}},
		"readiness unknown":                  {onWidgets, good, admissionconfig.World{Services: served(-1, 443)}, nil},
		"expired":                            {onWidgets, bundle(t, now.Add(-9*day), now.Add(-day)), admissionconfig.World{Now: now}, []string{"ca-bundle"}},
		"expired, and nobody knows the time": {onWidgets, bundle(t, now.Add(-9*day), now.Add(-day)), admissionconfig.World{}, nil},
		"not yet valid":                      {onWidgets, bundle(t, now.Add(day), now.Add(9*day)), admissionconfig.World{Now: now}, []string{"ca-bundle"}},
		"expires in 13 days":                 {onWidgets, bundle(t, now.Add(-day), now.Add(13*day)), admissionconfig.World{Now: now}, []string{"ca-bundle"}},
		"one of two expired":                 {onWidgets, join(t, bundle(t, now.Add(-9*day), now.Add(-day)), good), admissionconfig.World{Now: now}, nil},
		"no bundle in a cluster":             {onWidgets, `""`, admissionconfig.World{Services: served(1, 443)}, []string{"ca-bundle"}},
		"no bundle in a file":                {onWidgets, `""`, admissionconfig.World{}, nil},
		"no bundle, cert-manager injects": {strings.Replace(onWidgets, `uid: "1"`, `uid: "1", annotations: {cert-manager.io/inject-ca-from: contoso/webhook}`, 1),
			`""`, admissionconfig.World{Services: served(1, 443)}, []string{"ca-bundle?"}},
		"its own pods":                           {onPods, good, admissionconfig.World{}, []string{"fails-closed-on-itself"}},
		"by a label, unknown":                    {notItself, good, admissionconfig.World{}, []string{"fails-closed-on-itself?"}},
		"by a label, left out":                   {notItself, good, admissionconfig.World{Services: behind("webhook")}, nil},
		"by a label, another's":                  {notItself, good, admissionconfig.World{Services: behind("other")}, []string{"fails-closed-on-itself"}},
		"other managed, unknown":                 {optedOut, good, admissionconfig.World{}, nil},
		"other managed, there":                   {optedOut, good, admissionconfig.World{Namespaces: []admissionconfig.Namespace{calico}}, []string{"fail-closed-on-managed-namespaces"}},
		"AKS's own pods left out by their label": {notManaged, good, admissionconfig.World{}, nil},
		"not on AKS":                             {optedOut, good, admissionconfig.World{Elsewhere: true, Namespaces: []admissionconfig.Namespace{calico}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			hooks := hooksIn(t, strings.Replace(c.manifest, "BUNDLE", c.bundle, 1))
			got := classes(admissionconfig.Judge(&admissionconfig.Server{}, provider.AKS(), hooks, &c.world))
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What demarc installs is in order, whether what was installed is known or not, and any change of it is told.
func TestOwnRegistration(t *testing.T) {
	build := func() (hooks []*admissionconfig.Hook) {
		for _, c := range registration.Build(rules.All(), provider.AKS(), registration.Options{Namespace: "demarc", Name: "demarc", Port: 443}) {
			hooks = append(hooks, admissionconfig.FromValidating(c)...)
		}
		return hooks
	}
	own := &admissionconfig.World{Own: build(), Present: []admissionconfig.Ref{}}
	for _, w := range []*admissionconfig.World{nil, own} {
		if got := admissionconfig.Judge(&admissionconfig.Server{}, provider.AKS(), build(), w); len(got) > 0 {
			t.Errorf("as installed: got %+v", got)
		}
	}
	for name, change := range map[string]func([]*admissionconfig.Hook) []*admissionconfig.Hook{
		"rules": func(h []*admissionconfig.Hook) []*admissionconfig.Hook { h[0].Criteria[0].Rules = nil; return h },
		"rewritten": func(h []*admissionconfig.Hook) []*admissionconfig.Hook {
			h[1].Criteria[0].NamespaceSelector = h[0].Criteria[0].NamespaceSelector
			return h
		},
		"closed": func(h []*admissionconfig.Hook) []*admissionconfig.Hook { h[1].FailurePolicy = "Fail"; return h },
		"opted in": func(h []*admissionconfig.Hook) []*admissionconfig.Hook {
			h[1].Configuration.Annotations, h[1].Configuration.Labels = nil, map[string]string{"app.kubernetes.io/name": "demarc"}
			return h
		},
		"gone": func(h []*admissionconfig.Hook) []*admissionconfig.Hook { return h[1:] },
	} {
		for _, w := range []*admissionconfig.World{nil, own} {
			got := classes(admissionconfig.Judge(&admissionconfig.Server{}, provider.AKS(), change(build()), w))
			if want := []string{"own-registration-changed"}; !slices.Equal(got, want) && (w != nil || name != "gone") {
				t.Errorf("%s, installation known %t: got %q, want %q", name, w != nil, got, want)
			}
		}
	}
}

// A cluster in which one of AKS's webhooks is, and another that every one has isn't.
func TestGuardGone(t *testing.T) {
	there := admissionconfig.Ref{Kind: admissionconfig.MutatingWebhook, Name: "aks-node-mutating-webhook"}
	w := &admissionconfig.World{Present: []admissionconfig.Ref{there}}
	got := admissionconfig.Judge(&admissionconfig.Server{}, provider.AKS(), nil, w)
	if len(got) != 1 || got[0].Class != admissionconfig.ProviderGuardChanged || got[0].Configuration.Name != "aks-node-validating-webhook" {
		t.Errorf("got %+v", got)
	}
	w.Present = []admissionconfig.Ref{{Kind: admissionconfig.MutatingWebhook, Name: "contoso"}}
	if got := admissionconfig.Judge(&admissionconfig.Server{}, provider.AKS(), nil, w); len(got) > 0 {
		t.Errorf("a cluster of somebody else's: got %+v", got)
	}
}

// What AKS's webhooks ask for nobody documents: a condition that leaves controllers out is no change.
func TestGuardWithConditions(t *testing.T) {
	manifest := strings.NewReplacer("name: contoso,", "name: aks-node-validating-webhook,", "contoso.example]", `""]`, "CREATE", "UPDATE", "widgets", "nodes",
		"  rules:", "  matchConditions: [{name: people, expression: \"!('system:serviceaccounts' in request.userInfo.groups)\"}]\n  rules:", "BUNDLE", `""`).Replace(onWidgets)
	if got := admissionconfig.Judge(&admissionconfig.Server{}, provider.AKS(), hooksIn(t, manifest), nil); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
}

// The profile names typical requests that there are.
func TestGuardsGetTypicalRequests(t *testing.T) {
	for _, g := range provider.AKS().Guards.Webhooks {
		for _, id := range g.Gets {
			if !slices.ContainsFunc(admissionconfig.Typicals(), func(typical *admissionconfig.Typical) bool { return typical.ID == id }) {
				t.Errorf("%s: no typical request %q", g.Name, id)
			}
		}
	}
}

func classes(verdicts []admissionconfig.Verdict) (list []string) {
	for _, v := range verdicts {
		c := string(v.Class)
		if v.Doubt != "" {
			c += "?"
		}
		list = append(list, c)
	}
	return list
}

func served(ready int, port int32) map[types.NamespacedName]admissionconfig.Service {
	return map[types.NamespacedName]admissionconfig.Service{webhook: {Ports: []int32{port}, Ready: ready}}
}

func behind(app string) map[types.NamespacedName]admissionconfig.Service {
	return map[types.NamespacedName]admissionconfig.Service{webhook: {Ready: 1, Pods: []map[string]string{{"app": app}}}}
}

func bundle(t *testing.T, from, until time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func join(t *testing.T, bundles ...string) string {
	t.Helper()
	var all []byte
	for _, b := range bundles {
		raw, err := base64.StdEncoding.DecodeString(b)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw...)
	}
	return base64.StdEncoding.EncodeToString(all)
}
