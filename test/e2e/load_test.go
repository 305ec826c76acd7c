// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// load writes to a customer's namespace, so and so often a second, whether the writes before are answered or not. Every
// write is one that the API server asks demarc about.
type load struct {
	client *kubernetes.Clientset
	cancel context.CancelFunc
	done   chan struct{}
	began  time.Time

	mu     sync.Mutex
	result tally
}

// tally is what came of a load.
type tally struct {
	sent     int
	failures []failure
	times    []time.Duration
	over     time.Duration
}

type failure struct {
	at   time.Duration
	text string
}

// objects is over how many objects the writes are spread.
const objects = 20

func startLoad(t *testing.T, rate int) *load {
	t.Helper()
	l := &load{client: ada.client(t), done: make(chan struct{}), began: time.Now()}
	for i := range objects {
		_, err := admin.CoreV1().ConfigMaps("shop").Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: object(i)}}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	go l.run(ctx, rate)
	t.Cleanup(cancel)
	return l
}

func object(i int) string { return fmt.Sprintf("written-%d", i%objects) }

func (l *load) run(ctx context.Context, rate int) {
	defer close(l.done)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	var writes sync.WaitGroup
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			writes.Wait()
			return
		case <-tick.C:
			writes.Go(func() { l.write(i) })
		}
	}
}

func (l *load) write(i int) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	began := time.Now()
	_, err := l.client.CoreV1().ConfigMaps("shop").Update(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: object(i), Namespace: "shop"}, Data: map[string]string{"n": fmt.Sprint(i)},
	}, metav1.UpdateOptions{})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.result.sent++
	l.result.times = append(l.result.times, time.Since(began))
	if err != nil {
		l.result.failures = append(l.result.failures, failure{began.Sub(l.began), err.Error()})
	}
}

// stop ends the load and returns what came of it. A load that could not keep its rate by far proves little.
func (l *load) stop(t *testing.T, rate int) tally {
	t.Helper()
	l.cancel()
	<-l.done
	l.result.over = time.Since(l.began)
	if got := float64(l.result.sent) / l.result.over.Seconds(); got < 0.7*float64(rate) {
		t.Errorf("the load was %.0f writes a second, wanted %d: the machine is too busy", got, rate)
	}
	for _, f := range l.result.failures[:min(5, len(l.result.failures))] {
		t.Logf("after %s a write failed: %s", seconds(f.at), f.text)
	}
	return l.result
}

func (r tally) String() string {
	slices.Sort(r.times)
	s := fmt.Sprintf("%d failed of %d writes in %.0f s", len(r.failures), r.sent, r.over.Seconds())
	if n := len(r.times); n > 0 {
		s += fmt.Sprintf(", p99 %.0f ms, slowest %.0f ms", ms(r.times[n*99/100]), ms(r.times[n-1]))
	}
	return s
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// calls is what the API server counts about its calls of demarc.
type calls struct{ asked, failedOpen, failedClosed float64 }

func (c calls) minus(d calls) calls {
	return calls{c.asked - d.asked, c.failedOpen - d.failedOpen, c.failedClosed - d.failedClosed}
}

func (c calls) String() string {
	return fmt.Sprintf("%.0f calls, %.0f failed open, %.0f failed closed", c.asked, c.failedOpen, c.failedClosed)
}

// countCalls reads the API server's own metrics.
func countCalls(t *testing.T) calls {
	t.Helper()
	raw, err := admin.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var c calls
	for key, value := range parseMetrics(string(raw)) {
		name, labels, _ := strings.Cut(key, "{")
		if !strings.Contains(labels, "demarc.dev") {
			continue
		}
		switch name {
		case "apiserver_admission_webhook_request_total":
			c.asked += value
		case "apiserver_admission_webhook_fail_open_count":
			c.failedOpen += value
		case "apiserver_admission_webhook_rejection_count":
			if strings.Contains(labels, `error_type="calling_webhook_error"`) {
				c.failedClosed += value
			}
		}
	}
	return c
}
