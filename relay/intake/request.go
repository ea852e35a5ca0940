package intake

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
	"edgerelay/relay/signal"
	"edgerelay/relay/trace"
	"edgerelay/wal"
)

// request is the scratch of one request. It is taken from the pool before the endpoint is called and put back when the
// answer is set; nothing that outlives the handler may point into it. The log copies what a batch is given, and has let
// go of the batch when Wait returns.
//
// Values that events are made of are slices of json and text. Growing either leaves the old memory in place for those
// who point there, so they stay good until release.
type request struct {
	server *Server
	ctx    *fasthttp.RequestCtx
	end    *endpoint
	app    *app
	now    time.Time
	path   []byte
	key    []byte // slices of path
	prefix []byte
	vars   variables // what stood at "*"; the first is the key where there is one

	asks      bool         // the sender waits to be told to send the body
	bodyEnded bool         // the connection stands behind the body
	wire      []byte       // the body as it came
	packed    []byte       // the agent's payload, deflated
	plain     []byte       // the body or payload inflated
	json      []byte       // the body as stable JSON
	source    bytes.Reader // of wire or packed, for inflating
	stable    event.Stable
	reserved  int64  // of Server.bodies
	text      []byte // values that do not stand in the body as they are needed
	peer      []byte // JSON string: the address of who sent this; nil until it is asked for

	parts     [][]byte // the messages of a batch, slices of json
	agent     agent
	items     []item
	doubts    []doubt
	feed      signal.Feed
	derived   event.Event // an event that follows from an item
	record    []byte
	receivers []wal.Receiver
	notes     []byte
	batch     wal.Batch
	onward    onward
	person    people.Person // for the metadata API
	view      *people.View  // of the people whom the request's events are about
	rows      []metadataRow

	span  trace.Span // of this request; zero when the relay does not trace
	trace []byte     // where in a trace it stands, for its events; nil when the relay does not trace

	stored   int
	matched  int
	excluded int
	leftOut  [omissions]int
	omitted  bool // some leftOut is not 0
}

// keepItems is how many items' room a request keeps for the next one: some 300 KiB.
const keepItems = 512

func newRequest(s *Server) *request { return &request{server: s, view: s.opt.People.View()} }

func (s *Server) acquire(ctx *fasthttp.RequestCtx) *request {
	r := s.pool.Get().(*request)
	r.ctx, r.now = ctx, s.opt.Now()
	return r
}

// release puts the scratch back.
func (s *Server) release(r *request) {
	if s.mangle {
		r.spoil()
	}
	s.bodies.give(r.reserved)
	r.ctx, r.end, r.app, r.key, r.prefix, r.peer = nil, nil, nil, nil, nil, nil
	r.vars = variables{}
	r.asks, r.bodyEnded, r.reserved = false, false, 0
	r.source.Reset(nil)
	r.span, r.trace = trace.Span{}, nil
	r.wire, r.packed, r.plain, r.json, r.text = kept(r.wire), kept(r.packed), kept(r.plain), kept(r.json), kept(r.text)
	r.record, r.notes = kept(r.record), kept(r.notes)
	r.resetItems()
	s.pool.Put(r)
}

func kept(b []byte) []byte {
	if cap(b) > smallBytes {
		return nil
	}
	return b[:0]
}

// resetItems empties what stands between parsing and the log.
func (r *request) resetItems() {
	for i := range r.items {
		r.items[i].reset()
	}
	if cap(r.items) > keepItems {
		r.items, r.parts, r.doubts = nil, nil, nil
	}
	r.items, r.parts, r.doubts = r.items[:0], r.parts[:0], r.doubts[:0]
	if cap(r.rows) > keepItems {
		r.rows = nil
	}
	clear(r.rows)
	r.rows = r.rows[:0]
	r.derived.Reset()
	r.agent.reset()
	clear(r.receivers)
	r.receivers = r.receivers[:0]
	r.batch.Reset()
	if r.onward.some {
		r.onward = onward{}
	}
	r.stored, r.matched, r.excluded = 0, 0, 0
	if r.omitted {
		r.leftOut, r.omitted = [omissions]int{}, false
	}
}

// spoil writes over all memory that must not be used any more.
func (r *request) spoil() {
	for _, b := range [][]byte{r.wire, r.packed, r.plain, r.json, r.text, r.record, r.notes, r.path, r.peer} {
		for i := range b[:cap(b)] {
			b[:cap(b)][i] = 0xDB
		}
	}
}

// leaveOut counts a message that is not taken, though others of its body are.
func (r *request) leaveOut(why omission, count int) {
	r.leftOut[why] += count
	r.omitted = true
}

// value appends a value that the body does not hold in this form, made by add, and returns it.
func (r *request) value(add func(dst []byte) []byte) []byte {
	start := len(r.text)
	r.text = add(r.text)
	return r.text[start:len(r.text):len(r.text)]
}
