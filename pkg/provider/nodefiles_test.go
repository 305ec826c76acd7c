// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"
)

func TestNodePlace(t *testing.T) {
	for _, c := range []struct{ path, below, expression, want string }{
		{"/etc/kubernetes", "", "", "/etc/kubernetes"},
		{"//etc/./kubernetes//certs/", "", "", "/etc/kubernetes"},
		{"/etc/kubernetes-tools", "", "", ""},
		{"/etc/Kubernetes", "", "", ""},
		{"etc/kubernetes", "", "", "/etc/kubernetes"},
		{"/", "", "", "above /etc/kubernetes"},
		{"", "", "", "above /etc/kubernetes"},
		{"/var", "", "", "above /var/lib/kubelet"},
		{"/opt", "", "", "above /opt/bin/kubelet*"},
		{"/run", "", "", "above /run/containerd"},
		{"/home", "", "", ""},
		{"/etc/default/kubelet", "", "", "/etc/default/kubelet*"},
		{"/etc/default/kubeletconfig.json", "", "", "/etc/default/kubelet*"},
		{"/etc/default/kube", "", "", ""},
		{"/var/lib/kubelet/pods/x", "", "", "/var/lib/kubelet/pods"},
		{"/var/lib/kubelet/plugins_registry", "", "", "/var/lib/kubelet/plugins_registry plugs in"},
		{"/opt/cni/bin", "", "", "/opt/cni plugs in"},
		{"/opt/cni/bin/x", "", "", "/opt/cni"},

		{"/var/lib", "kubelet", "", "/var/lib/kubelet"},
		{"/var/lib", "kubelet/pods/", "", "/var/lib/kubelet/pods"},
		{"/var/lib", "app", "", ""},
		{"/var/lib", "", "$(NAME)", ""},
		{"/var/lib", "", "kubelet/$(NAME)", "/var/lib/kubelet"},
		{"/var/lib", "", "kube$(NAME)", ""},
		{"/var/lib", "", "kubelet/pods/$(NAME)/x", "/var/lib/kubelet/pods"},
		{"/var/lib", "", "kubelet", "/var/lib/kubelet"},

		{`C:\k`, "", "", `C:\k`},
		{`c:/K/azureCNI/bin`, "", "", `C:\k\azurecni`},
		{`\k`, "", "", `C:\k`},
		{`\\?\C:\k\`, "", "", `C:\k`},
		{`C:\kubernetes`, "", "", ""},
		{`D:\k`, "", "", ""},
		{`C:`, "", "", `above C:\k`},
		{`C:\temp\..\k`, "", "", `C:\k`},
		{`C:\k\..\temp`, "", "", ""},
		{`C:\..\..\..\C:\k`, "", "", `C:\k`},
		{`C:\Program Files`, "", "", `above C:\Program Files\containerd`},
		{`C:\var\lib`, `kubelet\pods`, "", `C:\var\lib\kubelet\pods`},
		{`\\.\pipe\containerd-containerd`, "", "", `\\.\pipe\containerd-containerd`},
		{`//./PIPE/containerd-containerd`, "", "", `\\.\pipe\containerd-containerd`},
		{`\\.\pipe\docker_engine`, "", "", ""},
		{"/k", "", "", ""},
		{`/etc\kubernetes`, "", "", ""},

		{"/etc/kubernetes/" + strings.Repeat("x/", 3000), "", "", ""},
		{"/etc/" + strings.Repeat("x", 300), "", "", ""},
	} {
		got, ok := AKS().NodePlace(c.path, c.below, c.expression)
		spelt := ""
		if ok {
			spelt = got.Path
		}
		if got.Above {
			spelt = "above " + spelt
		}
		if got.Registers {
			spelt += " plugs in"
		}
		if spelt != c.want {
			t.Errorf("%.60q, %q, %q: got %q, want %q", c.path, c.below, c.expression, spelt, c.want)
		}
	}
}

func TestNodePlaceAllocatesNothing(t *testing.T) {
	p := AKS()
	if n := testing.AllocsPerRun(100, func() {
		p.NodePlace("/var/lib/kubelet/", "pods", "")
		p.NodePlace(`\Program Files\Containerd`, "", "x/$(A)")
		p.NodePlace("/home/x", "", "")
	}); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}

func TestWritesNodeFiles(t *testing.T) {
	for image, want := range map[string]bool{
		"nvcr.io/nvidia/k8s/container-toolkit":                 true,
		"nvcr.io/nvidia/k8s/container-toolkit:v1":              true,
		"contoso.example:5000/mirror/nvidia/driver@sha256:0":   true,
		"contoso.example:5000/mirror/nvidia/driver:1@sha256:0": true,
		"nvidia/driver":                    true,
		"contoso.example:5000/driver":      false,
		"contoso.example/notnvidia/driver": false,
		"nvcr.io/nvidia/driver-tools":      false,
		"":                                 false,
	} {
		if _, got := AKS().WritesNodeFiles(image); got != want {
			t.Errorf("%q: %v, want %v", image, got, want)
		}
	}
}

func TestNodeFileOffenders(t *testing.T) {
	good := func() *Profile {
		p := sound()
		p.NodeFiles = NodeFiles{
			Paths:   []NodeFile{{Path: "/etc/toy*", What: "toys", Standing: Owned, Source: page}, {Path: `C:\toy`, What: "toys", Standing: Open, Source: page}},
			PlugIns: PlugIns{Folders: []PlugInFolder{{Path: "/toys", Source: page}}, Variables: []PlugInVariable{{Name: "TOY", Source: page}}},
			Writers: []NodeWriter{{Image: "toys/maker", Title: "Toys", Source: page}},
		}
		return p
	}
	if errs := validate(good()); len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	for name, c := range map[string]struct {
		plant func(f *NodeFiles)
		want  string
	}{
		"no path":             {func(f *NodeFiles) { f.Paths[0].Path = "" }, "nodeFiles.paths[0].path: Invalid value"},
		"relative path":       {func(f *NodeFiles) { f.Paths[0].Path = "etc" }, "nodeFiles.paths[0].path: Invalid value"},
		"path with an end":    {func(f *NodeFiles) { f.Paths[0].Path = "/etc/" }, "nodeFiles.paths[0].path: Invalid value"},
		"path with dots":      {func(f *NodeFiles) { f.Paths[0].Path = "/etc/../toy" }, "nodeFiles.paths[0].path: Invalid value"},
		"star within":         {func(f *NodeFiles) { f.Paths[0].Path = "/etc/*/toy" }, "nodeFiles.paths[0].path: Invalid value"},
		"mixed slashes":       {func(f *NodeFiles) { f.Paths[1].Path = `C:\toy/x` }, "nodeFiles.paths[1].path: Invalid value"},
		"drive alone":         {func(f *NodeFiles) { f.Paths[1].Path = `C:` }, "nodeFiles.paths[1].path: Invalid value"},
		"path twice":          {func(f *NodeFiles) { f.Paths[1].Path = "/etc/toy*" }, "nodeFiles.paths[1].path: Duplicate value"},
		"nothing there":       {func(f *NodeFiles) { f.Paths[0].What = "" }, "nodeFiles.paths[0].what: Required value"},
		"unknown standing":    {func(f *NodeFiles) { f.Paths[0].Standing = "Mine" }, "nodeFiles.paths[0].standing: Unsupported value"},
		"no source":           {func(f *NodeFiles) { f.Paths[0].Source.Document = "" }, "nodeFiles.paths[0].source.document: Required value"},
		"plug-in's folder":    {func(f *NodeFiles) { f.PlugIns.Folders[0].Path = "toys" }, "nodeFiles.plugIns.folders[0].path: Invalid value"},
		"plug-in's variable":  {func(f *NodeFiles) { f.PlugIns.Variables[0].Name = "" }, "nodeFiles.plugIns.variables[0].name: Required value"},
		"image with a tag":    {func(f *NodeFiles) { f.Writers[0].Image = "toys/maker:1" }, "nodeFiles.writers[0].image: Invalid value"},
		"image with a slash":  {func(f *NodeFiles) { f.Writers[0].Image = "/toys" }, "nodeFiles.writers[0].image: Invalid value"},
		"writer without name": {func(f *NodeFiles) { f.Writers[0].Title = "" }, "nodeFiles.writers[0].title: Required value"},
	} {
		t.Run(name, func(t *testing.T) {
			p := good()
			c.plant(&p.NodeFiles)
			wantOne(t, p, c.want)
		})
	}
}
