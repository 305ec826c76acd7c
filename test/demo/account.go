// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// accountUser is who the API server takes demarc for.
const accountUser = "system:serviceaccount:demarc-system:demarc"

// makeAccount makes demarc's service account with its role, and a kubeconfig
// with a token of it.
func (s *stage) makeAccount(ctx context.Context, role []byte) error {
	if err := os.WriteFile(s.path(roleFile), role, 0o600); err != nil {
		return err
	}
	if output, err := s.kubectl(ctx, platform, "kubectl apply -f demarc-account.yaml -f ../"+roleFile); err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	token, err := s.kubectl(ctx, platform, "kubectl create token demarc --namespace demarc-system --duration 24h")
	if err != nil {
		return fmt.Errorf("%w: %s", err, token)
	}
	const name = "demarc"
	return clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{name: {
			Server: s.cluster.Config.Host, CertificateAuthorityData: s.cluster.Config.CAData,
		}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: {Token: strings.TrimSpace(token)}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	}, s.path(kubeconfigFile))
}
