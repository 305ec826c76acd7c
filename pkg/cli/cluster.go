// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/cli/judge"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/surroundings/live"
)

// clusterOptions say which cluster is asked, if any.
type clusterOptions struct {
	ask                 bool
	kubeconfig, context string
}

func (o *clusterOptions) flags(c *cobra.Command) {
	c.Flags().BoolVar(&o.ask, "cluster", false, "ask the cluster that kubectl would ask: its version, Namespaces and Nodes; read-only")
	o.which(c)
}

// which adds the flags that say which cluster is meant.
func (o *clusterOptions) which(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "the kubeconfig `file` that names the cluster")
	f.StringVar(&o.context, "context", "", "the `name` of the kubeconfig's context")
	complete(c, "kubeconfig", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	})
	complete(c, "context", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return o.contexts(), cobra.ShellCompDirectiveNoFileComp
	})
}

func (o *clusterOptions) validate() error {
	for flag, value := range map[string]string{"--kubeconfig": o.kubeconfig, "--context": o.context} {
		if value != "" && !o.ask {
			return usagef("%s says which cluster to ask: add --cluster", flag)
		}
	}
	return nil
}

func (o *clusterOptions) client() clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: o.context})
}

func (o *clusterOptions) contexts() []string {
	all, err := o.client().RawConfig()
	if err != nil {
		return nil
	}
	var names []string
	for name := range all.Contexts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (o *clusterOptions) rest() (*rest.Config, error) {
	cfg, err := o.client().ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, usagef("there is no cluster to be found: name a kubeconfig by --kubeconfig or KUBECONFIG")
	}
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	return cfg, nil
}

// name is what the user calls the cluster.
func (o *clusterOptions) name(cfg *rest.Config) string {
	if o.context != "" {
		return o.context
	}
	if raw, err := o.client().RawConfig(); err == nil && raw.CurrentContext != "" {
		return raw.CurrentContext
	}
	return cfg.Host
}

// inquiry asks a live cluster on behalf of a judge. What the user may not read is a warning, once, and the rules that
// need it are skipped; whatever else goes wrong is an error, since then nobody knows what is there.
type inquiry struct {
	*live.Cluster
	app    *app
	denied map[string]bool
}

func (a *app) inquire(o clusterOptions) (*inquiry, error) {
	cfg, err := o.rest()
	if err != nil {
		return nil, err
	}
	cluster, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	return &inquiry{cluster, a, map[string]bool{}}, nil
}

// settle warns of what may not be read, and says what becomes of it.
func (q *inquiry) settle(what string, err error, consequence string) error {
	if err == nil || !live.Denied(err) {
		return err
	}
	if !q.denied[what] {
		q.denied[what] = true
		q.app.warn("%s: %s", err, consequence)
	}
	return nil
}

// learn tells the judge of the cluster as a whole. What the context holds is not asked for.
func (q *inquiry) learn(ctx context.Context, j *judge.Judge) error {
	if !j.KnowsVersion() {
		version, err := q.Version(ctx)
		if err := q.settle("version", err, "rules that need the version are skipped"); err != nil {
			return err
		}
		j.LearnVersion(version)
	}
	namespaces, err := q.Namespaces(ctx)
	if err := q.settle("namespaces", err, "the provider's are known by their names only, and findings there are in doubt"); err != nil {
		return err
	}
	j.LearnNamespaces(namespaces)
	if j.KnowsNodes() {
		return nil
	}
	nodes, err := q.Nodes(ctx, &q.app.profile.Facts)
	if err := q.settle("nodes", err, "rules that need what Nodes tell are skipped"); err != nil {
		return err
	}
	j.LearnNodes(nodes)
	return nil
}

// single asks for single objects, as documents call for them.
func (q *inquiry) single(ctx context.Context) judge.Cluster {
	return judge.Cluster{
		Parent: func(r object.Resource, namespace, name string) (*object.Object, error) {
			o, err := q.Metadata(ctx, r, namespace, name)
			return o, q.settle(r.GroupResource().String(), err, "requests on their subresources are judged without them")
		},
		Owner: func(ref azureobject.Reference) (*object.Object, error) {
			links := azureobject.Links()
			i := slices.IndexFunc(links, func(r object.Resource) bool { return r.GroupKind() == ref.Kind })
			if i < 0 {
				return nil, nil
			}
			o, err := q.Object(ctx, links[i], ref.Namespace, ref.Name)
			return o, q.settle(links[i].GroupResource().String(), err, "what lies in them is judged without knowing where that is")
		},
	}
}
