// SPDX-License-Identifier: Apache-2.0

package featuregates

import "testing"

func TestParseMinor(t *testing.T) {
	for version, want := range map[string]Minor{
		"1.36":                        36,
		"v1.36":                       36,
		"v1.36.3":                     36,
		"1.36.3":                      36,
		"v1.36.3-aks.1":               36,
		"v1.36.0-rc.0":                36,
		"v1.36.3+k3s1":                36,
		"1.36.3_hotfix":               36,
		"1.36+":                       36,
		"1.36-alpine":                 36,
		"v1.0":                        0,
		"1.9.11":                      9,
		"v1.37.0-alpha.1.12+0123abcd": 37,
		"1.100":                       100,
	} {
		t.Run(version, func(t *testing.T) {
			got, ok := ParseMinor(version)
			if !ok || got != want {
				t.Errorf("got %v, %t, want %v", got, ok, want)
			}
		})
	}
}

func TestParseMinorRefuses(t *testing.T) {
	for _, version := range []string{
		"", "v", "1", "v1", "1.", "v1.", "1.x", "latest", "2.36", "11.36", "vv1.36", "V1.36", "1.36.", "1.36.x", "1.36rc1",
		"1.036", "1.1000", "1.99999999999999999999", "1.-36", "1.+36", " 1.36", "1.36 ", "1.36.3.4", "sha256:1.36", "1,36",
		"1.３６",
	} {
		t.Run(version, func(t *testing.T) {
			if got, ok := ParseMinor(version); ok {
				t.Errorf("got %v, want none", got)
			}
		})
	}
}

func TestMinorString(t *testing.T) {
	if got := Minor(36).String(); got != "1.36" {
		t.Errorf("got %q", got)
	}
}
