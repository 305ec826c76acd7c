// SPDX-License-Identifier: Apache-2.0

// Package openreports pins the version of OpenReports whose custom resource definitions the tests install: the module
// github.com/openreports/reports-api (Apache-2.0) brings them in its folder config/crd. Nothing of it is copied.
package openreports

import _ "github.com/openreports/reports-api/apis/openreports.io/v1alpha1" // keeps the pin
