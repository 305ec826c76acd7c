// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/surroundings/live"
)

const (
	// timeout bounds one request, its body included, where the configuration names no other.
	timeout = time.Minute
	// attempts is how often one page is asked for before the kind is given up.
	attempts = 3
	// ahead is how many batches are read before they are judged, and batchSize how large one grows, so that the server
	// makes the next page while this one is judged, and no more than a few MiB wait.
	ahead     = 12
	batchSize = 256 << 10
)

// pager lists page by page.
type pager struct {
	client rest.Interface
	split  splitter
	pause  func(ctx context.Context, attempt int) // before another attempt
	pool   sync.Pool
}

func newPager(cfg *rest.Config) (*pager, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	cfg.WarningHandler = rest.NoWarnings{}
	// One list after the other is what keeps the load low: never are there two at a time.
	cfg.QPS, cfg.Burst = 50, 100
	if cfg.Timeout == 0 {
		cfg.Timeout = timeout
	}
	client, err := rest.UnversionedRESTClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	p := &pager{client: client, pause: pause}
	p.pool.New = func() any { return &batch{} }
	return p, nil
}

func pause(ctx context.Context, attempt int) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(attempt*attempt) * time.Second / 2):
	}
}

// batch is a run of objects in one piece of memory.
type batch struct {
	buf  []byte
	ends []int
	// objects is how many were read with this batch, and total how many there are; 0 if nobody says.
	objects, total int
}

func (b *batch) add(raw []byte) {
	b.buf = append(b.buf, raw...)
	b.ends = append(b.ends, len(b.buf))
}

// each calls take with every object of a list, in JSON, and told after each run of them. What take gets is used again
// afterwards. While objects are judged, further ones are read.
func (p *pager) each(ctx context.Context, t target, take func(raw []byte), told func(objects, total int)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan *batch, ahead)
	var failed error
	go func() {
		defer close(batches)
		r := &reading{pager: p, target: t, out: batches, batch: p.fresh()}
		failed = r.all(ctx)
	}()
	for b := range batches {
		start := 0
		for _, end := range b.ends {
			if ctx.Err() == nil {
				take(b.buf[start:end:end])
			}
			start = end
		}
		told(b.objects, b.total)
		p.recycle(b)
	}
	return failed
}

func (p *pager) fresh() *batch { return p.pool.Get().(*batch) }

// recycle keeps the memory of a batch, unless one very large object made it grow.
func (p *pager) recycle(b *batch) {
	if cap(b.buf) <= 2*batchSize {
		*b = batch{buf: b.buf[:0], ends: b.ends[:0]}
		p.pool.Put(b)
	}
}

// reading is one list under way.
type reading struct {
	*pager
	target target
	out    chan<- *batch
	batch  *batch
	// page counts the objects of the page at hand that were passed on, so that another attempt leaves them out.
	page           int
	objects, total int
}

func (r *reading) all(ctx context.Context) error {
	next := ""
	for attempt := 1; ; {
		meta, err := r.read(ctx, next)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && meta.Continue == "":
			return r.flush(ctx)
		case err == nil && meta.Continue == next:
			return r.end(ctx, errors.New("the list comes to no end"))
		case err == nil:
			if err := r.flush(ctx); err != nil {
				return err
			}
			next, r.page, attempt = meta.Continue, 0, 1
		case apierrors.IsResourceExpired(err):
			// What is read here needs no one moment in which all of it was true: the rest is read as it is now.
			again := expired(err)
			if again == "" || again == next {
				return r.end(ctx, errors.New("the list changes faster than it can be read"))
			}
			next, r.page = again, 0
		case attempt == attempts || !passing(err):
			return r.end(ctx, err)
		default:
			r.pause(ctx, attempt)
			attempt++
		}
	}
}

// end passes on what was read before an error.
func (r *reading) end(ctx context.Context, err error) error {
	if flushed := r.flush(ctx); flushed != nil {
		return flushed
	}
	if r.objects > 0 {
		return fmt.Errorf("after %d objects: %w", r.objects, err)
	}
	return err
}

func expired(err error) string {
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return status.Status().Continue
	}
	return ""
}

// answered says whether an error is an answer of the API server.
func answered(err error) bool {
	status := apierrors.APIStatus(nil)
	return errors.As(err, &status)
}

// passing says whether another attempt may do better: nobody answered, the body broke off, or the server is busy.
func passing(err error) bool {
	return !answered(err) || apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsInternalError(err) || apierrors.IsServiceUnavailable(err)
}

// The forms in which a list or an object is asked for. For metadata there is no other form to fall back to: a server
// that knows none refuses, rather than send what nobody may see.
const (
	wholeForm    = "application/json"
	metadataForm = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
)

// read asks for one page and passes on its objects.
func (r *reading) read(ctx context.Context, next string) (listMeta, error) {
	request := r.client.Get().AbsPath(r.target.path)
	if !r.target.single {
		request.Param("limit", fmt.Sprint(live.Page))
		if next != "" {
			request.Param("continue", next)
		}
	}
	accept := wholeForm
	if r.target.metadata {
		accept = metadataForm
	}
	body, err := request.SetHeader("Accept", accept).Stream(ctx)
	if err != nil {
		return listMeta{}, err
	}
	defer body.Close() //nolint:errcheck // it was read, or is given up
	if r.target.single {
		raw, err := io.ReadAll(body)
		if err != nil {
			return listMeta{}, err
		}
		return listMeta{}, r.pass(ctx, raw)
	}
	at := 0
	known := func(m listMeta) {
		if m.Remaining > 0 {
			r.total = r.objects - r.page + live.Page + m.Remaining
		}
	}
	meta, err := r.split.list(body, known, func(raw []byte) error {
		at++
		if at <= r.page {
			return nil
		}
		r.page = at
		return r.pass(ctx, raw)
	})
	if err == nil {
		// A body that was read to its end leaves its connection to the next page.
		_, err = io.Copy(io.Discard, body)
	}
	return meta, err
}

// pass puts an object into the batch, and the batch on its way when it is full.
func (r *reading) pass(ctx context.Context, raw []byte) error {
	if len(r.batch.buf) > 0 && len(r.batch.buf)+len(raw) > batchSize {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	r.batch.add(raw)
	r.objects++
	return nil
}

func (r *reading) flush(ctx context.Context) error {
	r.batch.objects, r.batch.total = r.objects, max(r.total, r.objects)
	select {
	case r.out <- r.batch:
		r.batch = r.fresh()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
