package bench

import (
	"bytes"
	"encoding/json"
	"net"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// refused says which events the receiver of batches calls wrong, each time anew: the others of their batch must arrive.
func refused(n int) bool { return n%50 == 7 }

// fate is what becomes of a batch.
type fate int

const (
	taken fate = iota
	overloaded
	spoilt    // as a whole: it may be taken in parts
	hungUp    // the connection breaks before anything was taken
	takenMute // and before the answer
)

// handleBatch takes a batch apart and answers it, mostly well.
func (w *witness) handleBatch(h tortured, ctx *fasthttp.RequestCtx) {
	items, visitorKey, idKey := w.items(h.kind, ctx)
	what := w.decideBatch(h, len(items))
	switch what {
	case overloaded:
		ctx.SetStatusCode(fasthttp.StatusServiceUnavailable)
		return
	case spoilt:
		ctx.SetStatusCode(fasthttp.StatusRequestEntityTooLarge)
		return
	case hungUp, takenMute:
		ctx.HijackSetNoResponse(true)
		ctx.Hijack(func(net.Conn) {}) // it is closed then
		if what == hungUp {
			return
		}
	}
	var wrong []string
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.hooks[h.name]
	if what == takenMute {
		s.muted += len(items)
	}
	for i, item := range items {
		if !h.wants(numberOf(item)) {
			wrong = append(wrong, `{"index":`+strconv.Itoa(i)+`,"message":"is wrong"}`)
			continue
		}
		inner := item
		if h.kind == "mixpanel" {
			inner = event.Lookup(item, "properties")
		}
		s.took(w.round, item, event.Lookup(inner, idKey), event.Lookup(inner, visitorKey))
	}
	if len(wrong) > 0 {
		ctx.SetStatusCode(fasthttp.StatusBadRequest)
		ctx.SetBodyString(`{"error":"some are wrong","num_records_imported":` + strconv.Itoa(len(items)-len(wrong)) +
			`,"failed_records":[` + strings.Join(wrong, ",") + `]}`)
	}
}

// items are the events of a batch, and the keys of their visitor and their ID. What is no batch is corrupt.
func (w *witness) items(kind string, ctx *fasthttp.RequestCtx) (items [][]byte, visitor, id string) {
	body, err := ctx.Request.BodyUncompressed()
	body = bytes.Clone(body)
	if kind == "mixpanel" {
		items, visitor, id = bytes.Split(body, []byte("\n")), "distinct_id", "$insert_id"
	} else {
		var batch struct{ Batch []json.RawMessage }
		err = json.Unmarshal(body, &batch)
		for _, item := range batch.Batch {
			items = append(items, item)
		}
		visitor, id = "userId", "messageId"
	}
	if err != nil || len(items) == 0 || len(items) > batchMost {
		w.mu.Lock()
		w.broken++
		w.mu.Unlock()
	}
	return items, visitor, id
}

// decideBatch says what becomes of a batch of n.
func (w *witness) decideBatch(h tortured, n int) fate {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.healthy.Load() || w.random.Float64() >= h.fault {
		return taken
	}
	what := fate(1 + w.random.IntN(int(takenMute)))
	if what == spoilt && n == 1 { // alone it would be given up
		what = overloaded
	}
	return what
}
