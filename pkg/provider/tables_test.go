// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"
	"time"
)

func tables(p *Profile, all map[string]Source) {
	all["calendar of versions"] = p.KubernetesVersions.Source
	for _, v := range p.KubernetesVersions.Versions {
		all["version "+v.Version] = v.Source
	}
	for _, s := range p.KubernetesVersions.Skew {
		all["skew from "+s.From] = s.Source
	}
	all["calendar of systems"] = p.NodeSystems.Source
	for _, s := range p.NodeSystems.Systems {
		all["system "+s.ID] = s.Source
	}
	all["age of images"] = p.NodeImages.Source
	for _, f := range p.NodeImages.Forms {
		all["form "+f.Form] = f.Source
	}
	for _, s := range p.Credentials.Signs {
		all["sign "+s.Text] = s.Source
	}
	for _, w := range p.Guards.Webhooks {
		all["guard "+w.Kind+" "+w.Name] = w.Source
	}
}

func day(t *testing.T, s string) Date {
	t.Helper()
	parsed, err := time.Parse(dateForm, s)
	if err != nil {
		t.Fatal(err)
	}
	return Date{parsed}
}

// What ends with a day lasts to its last second; what begins with one begins with its first.
func TestDateBoundaries(t *testing.T) {
	d := day(t, "2026-11-30")
	for _, c := range []struct {
		now         string
		begun, over bool
	}{
		{"2026-11-29T23:59:59Z", false, false}, {"2026-11-30T00:00:00Z", true, false},
		{"2026-11-30T23:59:59Z", true, false}, {"2026-12-01T00:00:00Z", true, true},
		{"2026-12-01T00:30:00+01:00", true, false},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if d.Begun(now) != c.begun || d.Over(now) != c.over {
			t.Errorf("%s: Begun %t, Over %t, want %t, %t", c.now, d.Begun(now), d.Over(now), c.begun, c.over)
		}
		if (Date{}).Begun(now) || (Date{}).Over(now) {
			t.Errorf("%s: a day that nobody knows has come", c.now)
		}
	}
}

func TestImageDates(t *testing.T) {
	n := &AKS().NodeImages
	for version, want := range map[string]string{
		"AKSUbuntu-2204gen2containerd-202405.27.0":            "2024-05-27 ",
		"AKSAzureLinux-OSGuardV3gen2fipsTL-202512.18.0":       "2025-12-18 ",
		"AKSUbuntu-2204gen2containerd-202410.27.0-2024.12.01": "2024-10-27 2024-12-01",
		"AKSUbuntu-2404gen2containerd-2025.06.02":             "2025-06-02 ",
		"AKSWindows-2022-containerd-20348.3207.250214":        "2025-02-14 ",
		"AKSWindows-2025-26100.33158.260715":                  "2026-07-15 ",
		"AKSWindows-2022-23H2-25398.1369.250117":              "2025-01-17 ",

		"":             "no",
		"202405.27.0":  "no", // no name before it
		"AKSUbuntu":    "no",
		"AKSUbuntu-x-": "no",
		"AKSUbuntu-2204gen2containerd-202413.27.0":   "no", // a month 13
		"AKSUbuntu-2204gen2containerd-202402.30.0":   "no", // a 30th of February
		"AKSUbuntu-2204gen2containerd-302405.27.0":   "no", // another millennium
		"AKSUbuntu-2204gen2containerd-1.2.3":         "no",
		"AKSUbuntu-2204gen2containerd-202405.27.":    "no",
		"AKSLinux-2022-containerd-20348.3207.250214": "no", // Windows' form alone has two digits for the year
	} {
		image, patched, ok := n.Dates(version)
		got := image.String() + " " + patched.String()
		if !ok {
			got = "no"
		}
		if got != want {
			t.Errorf("Dates(%q) = %q, want %q", version, got, want)
		}
	}
}

func TestPatchedAt(t *testing.T) {
	n, now := &AKS().NodeImages, day(t, "2026-11-22").Time
	const live, patch = "kubernetes.azure.com/live-patching-current-timestamp", "kubernetes.azure.com/security-patch-timestamp"
	for name, c := range map[string]struct {
		notes        map[string]string
		want, unread string
	}{
		"none":         {},
		"live":         {notes: map[string]string{live: "20261101T000000Z"}, want: "2026-11-01"},
		"the latest":   {notes: map[string]string{live: "20261101T000000Z", patch: "2026-11-10T01:00:00+02:00"}, want: "2026-11-09"},
		"ahead":        {notes: map[string]string{live: "20261201T000000Z", patch: "2026-10-01"}, want: "2026-10-01"},
		"another form": {notes: map[string]string{live: "yesterday", patch: "2026-10-01"}, want: "2026-10-01", unread: live},
		"empty":        {notes: map[string]string{live: ""}},
	} {
		at, unread := n.PatchedAt(c.notes, now)
		if got := (Date{at}).String(); got != c.want || unread != c.unread {
			t.Errorf("%s: got %q, unread %q, want %q, %q", name, got, unread, c.want, c.unread)
		}
	}
}

