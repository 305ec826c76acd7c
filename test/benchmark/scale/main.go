// SPDX-License-Identifier: Apache-2.0

// Command scale measures what an audit of a large cluster costs, beside a plain paged list of the same kinds:
//
//	go run ./test/benchmark/scale
//
// It fills a real API server with nodes, pods and ConfigMaps, then takes turns: `demarc audit`, a list by the Go client,
// and a list that throws the bytes away unread, each a process of its own. Meanwhile somebody else asks the API server
// for small things, and is waited for as long as he is. The program prints tables in Markdown; with -strict it ends with
// status 1 if a budget is not kept.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/test/benchmark/rig"
	"github.com/demarc-dev/demarc/test/cluster"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == listArg {
		list(os.Args[2], os.Args[3])
		return
	}
	var b bench
	rig.Main(rig.Program{
		Limit: 2 * time.Hour, Builds: true,
		Flags: func(f *flag.FlagSet) {
			f.IntVar(&b.nodes, "nodes", 5_000, "`number` of Nodes")
			f.IntVar(&b.pods, "pods", 100_000, "`number` of Pods")
			f.IntVar(&b.configMaps, "configmaps", 20_000, "`number` of ConfigMaps")
			f.IntVar(&b.rounds, "rounds", 5, "how often each variant has its turn")
		},
		Check: func() error {
			if b.nodes < 10 || b.pods < 100 || b.configMaps < 10 || b.rounds < 1 {
				return errors.New("must be in their range: -nodes and -configmaps from 10, -pods from 100, -rounds from 1")
			}
			return nil
		},
		Run: func(ctx context.Context, r *rig.Rig) error {
			b.Rig = r
			return b.run(ctx)
		},
	})
}

// bench is one run.
type bench struct {
	*rig.Rig
	nodes, pods, configMaps, rounds int

	client     kubernetes.Interface
	kubeconfig string
	program    string
}

func (b *bench) run(ctx context.Context) error {
	c, client, err := b.Cluster(ctx, cluster.Options{})
	if err != nil {
		return err
	}
	b.client = client
	if b.kubeconfig, err = c.Kubeconfig(cluster.LocalAdmin); err != nil {
		return err
	}
	if b.program, err = b.Build(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := fill(ctx, c.Config, b.nodes, b.pods, b.configMaps); err != nil {
		return fmt.Errorf("fill the cluster: %w", err)
	}
	fmt.Fprintf(b.Out, "%s; API server, etcd and client share them. %d Nodes, %d Pods, %d ConfigMaps, made in %s.\n\n",
		rig.Machine(), b.nodes, b.pods, b.configMaps, time.Since(began).Round(time.Second))
	return b.measure(ctx)
}
