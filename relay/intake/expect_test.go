package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asking is a sender that waits to be told to send its body.
type asking struct {
	net.Conn
	br   *bufio.Reader
	body []byte
}

// ask sends the head of a request.
func (r *rig) ask(request []byte) *asking {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	head := bytes.Index(request, []byte("\r\n\r\n")) + 4
	c.Write(request[:head])
	return &asking{c, bufio.NewReader(c), request[head:]}
}

// goesOn sends the body once it is asked for, and reads the final answer.
func (r *rig) goesOn(a *asking) (*http.Response, string) {
	r.t.Helper()
	line, err := a.br.ReadString('\n')
	rest, _ := a.br.ReadString('\n')
	if err != nil || line+rest != "HTTP/1.1 100 Continue\r\n\r\n" {
		r.t.Fatalf("%q, %v: the body was not asked for", line+rest, err)
	}
	a.Write(a.body)
	return r.final(a)
}

// final reads an answer, and nothing before it.
func (r *rig) final(a *asking) (*http.Response, string) {
	r.t.Helper()
	got, err := http.ReadResponse(a.br, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return got, string(body)
}

const expects = "Expect: 100-continue"

// TestExpectContinue is how curl sends what is large.
func TestExpectContinue(t *testing.T) {
	r := start(t)
	for range 2 {
		a := r.ask(rawRequest("POST", "/data/track", oneEvent, integrationKey, expects))
		if got, body := r.goesOn(a); got.StatusCode != 200 || got.Close {
			t.Fatalf("%d %s", got.StatusCode, body)
		}
		head := rawRequest("POST", "/data/track", oneEvent, integrationKey, expects)
		a.Write(head[:len(head)-len(oneEvent)]) // the connection is kept
		if got, body := r.goesOn(a); got.StatusCode != 200 {
			t.Fatalf("%d %s", got.StatusCode, body)
		}
		r.stored(`trackEventReceived visitor="v" name="E" id="E" source="server" properties={}`,
			`trackEventReceived visitor="v" name="E" id="E" source="server" properties={}`)
	}
	if got, body := r.goesOn(r.ask(rawRequest("POST", "/v1/track", `{"writeKey":"nobody","userId":"u","event":"E"}`, expects))); got.StatusCode != 403 {
		t.Errorf("a wrong key in the body: %d %s", got.StatusCode, body)
	}
}

// TestExpectRefused: what is wrong already is said at once, in the endpoint's manner, without a 100; and the connection
// ends, as a body may be on its way.
func TestExpectRefused(t *testing.T) {
	r := start(t, func(o *Options) { o.BodyMax = 64 << 10 })
	f := func(request []byte, status int, code string) {
		t.Helper()
		before := r.counter("edge_intake_refused_requests_total", "reason", code)
		a := r.ask(request)
		got, body := r.final(a)
		if got.StatusCode != status || !got.Close || got.Header.Get("Access-Control-Allow-Origin") != "*" ||
			!strings.Contains(body+got.Header.Get(reasonName), code) {
			t.Errorf("%d, closing %v, %v %s; want %d %s", got.StatusCode, got.Close, got.Header, body, status, code)
		}
		if _, err := a.br.ReadByte(); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the connection goes on: %v", err)
		}
		if n := r.counter("edge_intake_refused_requests_total", "reason", code) - before; n != 1 {
			t.Errorf("%s: counted %v times", code, n)
		}
	}
	large := strings.Repeat("x", 100<<10)
	f(rawRequest("POST", "/data/track", oneEvent, "X-Pendo-Integration-Key: nobody", expects), 403, "unknown_key")
	f(rawRequest("POST", "/data/track", oneEvent, expects), 403, "no_key")
	f(rawRequest("POST", "/v1/batch?writeKey=nobody", "{}", expects), 403, "unknown_key")
	f(rawRequest("POST", "/data/segmentio/nobody", "{}", expects), 403, "unknown_key")
	f(rawRequest("POST", "/data/ptm.gif/nobody", "{}", expects), 403, "unknown_key")
	f(rawRequest("POST", "/nowhere", "{}", expects), 404, "unknown_path")
	f(rawRequest("PUT", "/data/track", "{}", integrationKey, expects), 405, "wrong_method")
	f(rawRequest("POST", "/data/track", large, integrationKey, expects), 413, "too_large")
	f(rawRequest("POST", "/data/track", "{}", integrationKey, expects, "Content-Encoding: lzma"), 415, "unknown_encoding")

	if got, body := r.final(r.ask(rawRequest("POST", "/v1/m", "{}", expects))); got.StatusCode != 200 || body != success {
		t.Errorf("what needs no body: %d %s", got.StatusCode, body)
	}
	r.stored()
}

// TestExpectPanic: a fault of the program is answered to those who ask, too.
func TestExpectPanic(t *testing.T) {
	r := start(t)
	r.server.apps.Store(nil)
	if got, body := r.final(r.ask(rawRequest("POST", "/data/track", oneEvent, integrationKey, expects))); got.StatusCode != 500 || !strings.Contains(body, `"internal"`) {
		t.Errorf("%d %s", got.StatusCode, body)
	}
}

// TestLengthBesideChunks: a request that announces its body in both ways is taken by its chunks, and ends the connection:
// what follows is not taken for a request (RFC 9112, 6.1).
func TestLengthBesideChunks(t *testing.T) {
	r := start(t)
	f := func(closes bool, header ...string) {
		t.Helper()
		request := "POST /data/track HTTP/1.1\r\nHost: h\r\n" + integrationKey + "\r\n" + strings.Join(header, "\r\n") + "\r\n\r\n" +
			"2e\r\n" + `{"event":"E","visitorId":"v","timestamp":1000}` + "\r\n0\r\n\r\n"
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute))
		c.Write([]byte(request + "POST /v1/m HTTP/1.1\r\nHost: smuggled\r\nContent-Length: 0\r\n\r\n"))
		br := bufio.NewReader(c)
		got, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(got.Body)
		if got.StatusCode != 200 || got.Close != closes {
			t.Errorf("%v: %d %s, closing %v; want closing %v", header, got.StatusCode, body, got.Close, closes)
		}
		next, err := http.ReadResponse(br, nil)
		if closes != (err != nil) {
			t.Errorf("%v: then %v, %v", header, next, err)
		}
	}
	f(false, "Transfer-Encoding: chunked")
	f(true, "Transfer-Encoding: chunked", "Content-Length: 5")
	f(true, "Content-Length: 5", "Transfer-Encoding: chunked")
	f(true, "content-LENGTH:0", "transfer-encoding:CHUNKED")
	f(true, "X-A: 1", "Content-Length: 100000", "Transfer-Encoding: chunked", "Connection: keep-alive")
	f(false, "X-Content-Length: 5", "Content-Length-X: 5", "Via: Content-Length: 5", "Transfer-Encoding: chunked")
}
