// SPDX-License-Identifier: Apache-2.0

package provider

import "testing"

const (
	managedBy = "kubernetes.azure.com/managedby"
	mode      = "addonmanager.kubernetes.io/mode"
	service   = "kubernetes.io/cluster-service"
)

func TestIdentify(t *testing.T) {
	masters, nodes := []string{"system:masters", "system:authenticated"}, []string{"system:nodes", "system:authenticated"}
	accounts := []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}
	tests := []struct {
		user   string
		groups []string
		want   Role // empty: not an identity of the provider's
	}{
		{"aksService", masters, ProviderRole},
		{"aksService", nil, ProviderRole},
		{"aks-support", nil, ProviderRole},
		{"masterclient", masters, ""},
		{"aksservice", masters, ""},
		{"aksService2", masters, ""},
		{"ada@contoso.example", masters, ""},
		{"ada@contoso.example", nodes, ""},
		{"", masters, ""},
		{"system:node:aks-pool1-vmss000000", nodes, NodeRole},
		{"system:node:aks-pool1-vmss000000", masters, ""},
		{"system:node:aks-pool1-vmss000000", nil, ""},
		{"system:nodes", nodes, ""},
		{"nodeclient", nodes, NodeRole},
		{"nodeclient", masters, ""},
		{"client", []string{"system:masters"}, ""},
		{"system:bootstrap:abcdef", []string{"system:bootstrappers"}, NodeRole},
		{"system:kube-controller-manager", nil, ControllerRole},
		{"system:serviceaccount:kube-system:replicaset-controller", accounts, ControllerRole},
		{"system:serviceaccount:shop:replicaset-controller", accounts, ""},
		{"system:serviceaccount:kube-system:coredns-autoscaler", accounts, AddonRole},
		{"system:serviceaccount:tigera-operator:tigera-operator", nil, AddonRole},
		{"system:serviceaccount:kube-system:vpa-updater", accounts, AddonRole}, // resizes pods of AKS's in place
		{"system:serviceaccount:vpa:vpa-updater", nil, ""},
		{"system:serviceaccount:kube-system:default", accounts, ""},
		{"system:serviceaccount:kube-system:cluster-autoscaler", accounts, ""},
		{"system:serviceaccount:flux-system:kustomize-controller", nil, ""},
	}
	for _, tt := range tests {
		id, ok := AKS().Identify(tt.user, tt.groups)
		if id.Role != tt.want || ok != (tt.want != "") {
			t.Errorf("Identify(%q, %q): got %q, %v, want %q", tt.user, tt.groups, id.Role, ok, tt.want)
		}
	}
}

func TestMarked(t *testing.T) {
	tests := []struct {
		name     string
		labels   map[string]string
		want     string // the key of the mark, empty if not marked
		editable bool
	}{
		{"none", nil, "", false},
		{"the customer's", map[string]string{"app": "shop"}, "", false},
		{"AKS's", map[string]string{managedBy: "aks"}, managedBy, false},
		{"somebody else's", map[string]string{managedBy: "helm"}, "", false},
		{"reconciled", map[string]string{mode: "Reconcile"}, mode, false},
		{"made only", map[string]string{mode: "EnsureExists"}, "", true},
		{"made only, and AKS's", map[string]string{managedBy: "aks", mode: "EnsureExists"}, "", true},
		{"legacy", map[string]string{service: "true"}, service, false},
		{"legacy switched off", map[string]string{service: "false"}, "", false},
		{"legacy and made only", map[string]string{service: "true", mode: "EnsureExists"}, "", true},
		{"legacy and reconciled", map[string]string{service: "true", mode: "Reconcile"}, mode, false},
		{"legacy and an unknown mode", map[string]string{service: "true", mode: "Ignore"}, "", false},
		{"legacy and an empty mode", map[string]string{service: "true", mode: ""}, "", false},
		{"legacy, an unknown mode, and AKS's", map[string]string{service: "true", mode: "Ignore", managedBy: "aks"}, managedBy, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, ok := AKS().Marked(tt.labels)
			if l.Key != tt.want || ok != (tt.want != "") {
				t.Errorf("mark: got %q, %v, want %q", l.Key, ok, tt.want)
			}
			if got := AKS().Editable(tt.labels); got != tt.editable {
				t.Errorf("editable: got %v, want %v", got, tt.editable)
			}
		})
	}
}

