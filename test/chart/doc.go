// SPDX-License-Identifier: Apache-2.0

// Package chart holds the tests of charts/demarc. They render it with Helm 4 and Helm 3, which hack/helm.sh builds, so most
// carry the tag chart: `make chart-test`. The one with the tag integration installs it on a real API server.
package chart
