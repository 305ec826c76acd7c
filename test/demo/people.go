// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/test/cluster"
)

// person is somebody who uses kubectl in the story.
type person struct {
	// name stands in front of the prompt.
	name string
	// user is who the API server takes them for.
	user  string
	about string
}

var (
	ada        = person{"ada", cluster.Tenant, "a tenant: may edit workloads in shop, and in kube-system, as is common"}
	platform   = person{"platform", cluster.PlatformAdmin, "the customer's administrator: cluster-admin"}
	flux       = person{"flux", cluster.GitOps, "the customer's GitOps controller: cluster-admin"}
	localAdmin = person{"masterclient", cluster.LocalAdmin, "the customer's local admin (az aks get-credentials --admin): system:masters"}
	aks        = person{"aksService", cluster.Provider, "AKS itself: system:masters as well"}
)

func people() []person { return []person{ada, platform, flux, localAdmin, aks} }

// kubectlTimeout leaves room for a busy machine.
const kubectlTimeout = 30 * time.Second

// kubectl runs a command as somebody, and returns what it printed on either
// stream. Its words are parted by spaces; there is no shell.
func (s *stage) kubectl(ctx context.Context, by person, command string) (string, error) {
	words := strings.Fields(command)
	if len(words) == 0 || words[0] != "kubectl" {
		return "", fmt.Errorf("not a command of kubectl: %q", command)
	}
	kubeconfig, err := s.cluster.Kubeconfig(by.user)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, kubectlTimeout)
	defer cancel()
	run := exec.CommandContext(ctx, s.cluster.Kubectl, words[1:]...)
	run.Dir = s.path(manifestDir)
	// The user's own settings, such as a language or a kuberc, would change the
	// output, and the home directory keeps a cache.
	run.Env = []string{"KUBECONFIG=" + kubeconfig, "HOME=" + s.dir, "PATH=" + filepath.Dir(s.cluster.Kubectl)}
	output, err := run.CombinedOutput()
	if ctx.Err() != nil {
		err = errors.Join(err, ctx.Err())
	}
	return string(output), err
}
