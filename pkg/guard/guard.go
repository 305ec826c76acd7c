// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"
)

// Options of a Guard. Everything but Certificates must be set.
type Options struct {
	Client kubernetes.Interface
	// Names of the registrations to watch over.
	Names []string
	// Dir holds what each should be, in <name>.yaml, as it was installed. A registration without a file is none of ours.
	Dir string
	// Exempts is the key of the mark that keeps AKS's Admissions Enforcer away.
	Exempts string
	// CertFile is the serving certificate; Host is what the API server asks for.
	CertFile, Host string
	// Interval is how often to look, 10 s by default.
	Interval time.Duration
	// Certificates makes and rotates the serving certificate; nil where somebody else does.
	Certificates *Certificates
	Metrics      *Metrics
	Logger       logr.Logger
}

// Installed is the annotation by which the chart tells what a registration was rendered as. An upgrade changes the live
// one at once, and the file that we compare it with when the kubelet gets to it.
const Installed = "demarc.dev/installed"

// behind is how long our file may be behind an upgrade.
const behind = 3 * time.Minute

// Guard looks at the live registrations, again and again. It repairs nothing but the CA bundle: who installed a
// registration keeps it, and two that repair it would fight.
type Guard struct {
	Options
	last    map[string][]Drift
	newer   map[string]time.Time // since when a live registration is of another rendering than our file
	trusted map[string]types.UID // the registrations that were last found to trust what is served
	bundles atomic.Pointer[[][]byte]
	looks   atomic.Int64
}

// New returns a guard.
func New(o Options) *Guard {
	if o.Interval == 0 {
		o.Interval = 10 * time.Second
	}
	g := &Guard{Options: o, last: map[string][]Drift{}, newer: map[string]time.Time{}, trusted: map[string]types.UID{}}
	g.Metrics.expect(o.Names)
	return g
}

// NeedLeaderElection is false: each replica must know whether it is trusted.
func (g *Guard) NeedLeaderElection() bool { return false }