func TestNodeSystemsFind(t *testing.T) {
	sku := func(v string) map[string]string { return map[string]string{"kubernetes.azure.com/os-sku-effective": v} }
	for _, c := range []struct {
		labels          map[string]string
		osImage, kernel string
		want            string
	}{
		{nil, "Ubuntu 22.04.5 LTS", "5.15.0-1089-azure", "ubuntu-22"},
		{sku("Ubuntu"), "Ubuntu 24.04.1 LTS", "6.8.0-1000-azure", "ubuntu-24"},
		{nil, "CBL-Mariner/Linux", "5.15.173.1-1.cm2", "azure-linux-2"},
		{sku("AzureLinux"), "Microsoft Azure Linux 3.0", "6.6.150.1-1.azl3", "azure-linux-3"},
		{sku("AzureLinuxOSGuard"), "Microsoft Azure Linux 3.0", "6.6.150.1-1.azl3", "os-guard"},
		{sku("AzureContainerLinux"), "Microsoft Azure Linux 3.0", "", "azure-container-linux"},
		{nil, "Windows Server 2019 Datacenter", "10.0.17763.6532", "windows-2019"},
		{nil, "Windows Server Datacenter", "10.0.25398.1369", "windows-annual"},
		{nil, "Windows Server 2025 Datacenter", "10.0.26100.32995", "windows-2025"},
		{nil, "Ubuntu 26.04 LTS", "7.0", ""},
		{nil, "", "", ""},
	} {
		if got, _ := AKS().NodeSystems.Find(c.labels, c.osImage, c.kernel); got.ID != c.want {
			t.Errorf("Find(%v, %q, %q) = %q, want %q", c.labels, c.osImage, c.kernel, got.ID, c.want)
		}
	}
}

func TestKubernetesVersions(t *testing.T) {
	k := &AKS().KubernetesVersions
	oldest, newest := k.Known()
	if _, ok := k.Find(oldest - 1); ok {
		t.Errorf("1.%d is before the table", oldest-1)
	}
	if _, ok := k.Find(newest + 1); ok {
		t.Errorf("1.%d is after the table", newest+1)
	}
	for minor := oldest; minor <= newest; minor++ {
		if v, ok := k.Find(minor); !ok || v.Minor() != minor {
			t.Errorf("Find(%d) = %v, %t", minor, v, ok)
		}
	}
	for minor, want := range map[int]int{27: 2, 28: 3, 99: 3} {
		if got, ok := k.Behind(minor); got != want || !ok {
			t.Errorf("Behind(%d) = %d, want %d", minor, got, want)
		}
	}
	if got, ok := (&KubernetesVersions{}).Find(34); ok {
		t.Errorf("an empty table has %v", got)
	}
}

func TestTablesAreValidated(t *testing.T) {
	const source = `source: {document: page.md, confidence: A}`
	table := func(versions string) string {
		return "kubernetesVersions:\n  asOf: \"2026-01-01\"\n  " + source + "\n  noticeDays: 60\n  graceDays: 30\n" +
			"  skew: [{from: \"1.0\", behind: 3, " + source + "}]\n  versions: [" + versions + "]\n"
	}
	images := func(form, example, image string) string {
		return "nodeImages:\n  label: {key: image, " + source + "}\n  warnFromDays: 60\n  unsupportedFromDays: 90\n  " + source +
			"\n  forms: [{form: \"" + form + "\", example: " + example + ", image: \"" + image + "\", " + source + "}]\n"
	}
	good := `{version: "1.30", endOfLife: "2025-01-31", ` + source + `}`
	for name, c := range map[string]struct{ file, want string }{
		"good":          {table(good), ""},
		"a gap":         {table(good + `, {version: "1.32", endOfLife: "2026-01-31", ` + source + `}`), "versions[1].version: Invalid"},
		"no end":        {table(`{version: "1.30", ` + source + `}`), "versions[0].endOfLife: Required"},
		"no minor":      {table(`{version: "v1.30", endOfLife: "2025-01-31", ` + source + `}`), "must be a minor version"},
		"end before GA": {table(`{version: "1.30", ga: "2026-01-01", endOfLife: "2025-01-31", ` + source + `}`), "must not come before 2026-01-01"},
		"no date":       {table(`{version: "1.30", endOfLife: "31 Jan", ` + source + `}`), "must be a day"},
		"no asOf":       {strings.Replace(table(good), `asOf: "2026-01-01"`, `asOf: "0001-01-01"`, 1), "asOf: Required"},
		"a form":        {images("*-{yyyy}.{MM}.{dd}", "a-2026.01.02", "2026-01-02"), ""},
		"another day":   {images("*-{yyyy}.{MM}.{dd}", "a-2026.01.02", "2026-01-03"), "forms[0].example: Invalid"},
		"no star":       {images("a-{yyyy}.{MM}.{dd}", "a-2026.01.02", "2026-01-02"), "must have a *"},
		"no way of telling": {"nodeSystems:\n  asOf: \"2026-01-01\"\n  " + source + "\n  noticeDays: 9\n  systems: [{id: a, title: A, " + source + "}]\n",
			"systems[0].osImages: Required"},
		"no successor": {"nodeSystems:\n  asOf: \"2026-01-01\"\n  " + source + "\n  noticeDays: 9\n  systems: [{id: a, title: A, osImages: [A], retires: \"2026-02-01\", " + source + "}]\n",
			"systems[0].successor: Required"},
		"no reporter":             {"credentials:\n  freshHours: 1\n  signs: [{text: a, means: b, " + source + "}]\n", "reporters: Required"},
		"a guard of another kind": {"guards:\n  webhooks: [{kind: Pod, name: a, " + source + "}]\n", "webhooks[0].kind: Unsupported"},
	} {
		_, err := Load(files(map[string]string{"c.yaml": c.file}))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
