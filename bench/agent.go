package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zlib"
)

// What a visitor did on one page of a site, told in two dialects: two clicks and a page load, as @pendo/agent 2.291.4 sends
// them when a site changes its URL (shapes and headers of a capture; only names, numbers and times are new each time), and
// the same in messages of Segment's.

const (
	agentURL  = "http://127.0.0.1:7201/workspaces/ws_8842/reports?tab=quarterly#/export"
	agentTail = ` HTTP/1.1` + "\r\n" + `Host: bench` + "\r\n" + `Connection: keep-alive` + "\r\n" + `sec-ch-ua-platform: "Linux"` + "\r\n" +
		`User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36` + "\r\n" +
		`sec-ch-ua: "Not:A-Brand";v="8", "Chromium";v="156"` + "\r\n" + `sec-ch-ua-mobile: ?0` + "\r\n" +
		`Accept: image/jxl,image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8` + "\r\n" + `Sec-Fetch-Site: same-site` + "\r\n" +
		`Sec-Fetch-Mode: no-cors` + "\r\n" + `Sec-Fetch-Dest: image` + "\r\n" + `Referer: http://127.0.0.1:7201/` + "\r\n" +
		`Accept-Encoding: gzip, deflate, br, zstd` + "\r\n" + `Accept-Language: en-US,en;q=0.9` + "\r\n\r\n"

	agentTarget = `{"target":{"tag":"BUTTON","id":"save","cls":"btn btn-primary","title":"Save it","attrs":{"name":"saveBtn","value":"v1"},"myIndex":2,"childIndex":1,` +
		`"parentElem":{"tag":"DIV","id":"main","cls":"container","title":null,"attrs":{},"myIndex":0,"childIndex":0,` +
		`"parentElem":{"tag":"BODY","id":"","cls":"app-body","title":null,"attrs":{},"myIndex":2,"childIndex":1}},"flags":["left"]}}`
)

// squeezer packs events as the agent does. It belongs to one worker.
type squeezer struct {
	bytes.Buffer
	writer *zlib.Writer
}

func (s *squeezer) squeeze(events []byte) {
	s.Reset()
	if s.writer == nil {
		s.writer = zlib.NewWriter(s)
	}
	s.writer.Reset(s)
	_, _ = s.writer.Write(events) // into memory
	_ = s.writer.Close()
}

// agentRequest writes a GET with three events.
func (w *worker) agentRequest() {
	n, now := eventNumber.Add(1), time.Now().UnixMilli()
	b := w.body[:0]
	for i := range agentEvents {
		b = append(b, "[,,"[i])
		b = appendAgentEvent(b, n, i, now)
	}
	w.body = append(b, ']')
	w.packed.squeeze(w.body)
	w.out = append(w.out[:0], "GET /data/ptm.gif/bench?v=2.291.4_prod&ct="...)
	w.out = strconv.AppendInt(w.out, now, 10)
	w.out = append(w.out, "&jzb="...)
	w.out = base64.RawURLEncoding.AppendEncode(w.out, w.packed.Bytes())
	w.out = append(w.out, agentTail...)
}

// agentEvents is how many events each of these requests has.
const agentEvents = 3

// appendAgentEvent appends event i of page load n: the last one is the load, the others are clicks.
func appendAgentEvent(dst []byte, n int64, i int, now int64) []byte {
	kind, props := "click", agentTarget
	if i == agentEvents-1 {
		kind, props = "load", `{"load_time":145.80000000004657}`
	}
	dst = append(append(append(dst, `{"type":"`...), kind...), `","browser_time":`...)
	dst = strconv.AppendInt(dst, now-int64(agentEvents-i), 10)
	dst = append(dst, `,"visitor_id":"visitor-`...)
	dst = strconv.AppendInt(dst, n%10_000, 10)
	dst = append(append(dst, `","account_id":"account-17","url":"`+agentURL+`","props":`...), props...)
	dst = append(dst, `,"parentTabId":null,"tabId":"qlGrVdoArEAEQgXc","frameId":"`...)
	dst = appendFrame(dst, n)
	dst = append(dst, `","sessionId":"KMHWJ7YQ2IAwmN9P","utm":{"channel":"Direct"},"sequence":`...)
	return append(strconv.AppendInt(dst, int64(i), 10), `,"bytes":675}`...)
}

