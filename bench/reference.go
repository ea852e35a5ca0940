package bench

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/bytedance/sonic"
	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/sign"
)

// The reference programs, run as child processes by the lines that are held against them.
const (
	partBare     = "bare"
	partVolatile = "volatile"
)

// RunPart runs a reference program until ctx ends. target is where the volatile relay delivers to.
func RunPart(ctx context.Context, part, target string) error {
	handler := bare
	switch part {
	case partBare:
	case partVolatile:
		v, err := newVolatile(target)
		if err != nil {
			return err
		}
		defer v.stop()
		handler = v.handle
	default:
		return fmt.Errorf("there is no part %q", part)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &fasthttp.Server{Handler: handler, NoDefaultServerHeader: true, Concurrency: 1 << 16}
	fmt.Fprintf(os.Stdout, "bench listens on %s\n", ln.Addr())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		stop, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.ShutdownWithContext(stop) // connections that stay open are the load's business
	}
	return err
}

// bare is the least that a server on this library can do with a request: read it and answer.
func bare(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(fasthttp.StatusAccepted) }

// volatile is a relay without durability, the way one would write it in an afternoon with the same libraries: parse the
// message, put the event on a channel, answer; workers encode it, sign it and POST it. What is on the channel when the
// process ends is lost.
type volatile struct {
	queue   chan []byte
	app     []byte
	workers sync.WaitGroup
	scratch sync.Pool
}

// volatileWorkers is as many as the relay's default in_flight.
const volatileWorkers = 16

type volatileScratch struct {
	stable  event.Stable
	event   event.Event
	message volatileMessage
	fields  []byte
}

type volatileMessage struct {
	Type       string                 `json:"type"`
	Event      sonic.NoCopyRawMessage `json:"event"`
	UserID     sonic.NoCopyRawMessage `json:"userId"`
	MessageID  string                 `json:"messageId"`
	Timestamp  string                 `json:"timestamp"`
	Properties sonic.NoCopyRawMessage `json:"properties"`
	Context    struct {
		GroupID   sonic.NoCopyRawMessage `json:"groupId"`
		UserAgent sonic.NoCopyRawMessage `json:"userAgent"`
		IP        sonic.NoCopyRawMessage `json:"ip"`
	} `json:"context"`
}

func newVolatile(target string) (*volatile, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	v := &volatile{queue: make(chan []byte, 64<<10), app: []byte(`{"id":"bench","name":"bench","platform":"web"}`)}
	v.scratch.New = func() any { return new(volatileScratch) }
	client := &fasthttp.HostClient{Addr: u.Host, MaxConns: volatileWorkers}
	for range volatileWorkers {
		signer, err := sign.New([]sign.Scheme{sign.Pendo}, "bench-secret", "")
		if err != nil {
			return nil, err
		}
		v.workers.Add(1)
		go v.deliver(client, signer, target)
	}
	return v, nil
}

func (v *volatile) stop() {
	close(v.queue)
	v.workers.Wait()
}

func (v *volatile) handle(ctx *fasthttp.RequestCtx) {
	record, err := v.parse(ctx)
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	v.queue <- record
	ctx.SetStatusCode(fasthttp.StatusOK)
}

func (v *volatile) parse(ctx *fasthttp.RequestCtx) ([]byte, error) {
	s := v.scratch.Get().(*volatileScratch)
	defer v.scratch.Put(s)
	var key [64]byte
	auth := ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)
	if n, err := base64.StdEncoding.Decode(key[:], auth[min(len("Basic "), len(auth)):]); err != nil || string(key[:n]) != "bench:" {
		return nil, fmt.Errorf("unknown key")
	}
	s.message = volatileMessage{}
	if err := sonic.ConfigDefault.Unmarshal(ctx.PostBody(), &s.message); err != nil {
		return nil, err
	}
	m, e := &s.message, &s.event
	at, err := time.Parse(time.RFC3339Nano, m.Timestamp)
	if err != nil {
		return nil, err
	}
	e.Reset()
	e.Kind, e.Time, e.Received = event.TrackEventReceived, at.UnixMilli(), time.Now().UnixMilli()
	e.UniqueID = event.UniqueID(v.app, []byte(m.MessageID))
	e.App, e.Subscription, e.Source = v.app, v.app, []byte(`"server"`)
	s.fields = s.fields[:0]
	for _, f := range []struct {
		dst *[]byte
		raw []byte
	}{{&e.Name, m.Event}, {&e.Visitor, m.UserID}, {&e.Properties, m.Properties},
		{&e.Account, m.Context.GroupID}, {&e.UserAgent, m.Context.UserAgent}, {&e.IP, m.Context.IP}} {
		begin := len(s.fields)
		if s.fields, err = s.stable.Append(s.fields, f.raw); err != nil {
			return nil, err
		}
		*f.dst = s.fields[begin:len(s.fields):len(s.fields)]
	}
	e.IDs = append(e.IDs, e.Name)
	return e.AppendRecord(make([]byte, 0, 1024)), nil
}

func (v *volatile) deliver(client *fasthttp.HostClient, signer *sign.Signer, target string) {
	defer v.workers.Done()
	var request fasthttp.Request
	var response fasthttp.Response
	var e event.Event
	var body []byte
	var id [40]byte
	request.Header.SetMethod(fasthttp.MethodPost)
	request.SetRequestURI(target)
	request.Header.SetContentType("application/json")
	request.SetTimeout(30 * time.Second)
	for record := range v.queue {
		if err := event.ParseRecord(record, &e); err != nil {
			panic(err) // written by parse above
		}
		body = format.Pendo(body[:0], &e, event.Note{All: true})
		request.SetBodyRaw(body)
		hex.Encode(id[:], e.UniqueID[:])
		for _, h := range signer.Sign(id[:], time.Now(), body) {
			request.Header.SetBytesV(h.Name, h.Value)
		}
		_ = client.Do(&request, &response) // nothing is retried
	}
}
