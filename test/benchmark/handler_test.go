// SPDX-License-Identifier: Apache-2.0

package benchmark_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/zapr"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/review"
	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/servers"
	"github.com/demarc-dev/demarc/test/benchmark/yardstick"
)

var reviews = map[string]benchmark.Review{
	"Create": benchmark.Accepted, "Update": benchmark.Updated, "ConfigMap": benchmark.Config, "Pod": benchmark.Pod, "Refused": benchmark.Denied,
}

// each runs a benchmark for every review, in one order.
func each(b *testing.B, run func(*testing.B, benchmark.Review)) {
	for _, name := range []string{"Create", "Update", "ConfigMap", "Pod", "Refused"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(reviews[name].Body)))
			run(b, reviews[name])
		})
	}
}

// logger writes to nobody what operators get to see. Both sides have it: controller-runtime's makes a logger for each
// request, and demarc's writes a line for each finding.
func logger() logr.Logger {
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zapcore.InfoLevel)
	return zapr.NewLogger(zap.New(core))
}

// answerer answers a review: bytes in, bytes out, no network.
type answerer func(body []byte) ([]byte, error)

func newDemarc(t testing.TB) answerer {
	t.Helper()
	h, err := servers.NewHandler(metrics.New(prometheus.NewRegistry()), logger())
	if err != nil {
		t.Fatal(err)
	}
	space := make([]byte, 0, 4096)
	return func(body []byte) ([]byte, error) { return h.ServeReview(context.Background(), body, space) }
}

func newYardstick(t testing.TB) answerer {
	t.Helper()
	h, err := admission.StandaloneWebhook(&admission.Webhook{Handler: yardstick.NewHandler()}, admission.StandaloneOptions{Logger: logger()})
	if err != nil {
		t.Fatal(err)
	}
	w := &recorder{header: http.Header{}}
	return func(body []byte) ([]byte, error) {
		req, err := http.NewRequest(http.MethodPost, "/validate", io.NopCloser(bytes.NewReader(body)))
		if err != nil {
			return nil, err
		}
		req.Header["Content-Type"] = []string{"application/json"}
		w.body.Reset()
		h.ServeHTTP(w, req)
		return w.body.Bytes(), nil
	}
}

// recorder is a ResponseWriter that costs next to nothing.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
func (r *recorder) WriteHeader(int)             {}

// TestAnswers sees that both sides of the comparison give the right answer.
func TestAnswers(t *testing.T) {
	for side, answer := range map[string]answerer{"demarc": newDemarc(t), "yardstick": newYardstick(t)} {
		for name, r := range reviews {
			body, err := answer(r.Body)
			if err != nil {
				t.Errorf("%s, %s: %v", side, name, err)
				continue
			}
			if err := r.Check(body); err != nil {
				t.Errorf("%s, %s: %v", side, name, err)
			}
		}
	}
}

// BenchmarkHandler is demarc's handler, from the review's bytes to the answer's, without HTTP and TLS.
func BenchmarkHandler(b *testing.B) { benchmarkAnswerer(b, newDemarc(b)) }

// BenchmarkYardstickHandler is the same for the yardstick; reading the body into memory is in it, as its library does that.
func BenchmarkYardstickHandler(b *testing.B) { benchmarkAnswerer(b, newYardstick(b)) }

func benchmarkAnswerer(b *testing.B, answer answerer) {
	each(b, func(b *testing.B, r benchmark.Review) {
		for b.Loop() {
			if _, err := answer(r.Body); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkDecode takes the reading of a review apart: the envelope, the object's metadata, its body.
func BenchmarkDecode(b *testing.B) {
	body := benchmark.Accepted.Body
	request, err := review.Decode(body)
	if err != nil {
		b.Fatal(err)
	}
	decode := func(b *testing.B) *object.Object {
		o, err := object.Decode(request.Object, request.Kind)
		if err != nil {
			b.Fatal(err)
		}
		return o
	}
	b.Run("Review", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := review.Decode(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Metadata", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			decode(b)
		}
	})
	b.Run("MetadataAndBody", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := object.As[*appsv1.DaemonSet](decode(b)); !ok {
				b.Fatal("not a DaemonSet")
			}
		}
	})
}
