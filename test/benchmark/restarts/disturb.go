// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// What the chart calls demarc's Deployment, and by which labels its pods are found.
const (
	deployment = "demarc"
	selector   = "app.kubernetes.io/name=demarc,app.kubernetes.io/component=webhook"
)

// The kinds of disturbance, calm included.
const (
	calm    = "calm"
	restart = "rolling restart"
	killed  = "kill -9 of one replica"
)

// pod is what the disturbances need to know of one.
type pod struct {
	name, uid string
	ready     bool
	restarts  int
}

// disturb disturbs demarc as often as asked for, once before all is well again.
func (b *bench) disturb(ctx context.Context, w *writing) error {
	w.mark(calm)
	if err := b.settle(ctx); err != nil {
		return err
	}
	for i := range b.restarts {
		if err := b.restart(ctx, w); err != nil {
			return fmt.Errorf("rolling restart %d: %w", i+1, err)
		}
	}
	if b.killPod == nil {
		b.say("nothing is killed: -kill says how")
		return nil
	}
	for i := range b.kills {
		if err := b.killOne(ctx, w); err != nil {
			return fmt.Errorf("kill %d: %w", i+1, err)
		}
	}
	return nil
}

// restart does what `kubectl rollout restart` does, and waits.
func (b *bench) restart(ctx context.Context, w *writing) error {
	w.mark(restart)
	patch := fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":%q}}}}}`, time.Now().Format(time.RFC3339Nano))
	_, err := b.client.AppsV1().Deployments(b.system).Patch(ctx, deployment, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	b.say("%s", w.settled())
	return nil
}

// killOne kills a replica that was never killed before, since the kubelet takes its time with one that keeps on dying.
// Where there is none, a rolling restart brings fresh ones.
func (b *bench) killOne(ctx context.Context, w *writing) error {
	pods, err := b.pods(ctx)
	if err != nil {
		return err
	}
	fresh := func(p pod) bool { return p.restarts == 0 }
	if !slices.ContainsFunc(pods, fresh) {
		if err := b.restart(ctx, w); err != nil {
			return err
		}
		if pods, err = b.pods(ctx); err != nil {
			return err
		}
	}
	i := slices.IndexFunc(pods, fresh)
	if i < 0 {
		return errors.New("every pod was restarted by somebody else")
	}
	victim := pods[i]
	w.mark(killed)
	if err := b.killPod(ctx, victim); err != nil {
		return err
	}
	err = b.until(ctx, victim.name+" is started again", func() (string, error) {
		pods, err := b.pods(ctx)
		if err == nil && slices.ContainsFunc(pods, func(p pod) bool { return p.uid == victim.uid && p.restarts > victim.restarts }) {
			return "", nil
		}
		return "it has not been restarted yet", err
	})
	if err != nil {
		return err
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	b.say("%s", w.settled())
	return nil
}

func (b *bench) killByCommand(ctx context.Context, p pod) error {
	command := exec.CommandContext(ctx, "sh", "-c", b.kill)
	command.Env = append(os.Environ(), "POD="+p.name, "POD_UID="+p.uid)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", b.kill, err, out)
	}
	return nil
}

// settle waits until the Deployment is as it should be, with no pod too many, and then a while longer.
func (b *bench) settle(ctx context.Context) error {
	err := b.until(ctx, "all is well again", func() (string, error) {
		d, err := b.client.AppsV1().Deployments(b.system).Get(ctx, deployment, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		pods, err := b.pods(ctx)
		if err != nil {
			return "", err
		}
		want, s := int(*d.Spec.Replicas), d.Status
		ready := 0
		for _, p := range pods {
			if p.ready {
				ready++
			}
		}
		if s.ObservedGeneration < d.Generation || int(s.UpdatedReplicas) != want || int(s.AvailableReplicas) != want || len(pods) != want || ready != want {
			return fmt.Sprintf("%d pods of %d wanted, %d ready, %d updated", len(pods), want, ready, s.UpdatedReplicas), nil
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(b.pause):
		return nil
	}
}

// until asks until nothing is missing.
func (b *bench) until(ctx context.Context, what string, missing func() (string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		m, err := missing()
		if err == nil && m == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait until %s: %s: %w", what, m, ctx.Err()), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// pods returns demarc's pods, those that are about to end too.
func (b *bench) pods(ctx context.Context) ([]pod, error) {
	list, err := b.client.CoreV1().Pods(b.system).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	var pods []pod
	for _, item := range list.Items {
		p := pod{name: item.Name, uid: string(item.UID)}
		for _, c := range item.Status.Conditions {
			p.ready = p.ready || c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		}
		for _, c := range item.Status.ContainerStatuses {
			p.restarts += int(c.RestartCount)
		}
		pods = append(pods, p)
	}
	return pods, nil
}
