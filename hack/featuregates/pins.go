// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/demarc-dev/demarc/pkg/featuregates"

// pin names the Kubernetes release that speaks for a minor version.
type pin struct {
	minor featuregates.Minor
	patch string
}

// pins has one release for each minor version of the table, oldest first. A new minor version is a new line here.
var pins = []pin{
	{20, "15"},
	{21, "14"},
	{22, "17"},
	{23, "17"},
	{24, "17"},
	{25, "16"},
	{26, "15"},
	{27, "16"},
	{28, "15"},
	{29, "15"},
	{30, "14"},
	{31, "14"},
	{32, "13"},
	{33, "13"},
	{34, "4"},
	{35, "4"},
	{36, "3"},
	{37, "1"},
}

// release is the version of k8s.io/kubernetes, such as "v1.36.3".
func (p pin) release() string { return "v" + p.minor.String() + "." + p.patch }

// staging is the version of the modules that are published out of k8s.io/kubernetes, such as "v0.36.3".
func (p pin) staging() string { return "v0" + p.release()[len("v1"):] }

// listsAll says that the gate registry of this release can tell its GA gates too; before 1.22 it had no GetAll.
func (p pin) listsAll() bool { return p.minor >= 22 }

// misnamed are the entries of Kubernetes' own lists that carry the name of the Go constant, each with the name that
// the gate really has. The lists are made from syntax trees, so the runtime is right.
var misnamed = map[string]string{
	"CPUCFSQuotaPeriod":         "CustomCPUCFSQuotaPeriod",
	"RuntimeClassInImageCriAPI": "RuntimeClassInImageCriApi",
}
