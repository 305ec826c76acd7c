// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (v *validator) thirdParty() {
	path := field.NewPath("thirdParty")
	for i, o := range v.profile.ThirdParty.OwnImages {
		at := path.Child("ownImages").Index(i)
		if (o.Registry == "") == (o.Folder == "") {
			v.add(field.Required(at, "either a registry or a folder"))
		}
		v.unique(at, "origin of images", o.Registry+"/"+o.Folder)
		v.source(at, o.Source)
	}
	for i := range v.profile.ThirdParty.Software {
		v.software(path.Child("software").Index(i), &v.profile.ThirdParty.Software[i])
	}
}

func (v *validator) software(path *field.Path, s *Software) {
	v.required(path.Child("name"), s.Name, "what its users call it")
	v.unique(path.Child("name"), "software", s.Name)
	if !strings.HasPrefix(s.What, "a ") && !strings.HasPrefix(s.What, "an ") {
		v.invalid(path.Child("what"), s.What, "must be a few words with their article, such as an ingress controller")
	}
	if !v.hasClause(s.Clause) {
		v.invalid(path.Child("clause"), s.Clause, "must be one of the profile's clauses")
	}
	v.notEmpty(path.Child("images"), len(s.Images)+len(s.Controllers), "an image or a controller to know it by")
	for i, image := range s.Images {
		at := path.Child("images").Index(i)
		if _, rest := cutRegistry(image); !strings.Contains(rest, "/") || repositoryOf(image) != image {
			v.invalid(at, image, "must be a repository of at least two elements, without tag and digest")
		}
		v.unique(at, "image", image)
	}
	for i, controller := range s.Controllers {
		at := path.Child("controllers").Index(i)
		if domain, name, ok := strings.Cut(controller, "/"); !ok || !strings.Contains(domain, ".") || name == "" {
			v.invalid(at, controller, "must be a domain and a path, such as example.com/ingress-controller")
		}
		v.unique(at, "controller", controller)
	}
	v.source(path, s.Source)
}

func (v *validator) hasClause(id ClauseID) bool {
	for _, c := range v.profile.Clauses {
		if c.ID == id {
			return true
		}
	}
	return false
}
