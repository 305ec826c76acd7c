// SPDX-License-Identifier: Apache-2.0

// Package posture holds the rules about a cluster as it stands: what no request shows, such as a node image that grows
// old. One file for each rule; an audit gathers the state that they judge.
package posture
