// SPDX-License-Identifier: Apache-2.0

// Command restarts writes to a cluster at a steady rate while demarc's replicas are restarted one after the other, and while
// single ones are killed, and counts the writes that failed for want of demarc, by cause:
//
//	sudo go run ./test/benchmark/restarts                                       # on a node of its own (test/node)
//	go run ./test/benchmark/restarts -kubeconfig FILE -kill 'ssh node kill ...' # on any cluster with the chart installed
//
// The customers' registration must fail closed, or no failure would show. With -strict the program ends with status 1 if a
// write failed during restarts; for kills there is no budget, only the number.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/demarc-dev/demarc/test/benchmark/rig"
)

func main() {
	var o options
	rig.Main(rig.Program{
		Limit: 2 * time.Hour,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` for the cluster; without it, a node is started here and the chart installed, which needs root")
			f.StringVar(&o.helm, "helm", "", "the Helm `program` for the node; without it, hack/helm.sh builds one")
			f.StringVar(&o.kill, "kill", "", "`command` that kills the process of the pod $POD, whose uid is $POD_UID; without it and with -kubeconfig nothing is killed")
			f.StringVar(&o.system, "system", "demarc-system", "`namespace` that demarc is installed in")
			f.StringVar(&o.namespace, "namespace", "demarc-restarts", "`namespace` to write to; it is made, and deleted in the end")
			f.IntVar(&o.rate, "rate", 300, "writes a second")
			f.IntVar(&o.restarts, "restarts", 5, "`number` of rolling restarts")
			f.IntVar(&o.kills, "kills", 20, "`number` of kills")
			f.DurationVar(&o.pause, "pause", 5*time.Second, "how long each disturbance is watched after all is well again")
		},
		Check: func() error {
			if o.rate < 1 || o.rate > 5000 || o.restarts < 0 || o.kills < 0 || o.pause < 0 || o.restarts+o.kills > 500 {
				return errors.New("must be in their range: -rate 1 to 5000, -restarts and -kills together 0 to 500, -pause not negative")
			}
			return nil
		},
		Run: func(ctx context.Context, r *rig.Rig) error { return (&bench{options: o, Rig: r}).run(ctx) },
	})
}

type options struct {
	kubeconfig, helm, kill, system, namespace string
	rate, restarts, kills                     int
	pause                                     time.Duration
}

// bench is one run.
type bench struct {
	options
	*rig.Rig
	client kubernetes.Interface
	// killPod kills the process of a pod at once; nil if nobody knows how.
	killPod func(context.Context, pod) error
}

func (b *bench) run(ctx context.Context) error {
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	if err := b.reach(ctx); err != nil {
		return err
	}
	if err := b.checkRegistration(ctx); err != nil {
		return err
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	before, err := b.calls(ctx)
	if err != nil {
		return err
	}
	w, err := b.startWriting(ctx)
	if err != nil {
		return err
	}
	broken := b.disturb(ctx, w)
	w.stop()
	after, err := b.calls(ctx)
	if err != nil {
		return errors.Join(broken, err)
	}
	// What was seen until something went wrong is worth seeing.
	return errors.Join(broken, b.print(w, after.less(before)))
}

// reach finds the cluster, or makes one.
func (b *bench) reach(ctx context.Context) error {
	if b.kubeconfig == "" {
		return b.startNode(ctx)
	}
	if b.kill != "" {
		b.killPod = b.killByCommand
	}
	config, err := clientcmd.BuildConfigFromFlags("", b.kubeconfig)
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	return b.connect(config)
}

// connect makes a client that no limit of its own slows down.
func (b *bench) connect(config *rest.Config) (err error) {
	config = rest.CopyConfig(config)
	config.QPS = -1
	b.client, err = kubernetes.NewForConfig(config)
	return err
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
