// SPDX-License-Identifier: Apache-2.0

package pseudonym

import (
	_ "embed"
	"strings"
	"sync"
)

// generated is what `make generate` found in demarc's own texts and in the provider's profile: words of sentences first,
// then, below an empty line, words that stand alone, such as names of fields, paths and feature gates.
//
//go:embed zz_generated_words.txt
var generated string

// vocabulary is what may be said.
type vocabulary struct {
	prose, data map[string]bool
}

// words reads it once.
var words = sync.OnceValue(func() vocabulary {
	sentences, alone, _ := strings.Cut(generated, "\n\n")
	v := vocabulary{prose: map[string]bool{}, data: map[string]bool{}}
	for word := range strings.FieldsSeq(sentences + " " + common) {
		v.prose[word] = true
	}
	for word := range strings.FieldsSeq(alone + " " + kubernetes) {
		v.data[word] = true
	}
	return v
})

// common are words of errors that come from elsewhere: the API server's, a decoder's.
const common = `a an and any are as at be because before but by can cannot could did do does for from group has have in into is it
	its no not of on or out than that the then there this to was were when which while who will with within without would
	access already answered bad cause character column connection context could deadline decode denied document doesn error
	exceeded expected failed file find forbidden found get handle implementation invalid key kind line lookup mapping
	message missing must name namespace none object offset of open parse permission read refused request requested resource
	resources scope server service specified start stream string the timeout timed token type unable unauthorized
	unavailable unexpected unknown unmarshal unsupported user value values watch wrong list create update delete patch
	cluster clusters api API JSON YAML EOF User yaml json`

// everywhere are names of objects that every cluster has.
func everywhere(name string) bool {
	switch name {
	case "default", "kube-system", "kube-public", "kube-node-lease", "kubernetes", "kube-root-ca.crt", "cluster-admin", "system:masters":
		return true
	}
	return false
}

// kubernetes are words that stand in names of Kubernetes' own, and folders that every node has.
const kubernetes = `cluster.local svc system serviceaccount serviceaccounts true false null io k8s kubernetes.io k8s.io app.kubernetes.io node.kubernetes.io
	topology.kubernetes.io name app component part-of instance managed-by version docker.io quay.io ghcr.io gcr.io
	registry.k8s.io mcr.microsoft.com https http tcp udp sha256
	etc var lib run opt proc sys dev usr bin sbin tmp home root mnt log srv boot`