func TestManagesNamespace(t *testing.T) {
	tests := []struct {
		labels map[string]string
		want   bool
	}{
		{nil, false},
		{map[string]string{managedBy: "aks"}, true},
		{map[string]string{managedBy: "ManagedByARM"}, false},
		{map[string]string{"control-plane": "true"}, false},
		{map[string]string{mode: "Reconcile"}, false},
	}
	for _, tt := range tests {
		if _, got := AKS().ManagesNamespace(tt.labels); got != tt.want {
			t.Errorf("ManagesNamespace(%v): got %v, want %v", tt.labels, got, tt.want)
		}
	}
}

func TestNodeKeys(t *testing.T) {
	p := AKS()
	tests := []struct {
		find func(string) (MetadataKey, bool)
		key  string
		want string // standing and change, empty for an unknown key
	}{
		{p.NodeLabel, "kubernetes.azure.com/mode", "Documented"},
		{p.NodeLabel, "kubernetes.azure.com/hobovm", "Observed"},
		{p.NodeLabel, "kubernetes.azure.com/of-tomorrow", "Observed"},
		{p.NodeLabel, "kubernetes.azure.com/upgrade-status", "Writable Remove"},
		{p.NodeLabel, "kubernetes.io/os", "Documented"},
		{p.NodeLabel, "kubernetes.io/of-tomorrow", "Observed"},
		{p.NodeLabel, "agentpool", "Documented"},
		{p.NodeLabel, "team", ""},
		{p.NodeLabel, "shop.kubernetes.azure.com/team", ""},
		{p.NodeLabel, "node-role.kubernetes.io/agent", "Documented"},
		{p.NodeLabel, "node-role.kubernetes.io/worker", "Writable"},
		{p.NodeLabel, "node.kubernetes.io/instance-type", "Documented"},
		{p.NodeLabel, "node.kubernetes.io/exclude-from-external-load-balancers", "Writable"},
		{p.NodeLabel, "node.kubernetes.io/of-the-customer", ""},
		{p.NodeLabel, "karpenter.sh/nodepool", "Writable"},
		{p.NodeAnnotation, "kubernetes.azure.com/security-patch-timestamp", "Observed"},
		{p.NodeAnnotation, "kubernetes.azure.com/mode", "Observed"},
		{p.NodeAnnotation, "cluster-autoscaler.kubernetes.io/scale-down-disabled", "Writable"},
		{p.NodeAnnotation, "team", ""},
		{p.NodeTaint, "CriticalAddonsOnly", "Documented"},
		{p.NodeTaint, "kubernetes.azure.com/scalesetpriority", "Documented"},
		{p.NodeTaint, "kubernetes.azure.com/mode", "Observed"},
		{p.NodeTaint, "node.kubernetes.io/unschedulable", "Writable"},
		{p.NodeTaint, "node.cloudprovider.kubernetes.io/uninitialized", "Writable Remove"},
		{p.NodeTaint, "sku", ""},
	}
	for _, tt := range tests {
		k, ok := tt.find(tt.key)
		got := string(k.Standing)
		if k.Change != "" {
			got += " " + k.Change
		}
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: got %q, %v, want %q", tt.key, got, ok, tt.want)
		}
	}
}

func TestLongestPrefixWins(t *testing.T) {
	k := newKeys([]MetadataKey{{Key: "a*"}, {Key: "a.b/*"}, {Key: "a.b/c"}})
	for key, want := range map[string]string{"a.b/c": "a.b/c", "a.b/d": "a.b/*", "a.c": "a*"} {
		if got, _ := k.find(key); got.Key != want {
			t.Errorf("%s: got entry %q, want %q", key, got.Key, want)
		}
	}
}

