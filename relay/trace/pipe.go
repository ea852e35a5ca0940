package trace

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// What may wait for the collector at once, and how it is sent. A span takes some 2 KiB.
const (
	waitingMax = 4096
	batchMax   = 512
	batchTime  = 2 * time.Second
)

// pipe stands around the library's batch processor, in front of it as a processor and behind it as an exporter (outlet),
// because that drops spans without a word when too many wait, and tells what the collector says to the process' log. The
// pipe knows how many are in it, so it drops and counts them itself, and what is inside never reaches its own limit.
type pipe struct {
	sdk.SpanProcessor
	out     sdk.SpanExporter
	logger  *slog.Logger
	hangUp  func()
	waiting atomic.Int64
	lost    atomic.Int64 // that failed
	failing atomic.Bool

	exported, failed, dropped prometheus.Counter

	hard context.Context // exports are cut off when it ends
	cut  context.CancelFunc
}

func newPipe(out sdk.SpanExporter, r prometheus.Registerer, logger *slog.Logger) *pipe {
	p := &pipe{out: out, logger: logger}
	p.hard, p.cut = context.WithCancel(context.Background())
	spans := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_telemetry_spans_total",
		Help: "Spans by what became of them: exported to the collector; failed because it did not take them; dropped because too many waited for it."},
		[]string{"outcome"})
	r.MustRegister(spans)
	p.exported, p.failed, p.dropped = spans.WithLabelValues("exported"), spans.WithLabelValues("failed"), spans.WithLabelValues("dropped")
	p.SpanProcessor = sdk.NewBatchSpanProcessor(outlet{p}, sdk.WithMaxQueueSize(waitingMax), sdk.WithMaxExportBatchSize(batchMax),
		sdk.WithBatchTimeout(batchTime), sdk.WithExportTimeout(retryTime))
	return p
}

// OnEnd takes a span, or drops it. It never waits.
func (p *pipe) OnEnd(s sdk.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if p.waiting.Add(1) > waitingMax {
		p.waiting.Add(-1)
		p.dropped.Inc()
		return
	}
	p.SpanProcessor.OnEnd(s)
}

// outlet is the end of the pipe.
type outlet struct{ *pipe }

// ExportSpans sends a batch. What goes wrong is counted, and logged when it begins.
func (o outlet) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.hard, cancel)()
	err := o.out.ExportSpans(ctx, spans)
	o.waiting.Add(-int64(len(spans)))
	if err != nil {
		o.lost.Add(int64(len(spans)))
		o.failed.Add(float64(len(spans)))
		if !o.failing.Swap(true) && o.hard.Err() == nil {
			o.logger.Warn("the collector does not take traces, they are lost until it does", "error", err,
				"next", "check [telemetry] otlp and headers, and the collector")
		}
		return nil
	}
	o.exported.Add(float64(len(spans)))
	if o.failing.Swap(false) {
		o.logger.Info("the collector takes traces again")
	}
	return nil
}

// Shutdown implements sdk.SpanExporter; the processor calls it last.
func (o outlet) Shutdown(ctx context.Context) error {
	defer o.hangUp()
	return o.out.Shutdown(ctx)
}

// close sends what waits until ctx ends; then the rest fails. It returns how many spans were not taken since it was called,
// when nothing of the pipe runs any more. It does not go by the provider, which ends nothing when ctx has ended before.
func (p *pipe) close(ctx context.Context) (left int) {
	defer p.cut()
	defer context.AfterFunc(ctx, p.cut)()
	lost := p.lost.Load()
	if err := p.SpanProcessor.Shutdown(context.Background()); err != nil {
		p.logger.Warn("the way to the collector was not closed well", "error", err)
	}
	return int(p.lost.Load() - lost)
}