// appendFrame appends a frameId, which is 16 characters and new with each page load, also across runs.
func appendFrame(dst []byte, n int64) []byte {
	frame := strconv.AppendInt(strconv.AppendInt(make([]byte, 0, 32), begun+n, 36), n, 36)
	return append(dst, (string(frame) + "0000000000000000")[:16]...)
}

// sameRequest writes a POST with the same three events in Segment's dialect.
func (w *worker) sameRequest() {
	n, now := eventNumber.Add(1), time.Now()
	w.body = append(w.body[:0], `{"batch":`...)
	for i := range agentEvents {
		w.body = append(w.body, "[,,"[i])
		w.body = appendSame(w.body, n, i, now)
	}
	w.body = append(w.body, `],"sentAt":"`...)
	w.body = append(now.UTC().AppendFormat(w.body, segmentTime), `"}`...)
	w.post("/v1/batch")
}

const segmentTime = "2006-01-02T15:04:05.000Z"

func appendSame(dst []byte, n int64, i int, now time.Time) []byte {
	kind, properties := `"track","event":"Element Clicked"`, agentTarget
	if i == agentEvents-1 {
		kind, properties = `"page"`, `{"load_time":145.80000000004657}`
	}
	dst = append(append(append(dst, `{"type":`...), kind...), `,"userId":"visitor-`...)
	dst = strconv.AppendInt(dst, n%10_000, 10)
	dst = append(dst, `","messageId":"ajs-next-`...)
	dst = appendFrame(dst, n)
	dst = append(strconv.AppendInt(append(dst, '-'), int64(i), 10), `","timestamp":"`...)
	dst = now.UTC().AppendFormat(dst, segmentTime)
	dst = append(append(dst, `","properties":`...), properties...)
	return append(dst, `,"context":{"groupId":"account-17","page":{"url":"`+agentURL+`"},"locale":"en-US",`+
		`"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",`+
		`"library":{"name":"analytics.js","version":"npm:next-1.84.3"}}}`...)
}

// agentCatalog is the pages and features that a site has names for. One page and one feature are those of the events.
func agentCatalog() string {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "[[page]]\nid = \"page-%d\"\nrules = [\"//*/section-%d/**\"]\n", i, i)
		fmt.Fprintf(&b, "[[feature]]\nid = \"feature-%d\"\nselectors = [\".panel-%d .btn\"]\n", i, i)
	}
	b.WriteString("[[page]]\nid = \"reports\"\nrules = [\"//*/workspaces/*/reports/**\"]\n")
	b.WriteString("[[feature]]\nid = \"save\"\nselectors = [\".container > button[name=saveBtn]\"]\n")
	return b.String()
}

func measureAgent(ctx context.Context, r *round) (Figure, error) {
	return r.dialect(ctx, (*worker).agentRequest)
}

func referenceSame(ctx context.Context, r *round) (Figure, error) {
	return r.dialect(ctx, (*worker).sameRequest)
}

// dialect measures how fast the relay takes requests of three events in a dialect. Its webhooks select such events of
// other pages, features and names, so that each event is matched and none is delivered.
func (r *round) dialect(ctx context.Context, compose func(*worker)) (Figure, error) {
	hooks := []webhook{
		{name: "page", url: downAddress, events: "pageLoaded:page-1"},
		{name: "feature", url: downAddress, events: "featureClicked:feature-1"},
		{name: "track", url: downAddress, events: "trackEventReceived:Something Else"},
	}
	c, err := r.relay(ctx, hooks, agentCatalog())
	if err != nil {
		return Figure{}, err
	}
	f, err := r.taken(ctx, c, load{address: c.Intake, connections: r.Connections, batch: agentEvents, compose: compose})
	return f, errors.Join(err, c.Stop())
}
