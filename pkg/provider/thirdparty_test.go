// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"
)

func TestSoftwareOfImage(t *testing.T) {
	for image, want := range map[string]string{
		"registry.k8s.io/ingress-nginx/controller:v1.15.1@sha256:" + strings.Repeat("0", 64): "ingress-nginx",
		"registry.k8s.io/ingress-nginx/controller":                                           "ingress-nginx",
		"ingress-nginx/controller":                                                           "ingress-nginx",
		"contoso.azurecr.io/mirror/ingress-nginx/controller:v1":                              "ingress-nginx",
		"localhost:5000/ingress-nginx/controller":                                            "ingress-nginx",
		"contoso.azurecr.io/nginx/controller:v1":                                             "",
		"contoso.azurecr.io/not-ingress-nginx/controller:v1":                                 "",
		"contoso.azurecr.io/ingress-nginx/controller-of-ours":                                "",
		"controller": "",

		"traefik:v3.5":                             "Traefik",
		"docker.io/traefik:v3.5":                   "Traefik",
		"docker.io/library/traefik":                "Traefik",
		"contoso.azurecr.io/traefik:v3.5":          "Traefik",
		"ghcr.io/traefik/traefik":                  "Traefik",
		"contoso.azurecr.io/shop/traefik":          "",
		"contoso.azurecr.io:443/dockerhub/traefik": "",

		"registry.istio.io/release/pilot:1.30.2":           "Istio",
		"docker.io/istio/pilot:1.28.0-distroless":          "Istio",
		"contoso.azurecr.io/release/pilot:7":               "",
		"registry.istio.io/mirror/release/pilot":           "",
		"docker.io/istio/proxyv2:1.28.0":                   "",
		"quay.io/cilium/cilium:v1.18.2":                    "Cilium",
		"quay.io/cilium/operator-generic:v1.18.2":          "",
		"reg.kyverno.io/kyverno/kyverno:v1.16.2":           "Kyverno",
		"registry.k8s.io/autoscaling/vpa-recommender:1.5":  "",
		"quay.io/jetstack/cert-manager-controller:v1.19.2": "cert-manager",

		"mcr.microsoft.com/oss/kubernetes/ingress/nginx-ingress-controller:v1.13": "",
		"mcr.microsoft.com/oss/v2/calico/node:v3.30":                              "",
		"mcr.azk8s.cn/oss/calico/node:v3.30":                                      "",
		"contoso.azurecr.io/aks-managed-repository/oss/calico/node:v3.30":         "",
		"contoso.azurecr.io/oss/calico/node:v3.30":                                "Calico",
		"docker.io/calico/node:v3.30":                                             "Calico",
		"mcr.microsoft.com.contoso.example/oss/calico/node":                       "Calico",

		"": "", "/": "", ":": "", "@": "", "a/": "", "/node": "",
	} {
		if got, ok := AKS().SoftwareOfImage(image); got.Name != want || ok != (want != "") {
			t.Errorf("SoftwareOfImage(%q): got %q, %v; want %q", image, got.Name, ok, want)
		}
	}
}

func TestSoftwareOfController(t *testing.T) {
	for name, want := range map[string]string{
		"k8s.io/ingress-nginx":          "ingress-nginx",
		"traefik.io/gateway-controller": "Traefik",
		// What AKS runs.
		"webapprouting.kubernetes.azure.com/nginx": "",
		"approuting.kubernetes.azure.com/internal": "",
		"azure/application-gateway":                "",
		"alb.networking.azure.io/alb-controller":   "",
		"istio.io/gateway-controller":              "",
		"k8s.io/ingress-nginx-internal":            "",
		"":                                         "",
	} {
		if got, ok := AKS().SoftwareOfController(name); got.Name != want || ok != (want != "") {
			t.Errorf("SoftwareOfController(%q): got %q, %v; want %q", name, got.Name, ok, want)
		}
	}
}