func TestKnownComponent(t *testing.T) {
	tests := []struct {
		namespace, group, kind, name string
		want                         bool
	}{
		{"kube-system", "apps", "Deployment", "coredns", true},
		{"kube-system", "apps", "Deployment", "coredns-2", false},
		{"kube-system", "", "Deployment", "coredns", false},
		{"kube-system", "apps", "DaemonSet", "coredns", false},
		{"shop", "apps", "Deployment", "coredns", false},
		{"kube-system", "apps", "DaemonSet", "ama-metrics-node-xl", true},
		{"kube-system", "", "ConfigMap", "coredns-custom", false},
		{"kube-system", "apps", "Deployment", "vpa-updater", false}, // the customer's own has that name too
		{"aks-istio-system", "apps", "Deployment", "istiod-asm-1-27", true},
		{"", "storage.k8s.io", "StorageClass", "managed-csi", true},
		{"", "storage.k8s.io", "StorageClass", "managed-csi-own", false},
	}
	for _, tt := range tests {
		if _, got := AKS().KnownComponent(tt.namespace, tt.group, tt.kind, tt.name); got != tt.want {
			t.Errorf("KnownComponent(%q, %q, %q, %q): got %v, want %v", tt.namespace, tt.group, tt.kind, tt.name, got, tt.want)
		}
	}
}

func TestCustomersKey(t *testing.T) {
	tests := []struct {
		on, kind, key string
		want          bool
	}{
		{"Annotation", "Pod", "kubernetes.azure.com/no-http-proxy-vars", true},
		{"Label", "Pod", "kubernetes.azure.com/no-http-proxy-vars", false},
		{"Annotation", "Service", "kubernetes.azure.com/no-http-proxy-vars", false},
		{"Label", "Deployment", "remediator.kubernetes.azure.com/onFreeze", true},
		{"Label", "NodePool", "kubernetes.azure.com/mode", true},
		{"Label", "Pod", managedBy, false},
	}
	for _, tt := range tests {
		if got := AKS().CustomersKey(tt.on, tt.kind, tt.key); got != tt.want {
			t.Errorf("CustomersKey(%q, %q, %q): got %v, want %v", tt.on, tt.kind, tt.key, got, tt.want)
		}
	}
	if AKS().OwnsKey("shop.example/kubernetes.azure.com/") || !AKS().OwnsKey(managedBy) {
		t.Error("OwnsKey must go by the beginning of the key")
	}
}

// The lookups stand on the path of every request.
func TestLookupsAllocateNothing(t *testing.T) {
	p := AKS()
	labels := map[string]string{"app": "shop", "team": "ada", service: "true"}
	groups := []string{"system:authenticated"}
	lookups := map[string]func(){
		"Identify a customer": func() { p.Identify("ada@contoso.example", groups) },
		"Identify a node":     func() { p.Identify("system:node:aks-pool1-vmss000000", groups) },
		"Marked":              func() { p.Marked(labels) },
		"Editable":            func() { p.Editable(labels) },
		"ManagesNamespace":    func() { p.ManagesNamespace(labels) },
		"NamespaceNamed":      func() { p.NamespaceNamed("kube-system") },
		"NodeLabel":           func() { p.NodeLabel("kubernetes.azure.com/of-tomorrow") },
		"NodeAnnotation":      func() { p.NodeAnnotation("team") },
		"NodeTaint":           func() { p.NodeTaint("CriticalAddonsOnly") },
		"KnownComponent":      func() { p.KnownComponent("kube-system", "apps", "Deployment", "shop") },
		"CustomersKey":        func() { p.CustomersKey("Label", "Pod", "team") },
		"OwnsKey":             func() { p.OwnsKey("team") },
		"Clause":              func() { p.Clause("egress") },
	}
	for name, lookup := range lookups {
		if n := testing.AllocsPerRun(100, lookup); n != 0 {
			t.Errorf("%s: got %v allocations, want none", name, n)
		}
	}
}
