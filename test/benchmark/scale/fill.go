// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	writers    = 24
	namespaces = 100
	replicas   = 50 // pods of one Deployment
)

// fill makes a large cluster: a tenth of its pods belong to four DaemonSets in kube-system and elsewhere that have findings,
// the rest to Deployments of customers. There are no controllers, so owners and pods are made one by one.
func fill(ctx context.Context, config *rest.Config, nodes, pods, configMaps int) error {
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.ContentType = runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	deployments := max(1, pods*9/10/replicas)
	daemons := pods - min(pods, deployments*replicas)
	sets, daemonSets := make([]types.UID, deployments), make([]types.UID, agents)
	for _, step := range []struct {
		what string
		n    int
		make func(i int) error
	}{
		{"namespaces", namespaces, func(i int) error { return create(client.CoreV1().Namespaces().Create, ctx, namespace(i)) }},
		{"nodes", nodes, func(i int) error { return create(client.CoreV1().Nodes().Create, ctx, node(i)) }},
		{"configmaps", configMaps, func(i int) error {
			return create(client.CoreV1().ConfigMaps(team(i)).Create, ctx, configMap(i))
		}},
		{"deployments", deployments, func(i int) error {
			d := deployment(i)
			made, err := client.AppsV1().Deployments(d.Namespace).Create(ctx, d, metav1.CreateOptions{})
			if err != nil {
				return err
			}
			set, err := client.AppsV1().ReplicaSets(d.Namespace).Create(ctx, replicaSet(made), metav1.CreateOptions{})
			if err != nil {
				return err
			}
			sets[i] = set.UID
			return nil
		}},
		{"daemonsets", agents, func(i int) error {
			d := daemonSet(i)
			made, err := client.AppsV1().DaemonSets(d.Namespace).Create(ctx, d, metav1.CreateOptions{})
			if err != nil {
				return err
			}
			daemonSets[i] = made.UID
			return nil
		}},
		{"pods of deployments", min(pods, deployments*replicas), func(i int) error {
			d := deployment(i / replicas)
			return create(client.CoreV1().Pods(d.Namespace).Create, ctx, pod(replicaSet(d), "ReplicaSet", sets[i/replicas], d.Spec.Template, i, nodes))
		}},
		{"pods of daemonsets", daemons, func(i int) error {
			d := daemonSet(i % agents)
			return create(client.CoreV1().Pods(d.Namespace).Create, ctx, pod(d, "DaemonSet", daemonSets[i%agents], d.Spec.Template, i, nodes))
		}},
	} {
		if err := each(ctx, step.what, step.n, step.make); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

func create[T any](do func(context.Context, *T, metav1.CreateOptions) (*T, error), ctx context.Context, o *T) error {
	_, err := do(ctx, o, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// each does n things, several at a time, and tells how far it is.
func each(ctx context.Context, what string, n int, do func(i int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	var once sync.Once
	var failed error
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	for range writers {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					once.Do(func() { failed = err; cancel() })
				}
				if i%10_000 == 9_999 {
					fmt.Fprintf(os.Stderr, "%s: %d of %d, %.0f a second\n", what, i+1, n, float64(i+1)/time.Since(began).Seconds())
				}
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

func team(i int) string { return fmt.Sprintf("team-%03d", i%namespaces) }

func namespace(i int) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: team(i), Labels: map[string]string{"team": team(i)}}}
}

func nodeName(i int) string { return fmt.Sprintf("aks-pool%02d-31245678-vmss%06d", i%20, i) }

func node(i int) *corev1.Node {
	pool := fmt.Sprintf("pool%02d", i%20)
	group := "MC_rg-shop_shop_westeurope"
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName(i), Labels: map[string]string{
		"agentpool": pool, "kubernetes.azure.com/agentpool": pool, "kubernetes.azure.com/cluster": group, "kubernetes.azure.com/mode": "user",
		"kubernetes.azure.com/node-image-version": "AKSUbuntu-2204gen2containerd-202610.15.0", "kubernetes.azure.com/os-sku": "Ubuntu",
		"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": nodeName(i),
		"node.kubernetes.io/instance-type": "Standard_D8ds_v5", "topology.kubernetes.io/region": "westeurope",
		"topology.kubernetes.io/zone": fmt.Sprintf("westeurope-%d", i%3+1),
	}}}
	n.Spec.ProviderID = "azure:///subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/" + strings.ToLower(group) +
		"/providers/Microsoft.Compute/virtualMachineScaleSets/aks-" + pool + "-31245678-vmss/virtualMachines/" + fmt.Sprint(i)
	now := metav1.Now()
	n.Status.NodeInfo = corev1.NodeSystemInfo{KubeletVersion: "v1.36.3", OSImage: "Ubuntu 22.04.5 LTS", KernelVersion: "5.15.0-1078-azure",
		ContainerRuntimeVersion: "containerd://1.7.28-1", OperatingSystem: "linux", Architecture: "amd64"}
	for _, kind := range []corev1.NodeConditionType{corev1.NodeReady, corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure,
		"KernelDeadlock", "ReadonlyFilesystem", "FrequentKubeletRestart", "VMEventScheduled"} {
		status := corev1.ConditionFalse
		if kind == corev1.NodeReady {
			status = corev1.ConditionTrue
		}
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: kind, Status: status, Reason: "AsItShouldBe",
			Message: "everything of this kind is as it should be on the node", LastHeartbeatTime: now, LastTransitionTime: now})
	}
	for j := range 30 {
		n.Status.Images = append(n.Status.Images, corev1.ContainerImage{SizeBytes: int64(j) << 24,
			Names: []string{fmt.Sprintf("mcr.microsoft.com/oss/kubernetes/component-%02d@sha256:%064d", j, j), fmt.Sprintf("mcr.microsoft.com/oss/kubernetes/component-%02d:v1.%d.0", j, j)}})
	}
	return n
}