func TestSoftwareOfImageAllocatesNothing(t *testing.T) {
	p := AKS()
	for _, image := range []string{"contoso.azurecr.io/shop/cart:v1", "contoso.azurecr.io/shop/controller@sha256:00", "mcr.microsoft.com/oss/calico/node"} {
		if n := testing.AllocsPerRun(100, func() { p.SoftwareOfImage(image) }); n != 0 {
			t.Errorf("%s: %v allocations; want none", image, n)
		}
	}
}

// Every image that the profile lists finds its own entry, and none is hidden by the provider's own.
func TestListedSoftwareIsFound(t *testing.T) {
	for _, s := range AKS().ThirdParty.Software {
		for _, image := range s.Images {
			if got, _ := AKS().SoftwareOfImage(image + ":v1"); got.Name != s.Name {
				t.Errorf("SoftwareOfImage(%q): got %q, want %q", image, got.Name, s.Name)
			}
		}
	}
}

func TestThirdPartyOffenders(t *testing.T) {
	offender := func(plant func(*Software)) func(*Profile) {
		return func(p *Profile) { plant(&p.ThirdParty.Software[0]) }
	}
	for name, c := range map[string]struct {
		plant func(*Profile)
		want  string
	}{
		"no name":                  {offender(func(s *Software) { s.Name = "" }), "software[0].name: Required value"},
		"what without article":     {offender(func(s *Software) { s.What = "Proxy" }), "software[0].what: Invalid value"},
		"unknown clause":           {offender(func(s *Software) { s.Clause = "other" }), "software[0].clause: Invalid value"},
		"nothing to know it by":    {offender(func(s *Software) { s.Images, s.Controllers = nil, nil }), "software[0].images: Required value"},
		"one element":              {offender(func(s *Software) { s.Images[0] = "proxy" }), "software[0].images[0]: Invalid value"},
		"registry and one element": {offender(func(s *Software) { s.Images[0] = "example.com/proxy" }), "software[0].images[0]: Invalid value"},
		"tag":                      {offender(func(s *Software) { s.Images[0] = "toy/proxy:v1" }), "software[0].images[0]: Invalid value"},
		"image twice":              {offender(func(s *Software) { s.Images = append(s.Images, s.Images[0]) }), "software[0].images[1]: Duplicate value"},
		"controller":               {offender(func(s *Software) { s.Controllers[0] = "nginx" }), "software[0].controllers[0]: Invalid value"},
		"controller twice":         {offender(func(s *Software) { s.Controllers = append(s.Controllers, s.Controllers[0]) }), "software[0].controllers[1]: Duplicate value"},
		"no source":                {offender(func(s *Software) { s.Source = Source{Confidence: "A"} }), "software[0].source.document: Required value"},
		"software twice": {func(p *Profile) {
			p.ThirdParty.Software = append(p.ThirdParty.Software, Software{Name: "Proxy", What: "a proxy", Clause: "one-thing",
				Controllers: []string{"example.com/other"}, Source: page})
		}, "software[1].name: Duplicate value"},
		"origin of nothing":     {func(p *Profile) { p.ThirdParty.OwnImages[0].Registry = "" }, "ownImages[0]: Required value"},
		"origin of both":        {func(p *Profile) { p.ThirdParty.OwnImages[0].Folder = "own" }, "ownImages[0]: Required value"},
		"origin without source": {func(p *Profile) { p.ThirdParty.OwnImages[0].Source.Document = "" }, "ownImages[0].source.document: Required value"},
	} {
		t.Run(name, func(t *testing.T) {
			p := sound()
			p.ThirdParty = ThirdParty{
				OwnImages: []ImageOrigin{{Registry: "toy.example.com", Source: page}},
				Software: []Software{{Name: "Proxy", What: "a proxy", Clause: "one-thing", Images: []string{"toy/proxy"},
					Controllers: []string{"example.com/proxy"}, Source: page}},
			}
			if errs := validate(p); len(errs) > 0 {
				t.Fatal(errs.ToAggregate())
			}
			c.plant(p)
			wantOne(t, p, "thirdParty."+c.want)
		})
	}
}
