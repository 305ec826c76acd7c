// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

func requestFor(t testing.TB, subject pkix.Name, names ...string) []byte {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject, DNSNames: names}, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func der(request []byte) []byte {
	block, _ := pem.Decode(request)
	return block.Bytes
}

func signingRequest(request []byte, more string) string {
	return fmt.Sprintf(`{"metadata":{"name":"mine"},"spec":{"request":%q,"signerName":"kubernetes.io/kube-apiserver-client"}%s}`,
		base64.StdEncoding.EncodeToString(request), more)
}

func TestSystemIdentityCertificates(t *testing.T) {
	const unread = "spec.request: must be a certificate request in PEM of at most 64 KiB: nothing else tells whom it is for Audit"
	provider := requestFor(t, pkix.Name{CommonName: "aksService"})
	person := requestFor(t, pkix.Name{CommonName: "ada@contoso.example", Organization: []string{"developers"}})
	for name, c := range map[string]struct {
		request []byte
		want    []string
	}{
		"AKS": {provider, []string{`spec.request: must not be for "aksService": AKS itself acts under that name`}},
		// The API server refuses this one, unless its admission plug-in is off.
		"masters": {requestFor(t, pkix.Name{CommonName: "ada", Organization: []string{"developers", "system:masters"}}),
			[]string{`spec.request: must not be for the group "system:masters": it stands above all roles`}},
		"person":                 {person, nil},
		"node without its group": {requestFor(t, pkix.Name{CommonName: "system:node:n"}), nil},
		// The signer copies the subject, and a user's name is the last common name in it.
		"two names, the last of AKS": {requestFor(t, pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: []int{2, 5, 4, 3}, Value: "ada"}, {Type: []int{2, 5, 4, 3}, Value: "aksService"}}}),
			[]string{`spec.request: must not be for "aksService": AKS itself acts under that name`}},
		"two names, the first of AKS": {requestFor(t, pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: []int{2, 5, 4, 3}, Value: "aksService"}, {Type: []int{2, 5, 4, 3}, Value: "ada"}}}), nil},
		// The API server reads the first block and no other.
		"two blocks, the first of a person": {append(bytes.Clone(person), provider...), nil},
		"two blocks, the first of AKS": {append(bytes.Clone(provider), person...),
			[]string{`spec.request: must not be for "aksService": AKS itself acts under that name`}},
		"text before": {append([]byte("Certificate Request:\n"), provider...),
			[]string{`spec.request: must not be for "aksService": AKS itself acts under that name`}},
		"empty":       {nil, []string{unread}},
		"no PEM":      {[]byte("aksService"), []string{unread}},
		"other block": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der(person)}), []string{unread}},
		"no request":  {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte("x")}), []string{unread}},
		"too long": {
			requestFor(t, pkix.Name{CommonName: "aksService"}, strings.Split(strings.Repeat("a.example,", 6_000), ",")...), []string{unread}},
	} {
		t.Run(name, func(t *testing.T) {
			in := managedInput(t, object.CertificateSigningRequests, policy.Create, "", signingRequest(c.request, ""))
			if diff := cmp.Diff(c.want, summary(checkSystemIdentity(in))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSystemIdentityApproval(t *testing.T) {
	request := requestFor(t, pkix.Name{CommonName: "aksService"})
	for condition, want := range map[string][]string{
		``:                                     nil,
		`{"type":"Approved","status":"True"}`:  {`status.conditions: must not be approved for "aksService": AKS itself acts under that name`},
		`{"type":"Approved","status":"False"}`: nil,
		`{"type":"Denied","status":"True"}`:    nil,
		`{"type":"Approved","status":"True"},{"type":"Denied","status":"True"}`:      nil,
		`{"type":"Failed","status":"True"},{"type":"SomethingElse","status":"True"}`: nil,
	} {
		in := managedInput(t, object.CertificateSigningRequests, policy.Update, "",
			signingRequest(request, `,"status":{"conditions":[`+condition+`]}`))
		in.Subresource = "approval"
		got := checkSystemIdentity(in)
		if diff := cmp.Diff(want, summary(got)); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", condition, diff)
		}
		if len(got) == 1 && got[0].Fix != "deny it: kubectl certificate deny mine" {
			t.Errorf("fix %q", got[0].Fix)
		}
	}
}

func TestSystemIdentityGrants(t *testing.T) {
	const proxy = "rules[0]: must not grant nodes/proxy: it runs commands in every container of a node"
	const anybody = "rules[0]: must say in resourceNames whom to impersonate: this covers AKS itself Audit"
	for name, c := range map[string]struct {
		rules string
		want  []string
	}{
		"a name among others": {`{"apiGroups":[""],"resources":["users"],"verbs":["impersonate"],"resourceNames":["ada","aks-support"]}`,
			[]string{`rules[0].resourceNames[1]: must not be "aks-support": AKS itself acts under that name`}},
		"every resource": {`{"apiGroups":["*"],"resources":["*"],"verbs":["get","impersonate"]}`,
			[]string{anybody}},
		"every verb":        {`{"apiGroups":[""],"resources":["users"],"verbs":["*"]}`, nil},
		"no resource":       {`{"nonResourceURLs":["*"],"verbs":["impersonate"]}`, nil},
		"extras":            {`{"apiGroups":["authentication.k8s.io"],"resources":["userextras/scopes","uids"],"verbs":["impersonate"]}`, nil},
		"another group":     {`{"apiGroups":["user.openshift.io"],"resources":["users"],"verbs":["impersonate"]}`, nil},
		"associated node":   {`{"apiGroups":["authentication.k8s.io"],"resources":["nodes"],"verbs":["impersonate:associated-node"]}`, nil},
		"the local admin":   {`{"apiGroups":[""],"resources":["users"],"verbs":["impersonate"],"resourceNames":["masterclient"]}`, nil},
		"a user as a group": {`{"apiGroups":[""],"resources":["groups"],"verbs":["impersonate"],"resourceNames":["aksService"]}`, nil},
		"masters, beside accounts": {
			`{"apiGroups":[""],"resources":["groups","serviceaccounts"],"verbs":["impersonate"],"resourceNames":["system:masters"]}`,
			[]string{`rules[0].resourceNames[0]: must not be "system:masters": that group stands above all roles`}},
		"a verb of old": {`{"apiGroups":[""],"resources":["nodes/proxy"],"verbs":["proxy"]}`, []string{proxy + " Audit"}},
		"both":          {`{"apiGroups":[""],"resources":["nodes/proxy","users"],"verbs":["create","impersonate"]}`, []string{proxy, anybody}},
		"not typed":     {`7`, nil},
	} {
		in := managedInput(t, object.ClusterRoles, policy.Create, "", `{"metadata":{"name":"mine"},"rules":[`+c.rules+`]}`)
		if diff := cmp.Diff(c.want, summary(checkSystemIdentity(in))); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", name, diff)
		}
	}
}

func TestSystemIdentityManyRules(t *testing.T) {
	rule := `{"apiGroups":[""],"resources":["nodes/proxy"],"verbs":["create"]},`
	in := managedInput(t, object.ClusterRoles, policy.Create, "",
		`{"metadata":{"name":"mine"},"rules":[`+strings.TrimSuffix(strings.Repeat(rule, 5_000), ",")+`]}`)
	if got := checkSystemIdentity(in); len(got) != mostGrantFindings {
		t.Errorf("%d findings; want %d", len(got), mostGrantFindings)
	}
}

func TestSystemIdentityByANewAddon(t *testing.T) {
	in := managedInput(t, object.ClusterRoles, policy.Create, "",
		`{"metadata":{"name":"mine"},"rules":[{"apiGroups":[""],"resources":["nodes/proxy"],"verbs":["create"]}]}`)
	in.User = &authenticationv1.UserInfo{Username: "system:serviceaccount:kube-system:new-operator"}
	if got := checkSystemIdentity(in); len(got) != 1 || got[0].Doubt != doubtAddon {
		t.Errorf("%+v; want one in doubt", got)
	}
}

func TestSystemIdentityAllocatesNothing(t *testing.T) {
	role := managedInput(t, object.ClusterRoles, policy.Create, "", `{"metadata":{"name":"mine"},"rules":[`+
		`{"apiGroups":[""],"resources":["pods"],"verbs":["*"]},{"apiGroups":[""],"resources":["users"],"verbs":["impersonate"],"resourceNames":["ada"]}]}`)
	token := managedInput(t, object.ServiceAccounts, policy.Create, "", `{"metadata":{"name":"cart"}}`)
	token.Subresource = "token"
	for name, in := range map[string]policy.Input{"role": role, "token": token} {
		if got := checkSystemIdentity(in); got != nil {
			t.Fatalf("%s: %v; want none", name, summary(got))
		}
		if n := testing.AllocsPerRun(100, func() { checkSystemIdentity(in) }); n != 0 {
			t.Errorf("%s: %v allocations; want none", name, n)
		}
	}
}

// Whatever bytes a certificate request has, reading it ends, and what is read is what the API server would sign.
func FuzzRequestedSubject(f *testing.F) {
	f.Add(requestFor(f, pkix.Name{CommonName: "aksService", Organization: []string{"system:masters"}}))
	f.Add(append(requestFor(f, pkix.Name{CommonName: "ada"}), requestFor(f, pkix.Name{CommonName: "aksService"})...))
	f.Add([]byte("-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n"))
	f.Fuzz(func(t *testing.T, request []byte) {
		subject, ok := requestedSubject(request)
		block, _ := pem.Decode(request)
		if !ok {
			return
		}
		if block == nil || block.Type != "CERTIFICATE REQUEST" || len(request) > longestRequest {
			t.Fatal("read what the API server would refuse")
		}
		if parsed, err := x509.ParseCertificateRequest(block.Bytes); err != nil || parsed.Subject.CommonName != subject.CommonName {
			t.Fatalf("subject %v, %v; want %v", subject, err, parsed)
		}
	})
}