func configMap(i int) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("settings-%05d", i), Namespace: team(i), Labels: map[string]string{"app": "shop"}},
		Data: map[string]string{"settings.yaml": strings.Repeat("key: a value of middling length\n", 60)}}
}

func deployment(i int) *appsv1.Deployment {
	name := fmt.Sprintf("web-%04d", i)
	labels := map[string]string{"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "shop", "team": team(i)}
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: team(i), Labels: labels},
		Spec: appsv1.DeploymentSpec{Replicas: new(int32(replicas)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: podSpec("registry.contoso.example/" + name)}}}
}

func replicaSet(d *appsv1.Deployment) *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: d.Name + "-7d4b9c6f5", Namespace: d.Namespace, Labels: d.Labels,
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name, UID: d.UID, Controller: new(true)}}},
		Spec: appsv1.ReplicaSetSpec{Replicas: d.Spec.Replicas, Selector: d.Spec.Selector, Template: d.Spec.Template}}
}

// agents is how many DaemonSets there are that look into nodes.
const agents = 4

func daemonSet(i int) *appsv1.DaemonSet {
	name := fmt.Sprintf("agent-%d", i)
	labels := map[string]string{"app": name}
	where := "kube-system"
	if i%2 == 1 {
		where = team(i)
	}
	spec := podSpec("registry.contoso.example/" + name)
	spec.HostPID = true
	spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/etc/kubernetes"}}})
	spec.Containers[0].VolumeMounts = append(spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: "host", MountPath: "/host"})
	return &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: where, Labels: labels},
		Spec: appsv1.DaemonSetSpec{Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec}}}
}

func pod(owner metav1.Object, kind string, uid types.UID, template corev1.PodTemplateSpec, i, nodes int) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: *template.ObjectMeta.DeepCopy(), Spec: *template.Spec.DeepCopy()}
	p.Name, p.Namespace = fmt.Sprintf("%s-%05d", owner.GetName(), i), owner.GetNamespace()
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: owner.GetName(), UID: uid, Controller: new(true)}}
	p.Spec.NodeName = nodeName(i % nodes)
	return p
}

func podSpec(image string) corev1.PodSpec {
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080)}}, PeriodSeconds: 10}
	container := func(name string) corev1.Container {
		c := corev1.Container{Name: name, Image: image + "-" + name + ":v1.2.3", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			ReadinessProbe: probe, LivenessProbe: probe,
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
				Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")}},
			VolumeMounts: []corev1.VolumeMount{{Name: "settings", MountPath: "/etc/settings"}, {Name: "tmp", MountPath: "/tmp"}},
		}
		for i := range 8 {
			c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", i), Value: "a value of middling length"})
		}
		return c
	}
	return corev1.PodSpec{Containers: []corev1.Container{container("app"), container("proxy")}, ServiceAccountName: "default",
		Volumes: []corev1.Volume{{Name: "settings", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings-00000"}}}},
			{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}}
}