// Start looks until the context ends.
func (g *Guard) Start(ctx context.Context) error {
	tick := time.NewTicker(g.Interval)
	defer tick.Stop()
	for ; ; g.looks.Add(1) {
		if err := g.look(ctx, time.Now()); err != nil && ctx.Err() == nil {
			g.Metrics.failed()
			g.Logger.Error(err, "look after the registrations")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// CABundle returns a bundle that the live registrations hold and that the serving certificate must verify with: the first
// with which it doesn't, or else any. It is empty while none is known; a registration that trusts nobody is known to.
func (g *Guard) CABundle() []byte {
	bundles := g.bundles.Load()
	if bundles == nil || len(*bundles) == 0 {
		return nil
	}
	leaf, err := os.ReadFile(g.CertFile)
	for _, b := range *bundles {
		if len(b) == 0 {
			return trustsNobody
		}
		if err == nil && !verifies(leaf, b, g.Host) {
			return b
		}
	}
	return (*bundles)[0]
}

// trustsNobody is a bundle without a certificate in it.
var trustsNobody = []byte("# none")

// Looked says whether the registrations are known. Until then nobody can tell whether the API server trusts us; where
// they can't be read at all it is not held against us for long.
func (g *Guard) Looked() bool { return g.looks.Load() > 2 || g.bundles.Load() != nil }

func (g *Guard) look(ctx context.Context, now time.Time) error {
	expected, err := g.expected()
	if err != nil {
		return err
	}
	live := map[string]*configuration{}
	var errs []error
	for _, name := range g.Names {
		if expected[name] == nil {
			continue
		}
		if live[name], err = g.get(ctx, name); err != nil {
			errs = append(errs, err)
			delete(expected, name) // not known is neither there nor gone
		}
	}
	broken := g.broken(live) // before it is mended, or nobody would hear of it
	if g.Certificates != nil && len(errs) == 0 {
		if err := g.Certificates.keep(ctx, live, now); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		g.remember(live)
	}
	for _, name := range g.Names {
		if want := expected[name]; want != nil {
			if g.upgraded(want, live[name], now) {
				continue
			}
			g.report(ctx, want, live[name], broken[name])
		}
	}
	return errors.Join(errs...)
}

// expected reads what the registrations should be. It is read anew each time: an upgrade changes it.
func (g *Guard) expected() (map[string]*configuration, error) {
	found := map[string]*configuration{}
	for _, name := range g.Names {
		path := filepath.Join(g.Dir, name+".yaml")
		raw, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read what a registration should be: %w", err)
		}
		c := &configuration{}
		if err := yaml.UnmarshalStrict(raw, c); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		found[name] = c
	}
	return found, nil
}

// get returns a live registration; nil where it is not there.
func (g *Guard) get(ctx context.Context, name string) (*configuration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := g.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get registration %s: %w", name, err)
	}
	return c, nil
}

// remember keeps the bundles for whoever asks whether we are trusted.
func (g *Guard) remember(live map[string]*configuration) {
	var bundles [][]byte
	for _, name := range g.Names {
		if c := live[name]; c != nil {
			bundles = append(bundles, bundlesOf(c)...)
		}
	}
	g.bundles.Store(&bundles)
}

// bundlesOf lists the CA bundles of a registration's webhooks, each once.
func bundlesOf(c *configuration) [][]byte {
	var list [][]byte
	for i := range c.Webhooks {
		b := c.Webhooks[i].ClientConfig.CABundle
		if !slices.ContainsFunc(list, func(have []byte) bool { return bytes.Equal(have, b) }) {
			list = append(list, b)
		}
	}
	return list
}

// upgraded says whether the live registration is of another rendering than our file, and not for long: then the file is
// behind, and there is nothing to compare with yet.
func (g *Guard) upgraded(want, live *configuration, now time.Time) bool {
	if live == nil || live.Annotations[Installed] == want.Annotations[Installed] {
		delete(g.newer, want.Name)
		return false
	}
	if g.newer[want.Name].IsZero() {
		g.newer[want.Name] = now
	}
	return now.Before(g.newer[want.Name].Add(behind))
}

// broken returns the registrations that trusted what is served at the last look, and no longer do: somebody put another
// CA bundle into them. One that is new has none yet.
func (g *Guard) broken(live map[string]*configuration) map[string]bool {
	found := map[string]bool{}
	for name, c := range live {
		if c != nil && c.UID == g.trusted[name] && !g.trusts(c) {
			found[name] = true
		}
	}
	return found
}

// report says how a registration differs from what it should be: at once, where that is new, and by a metric for as long
// as it lasts. What was mended meanwhile is said once.
func (g *Guard) report(ctx context.Context, want, live *configuration, broken bool) {
	drifts := compare(want, live, g.Exempts)
	if live != nil && g.trusts(live) {
		g.trusted[want.Name] = live.UID
	} else if live != nil {
		broken = true
	}
	if broken {
		drifts = append(drifts, Bundle)
	}
	before := g.last[want.Name]
	g.last[want.Name] = drifts
	g.Metrics.state(want.Name, drifts)
	if slices.Equal(before, drifts) {
		return
	}
	if len(drifts) == 0 {
		g.Logger.Info("registration is as it should be again", "registration", want.Name)
		return
	}
	g.Metrics.drifted(want.Name, drifts, before)
	g.Logger.Info("registration is not as it should be: requests may go unjudged", "registration", want.Name, "drift", drifts)
	if err := g.event(ctx, want, live, drifts); err != nil {
		g.Logger.Error(err, "write event")
	}
}

// trusts says whether every webhook of a registration trusts what is served.
func (g *Guard) trusts(live *configuration) bool {
	leaf, err := os.ReadFile(g.CertFile)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(bundlesOf(live), func(b []byte) bool { return !verifies(leaf, b, g.Host) })
}
