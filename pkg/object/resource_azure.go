// SPDX-License-Identifier: Apache-2.0

package object

// azure lists the kinds by which Azure Service Operator and Crossplane make resources in Azure.
func azure() []Resource {
	return []Resource{}
}
