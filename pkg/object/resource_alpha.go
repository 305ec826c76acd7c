// SPDX-License-Identifier: Apache-2.0

package object

// alpha lists the resources of Kubernetes that are served in an alpha version only where somebody turned it on.
func alpha() []Resource {
	return []Resource{}
}
