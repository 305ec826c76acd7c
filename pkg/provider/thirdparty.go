// SPDX-License-Identifier: Apache-2.0

package provider

import "strings"

// ThirdParty tells software that customers bring from what the provider runs itself, where the two look alike.
type ThirdParty struct {
	// OwnImages are where the provider's own images come from, copies of other people's software among them.
	OwnImages []ImageOrigin `json:"ownImages"`
	// Software is what customers bring in place of something that the provider manages, or beside it.
	Software []Software `json:"software"`
}

// ImageOrigin is a place that images are pulled from: a registry, or a folder that stands for one in any registry.
type ImageOrigin struct {
	Registry string `json:"registry,omitempty"`
	Folder   string `json:"folder,omitempty"`
	Source   Source `json:"source"`
}

// Software is a project whose components the provider does not manage.
type Software struct {
	// Name is what its users call it.
	Name string `json:"name"`
	// What it is, in a few words with their article: "an ingress controller".
	What string `json:"what"`
	// Clause is the statement of the policy that leaves it to the customer.
	Clause ClauseID `json:"clause"`
	// Images are the repositories of its leading component, without tag: the last elements of the path, at least two, so that
	// mirrors count, or everything from the registry on where these are too common. What stands alone in a registry
	// counts as library/<name>. Proxies that the software puts beside applications are not listed.
	Images []string `json:"images,omitempty"`
	// Controllers are the exact names by which IngressClasses and GatewayClasses choose it.
	Controllers []string `json:"controllers,omitempty"`
	// Managed is what the provider manages that does the same, if there is something.
	Managed string `json:"managed,omitempty"`
	Source  Source `json:"source"`
}

// thirdPartyIndex finds software by the last element of an image's path, and by the name of a controller.
type thirdPartyIndex struct {
	images      map[string][]knownImage
	controllers map[string]*Software
	registries  map[string]bool
	folders     map[string]bool
}

// knownImage is one repository of a list. Its registry is empty where any will do.
type knownImage struct {
	registry, path string
	software       *Software
}

func newThirdPartyIndex(t *ThirdParty) thirdPartyIndex {
	index := thirdPartyIndex{images: map[string][]knownImage{}, controllers: map[string]*Software{},
		registries: map[string]bool{}, folders: map[string]bool{}}
	for _, o := range t.OwnImages {
		index.registries[o.Registry], index.folders[o.Folder] = true, true
	}
	delete(index.registries, "")
	delete(index.folders, "")
	for i := range t.Software {
		s := &t.Software[i]
		for _, image := range s.Images {
			registry, path := cutRegistry(image)
			last := lastElement(path)
			index.images[last] = append(index.images[last], knownImage{registry, path, s})
		}
		for _, c := range s.Controllers {
			index.controllers[c] = s
		}
	}
	return index
}

// SoftwareOfController returns the software that an IngressClass or GatewayClass chooses by that name.
func (p *Profile) SoftwareOfController(name string) (Software, bool) {
	s, ok := p.index.thirdParty.controllers[name]
	if !ok {
		return Software{}, false
	}
	return *s, true
}

// SoftwareOfImage returns the software that an image is known to hold, unless it comes from where the provider's own do.
func (p *Profile) SoftwareOfImage(image string) (Software, bool) {
	repository := repositoryOf(image)
	candidates := p.index.thirdParty.images[lastElement(repository)]
	if len(candidates) == 0 {
		return Software{}, false
	}
	registry, path := cutRegistry(repository)
	folder, _, _ := strings.Cut(path, "/")
	if p.index.thirdParty.registries[registry] || p.index.thirdParty.folders[folder] {
		return Software{}, false
	}
	for _, k := range candidates {
		if k.matches(registry, path) {
			return *k.software, true
		}
	}
	return Software{}, false
}

func (k knownImage) matches(registry, path string) bool {
	if k.registry != "" {
		return k.registry == registry && k.path == path
	}
	before, ok := strings.CutSuffix(path, k.path)
	if ok {
		return before == "" || before[len(before)-1] == '/'
	}
	alone, ok := strings.CutPrefix(k.path, "library/")
	return ok && alone == path
}

// repositoryOf cuts tag and digest off an image.
func repositoryOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		return image[:colon]
	}
	return image
}

// cutRegistry tells the registry from the path as container runtimes do: a first element with a dot or a port is one, and
// so is localhost. It is empty where the image leaves it to them.
func cutRegistry(repository string) (registry, path string) {
	first, rest, ok := strings.Cut(repository, "/")
	if ok && (first == "localhost" || strings.ContainsAny(first, ".:")) {
		return first, rest
	}
	return "", repository
}

func lastElement(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
