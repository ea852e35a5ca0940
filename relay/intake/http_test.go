package intake

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

const oneEvent = `{"event":"E","visitorId":"v"}`

// TestWhereverMounted: any prefix, doubled and trailing slashes, escapes, whole URLs; never a redirect.
func TestWhereverMounted(t *testing.T) {
	r := start(t)
	for _, path := range []string{"/data/track", "/data/track/", "//data//track//", "/a/b/c/data/track", "/v1/data/track", "/data/tr%61ck?x=1&y",
		"//data/track?url=https://x.example//y", "http://other.example/data/track", "http://other.example//p/data/track?x", "/%/data/track", "/data/track#f"} {
		if got := r.post(path, oneEvent, integrationKey); got.status != 200 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/v1/t", "/api/v1/t", "/beacon/v1/t", "/v1/v1/t", "/data/segmentio/KEY", "/x/data/segmentio/K%45Y/"} {
		if got := r.post(path, `{"type":"track","userId":"u","event":"E"}`, basicKey); got.status != 200 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

// TestPaths looks at the tree itself.
func TestPaths(t *testing.T) {
	f := func(path, name, key, prefix string) {
		t.Helper()
		m := paths.find([]byte(path), nil)
		got := ""
		if m.end != nil {
			got = m.end.name
		}
		if got != name || string(m.key) != key || m.end != nil && string(m.prefix) != prefix {
			t.Errorf("%s: %q, key %q, prefix %q", path, got, m.key, m.prefix)
		}
	}
	f("/v1/batch", "/v1/batch", "", "")
	f("/beacon/v1/batch", "/beacon/v1/batch", "", "")
	f("/p/beacon/v1/batch", "/beacon/v1/batch", "", "/p")
	f("/p//v1/projects/K/settings", "/v1/projects/settings", "K", "/p")
	f("/data/segmentio/K", "/data/segmentio", "K", "")
	f("/data/segmentio/v1/track", "/v1/track", "", "/data/segmentio")
	f("/data/segmentio/data/track", "/data/track", "", "/data/segmentio")
	f("/userpilot/v1/track", "", "", "")
	f("/userpilot/x/v1/track", "/v1/track", "", "/userpilot/x")
	f("", "", "", "")
	f("/", "", "", "")
	f("track", "", "", "")
	f("v1/track", "", "", "") // no path, as it has no slash
}

// TestCORS: every reply has the headers, and only pages that may read get leave to.
func TestCORS(t *testing.T) {
	f := func(r *rig, origin, allowed, credentials string) {
		t.Helper()
		for _, request := range [][]byte{
			rawRequest("POST", "/data/track", oneEvent, integrationKey, "Origin: "+origin),
			rawRequest("POST", "/data/track", oneEvent, "Origin: "+origin),
			rawRequest("POST", "/nowhere", "", "Origin: "+origin),
			rawRequest("GET", "/v1/track", "", "Origin: "+origin),
			rawRequest("OPTIONS", "/v1/track", "", "Origin: "+origin),
			rawRequest("OPTIONS", "/v1/projects/ANY/settings", "", "Origin: "+origin),
		} {
			got := r.raw(request)
			if h := got.header; h.Get("Access-Control-Allow-Origin") != allowed || h.Get("Access-Control-Allow-Credentials") != credentials ||
				h.Get("Access-Control-Expose-Headers") != "Retry-After, X-RateLimit-Reset" {
				t.Errorf("%s: %s %d %v", origin, request[:20], got.status, h)
			}
			if request[0] == 'O' && (got.status != 204 || got.body != "" || got.header.Get("Access-Control-Max-Age") == "") {
				t.Errorf("preflight of %s: %d %s", request[:20], got.status, got.body)
			}
		}
	}
	f(start(t), "https://any.example", "*", "")
	some := start(t, func(o *Options) {
		o.CORSOrigins = []string{"https://a.example", "https://*.b.example", "http://localhost:3000"}
	})
	f(some, "https://a.example", "https://a.example", "true")
	f(some, "https://x.y.b.example", "https://x.y.b.example", "true")
	f(some, "http://localhost:3000", "http://localhost:3000", "true")
	f(some, "https://b.example", "", "")
	f(some, "http://a.example", "", "")
	f(some, "https://a.example.evil", "", "")
	f(some, "https://evilb.example", "", "")
	f(some, "null", "", "")
	f(start(t, func(o *Options) { o.CORSOrigins = nil }), "https://a.example", "", "")
	if got := some.raw(rawRequest("OPTIONS", "/nowhere", "")); got.status != 404 {
		t.Errorf("OPTIONS of no path: %d", got.status)
	}
}

// TestKeys: where keys may stand, and which counts when there are several.
func TestKeys(t *testing.T) {
	r := start(t)
	f := func(target, body string, header ...string) {
		t.Helper()
		if got := r.post(target, body, header...); got.status != 200 {
			t.Errorf("%s %v: %d %s", target, header, got.status, got.body)
		}
	}
	message := `{"type":"page","userId":"u"}`
	batch := `{"batch":[` + message + `]}`
	f("/v1/p", message, "Authorization: Basic S0VZOg==")
	f("/v1/p", message, "Authorization: basic  S0VZOg")
	f("/v1/p", message, "Authorization: Basic S0VZ") // no colon
	f("/v1/p", message, "authorization: BASIC S0VZOnNlY3JldA==")
	f("/v1/p?writeKey=KEY", message)
	f("/beacon/v1/batch?writeKey=KEY", batch, "Content-Type: text/plain")
	f("/v1/p", `{"type":"page","userId":"u","writeKey":"KEY"}`)
	f("/v1/batch", `{"batch":[`+message+`],"writeKey":"KEY"}`)
	f("/v1/batch?writeKey=WRONG", `{"batch":[],"writeKey":"WRONG"}`, basicKey)                          // Basic counts
	f("/v1/batch?writeKey=KEY", `{"batch":[],"writeKey":"WRONG"}`)                                      // then the query
	f("/v1/batch", `{"batch":[],"writeKey":"KEY"}`, "Authorization: Bearer token")                      // no Basic
	f("/v1/batch", `{"batch":[],"writeKey":"KEY"}`, "Authorization: Basic %%%")                         // nor this
	f("/v1/batch", `{"batch":[],"writeKey":"KEY"}`, "Authorization: Basic Og==")                        // nobody
	f("/data/segmentio/KEY", message, "Authorization: Basic V1JPTkc6")                                  // the path's alone
	f("/data/track?writeKey=WRONG", oneEvent, "X-PENDO-INTEGRATION-KEY: INT", "Authorization: Basic x") // the header's alone
}

// TestSettings: what browser SDKs read before they send leads them back here.
func TestSettings(t *testing.T) {
	r := start(t, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	f := func(target, want string, header ...string) {
		t.Helper()
		got := r.raw(rawRequest("GET", target, "", header...))
		if got.status != 200 || got.body != want || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", target, got.status, got.body)
		}
	}
	f("/v1/projects/KEY/settings", `{"integrations":{"Segment.io":{"apiKey":"KEY","apiHost":"relay.example/v1","protocol":"http"}},"metrics":{"sampleRate":0}}`)
	f("/edge//v1/projects/KEY/settings/?x=1", `{"integrations":{"Segment.io":{"apiKey":"KEY","apiHost":"www.example/edge/v1","protocol":"https"}},"metrics":{"sampleRate":0}}`,
		"X-Forwarded-Proto: https", "X-Forwarded-Host: www.example")
	source := `{"source":{"id":"demo","name":"demo","writeKey":"KEY","config":{"statsCollection":{"errors":{"enabled":false},"metrics":{"enabled":false}}},` +
		`"enabled":true,"workspaceId":"edgerelay","connections":[],"destinations":[],"dataplanes":{}}}`
	f("/sourceConfig/?p=npm&v=3&writeKey=KEY", source)
	f("/sourceConfig/?p=npm&v=3", source, basicKey)
	if got := r.raw(rawRequest("HEAD", "/v1/projects/KEY/settings", "")); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
}

// TestPeer: whose address an event of a browser gets.
func TestPeer(t *testing.T) {
	proxied := start(t, func(o *Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	})
	plain := start(t)
	f := func(r *rig, want string, header ...string) {
		t.Helper()
		r.good("/v1/t", `{"userId":"u","event":"E","channel":"web"}`, append(header, basicKey)...)
		events := r.events()
		if got := string(events[len(events)-1].IP); got != `"`+want+`"` {
			t.Errorf("%v: %s, want %s", header, got, want)
		}
	}
	f(plain, "127.0.0.1")
	f(plain, "127.0.0.1", "X-Forwarded-For: 203.0.113.1")
	f(proxied, "127.0.0.1")
	f(proxied, "203.0.113.1", "X-Forwarded-For: 203.0.113.1")
	f(proxied, "203.0.113.1", "X-Forwarded-For: 198.51.100.1, 203.0.113.1,10.1.2.3 , 2001:db8::7")
	f(proxied, "203.0.113.1", "X-Forwarded-For: 203.0.113.1:5555, [2001:db8::7]:80")
	f(proxied, "10.9.9.9", "X-Forwarded-For: 10.9.9.9")
	f(proxied, "10.1.1.1", "X-Forwarded-For: 203.0.113.1, nonsense, 10.1.1.1")
	f(proxied, "127.0.0.1", "X-Forwarded-For: unknown")
	f(proxied, "2001:db9::1", "X-Forwarded-For: 2001:DB9:0::1%eth0")
	f(proxied, "203.0.113.1", "X-Forwarded-For: ::ffff:203.0.113.1")
}

// TestConnectionStaysUsable: after a refusal the connection takes the next request, whatever was left of the body.
func TestConnectionStaysUsable(t *testing.T) {
	r := start(t, func(o *Options) { o.BodyMax = 64 << 10 })
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	br := bufio.NewReader(c)
	f := func(want int, request []byte) {
		t.Helper()
		go c.Write(request)
		got, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, got.Body); err != nil || got.StatusCode != want || got.Close {
			t.Fatalf("%d, closing %v, %v; want %d", got.StatusCode, got.Close, err, want)
		}
	}
	large := strings.Repeat("x", 3<<20)
	for range 3 {
		f(403, rawRequest("POST", "/data/track", large))
		f(404, rawRequest("POST", "/nowhere", large[:30000]))
		f(413, rawRequest("POST", "/data/track", large, integrationKey))
		f(415, rawRequest("POST", "/data/track", large, integrationKey, "Content-Encoding: lzma"))
		f(200, rawRequest("POST", "/v1/m", large[:60000]))
		f(200, rawRequest("POST", "/data/track", "6\r\n{\"even\r\n17\r\nt\":\"E\",\"visitorId\":\"v\"}\r\n0\r\n\r\n", integrationKey, "Transfer-Encoding: chunked"))
		f(200, append(rawRequest("POST", "/data/track", oneEvent, integrationKey), rawRequest("POST", "/data/track", oneEvent, integrationKey)...)) // pipelined
		f(200, nil)
	}
	if n := len(r.events()); n != 9 {
		t.Errorf("%d events", n)
	}
}

// TestExpectContinue is how curl sends what is large.
func TestExpectContinue(t *testing.T) {
	r := start(t)
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	request := rawRequest("POST", "/data/track", oneEvent, integrationKey, "Expect: 100-continue")
	head := bytes.Index(request, []byte("\r\n\r\n")) + 4
	c.Write(request[:head])
	br := bufio.NewReader(c)
	if line, err := br.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q, %v", line, err)
	}
	br.ReadString('\n')
	c.Write(request[head:])
	if got, err := http.ReadResponse(br, nil); err != nil || got.StatusCode != 200 {
		t.Fatalf("%v, %v", got, err)
	}
	r.stored(`trackEventReceived visitor="v" name="E" id="E" source="server" properties={}`)
}

// TestSenderGoesAway: of a body that does not come to its end nothing is kept, small or large.
func TestSenderGoesAway(t *testing.T) {
	r := start(t)
	for _, size := range []int{10, 9000, 300 << 10} {
		request := rawRequest("POST", "/data/track", `{"event":"E","visitorId":"v"}`+strings.Repeat(" ", size), integrationKey)
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(20 * time.Second))
		c.Write(request[:len(request)-5])
		c.(*net.TCPConn).CloseWrite()
		got, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || got.StatusCode != 400 {
			t.Fatalf("%d: %v, %v", size, got, err)
		}
		body, _ := io.ReadAll(got.Body)
		if !bytes.Contains(body, []byte(`"cut_short"`)) {
			t.Errorf("%d: %s", size, body)
		}
		c.Close()
	}
	r.stored()
}

// TestSlowSender: nobody holds a connection by sending a byte now and then, be it of a header or of a body.
func TestSlowSender(t *testing.T) {
	r := start(t)
	o := r.server.opt
	o.Metrics = prometheus.NewRegistry()
	var err error
	if r.server, err = New(o); err != nil {
		t.Fatal(err)
	}
	r.server.http.ReadTimeout = 50 * time.Millisecond
	r.listen()
	whole := rawRequest("POST", "/data/track", strings.Repeat(" ", 20000), integrationKey)
	for _, part := range [][]byte{whole[:30], whole[:len(whole)-19000], whole[:len(whole)-5000]} {
		if got := r.raw(part); got.status != 408 || !strings.Contains(got.body, `"code":"timeout"`) {
			t.Errorf("%d bytes: %d %s", len(part), got.status, got.body)
		}
	}
}

// TestPanic: a fault of the program costs one request, is told, and releases the people's lock.
func TestPanic(t *testing.T) {
	r := start(t, func(o *Options) { o.Selector = faulty{} })
	for range 2 {
		got := r.post("/v1/t", `{"userId":"u","event":"E"}`, basicKey, "Origin: https://x.example")
		if got.status != 500 || got.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(got.body, `"code":"internal"`) {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if got := r.post("/v1/m", ""); got.status != 200 {
		t.Errorf("afterwards: %d", got.status)
	}
	if n := r.counter("edge_intake_panics_total"); n != 2 {
		t.Errorf("%v panics counted", n)
	}
	if text := r.logged.String(); !strings.Contains(text, "out of order") || !strings.Contains(text, "commit.go") {
		t.Errorf("log has no trace: %s", text)
	}
}

type faulty struct{ everybody }

func (faulty) Receivers([]wal.Receiver, []byte, *event.Event, string) ([]wal.Receiver, []byte) {
	panic("selector is out of order")
}

// refusing is a log that takes nothing.
type refusing struct{ err error }

func (l refusing) Submit(*wal.Batch) error { return l.err }

// TestTryLater: what each dialect is told when the log takes nothing. The people's lock is given back every time.
func TestTryLater(t *testing.T) {
	f := func(err error, code, wait string, logs bool) {
		t.Helper()
		r := start(t, func(o *Options) { o.Log = refusing{err} })
		for range 2 {
			for _, got := range []struct {
				reply
				want int
			}{
				{r.post("/data/track", oneEvent, integrationKey), 503},
				{r.post("/v1/identify", `{"userId":"u","traits":{"a":1}}`, basicKey), 429},
				{r.post("/data/segmentio/KEY", `{"type":"page","userId":"u"}`), 429},
			} {
				if got.status != got.want || !strings.Contains(got.body, `"code":"`+code+`"`) || got.header.Get("Retry-After") != wait ||
					got.header.Get("X-Ratelimit-Reset") != wait || got.header.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%v: %d %s %v", err, got.status, got.body, got.header)
				}
			}
		}
		if n := r.counter("edge_intake_refused_requests_total", "reason", code); n != 6 {
			t.Errorf("%v: counted %v", err, n)
		}
		if got := r.logged.String() != ""; got != logs {
			t.Errorf("%v: logged %s", err, r.logged)
		}
		r.good("/v1/batch", `{"batch":[]}`, basicKey) // nothing to keep
	}
	f(wal.ErrFull, "log_full", "30", false)
	f(wal.ErrOverloaded, "overloaded", "1", false)
	f(wal.ErrClosed, "closing", "1", false)
	f(fmt.Errorf("write log: %w", errors.New("input/output error")), "disk", "1", true)
}

// TestTooManyLargeBodies: when the memory for them is taken, who comes next is asked to come again.
func TestTooManyLargeBodies(t *testing.T) {
	r := start(t, func(o *Options) { o.BodiesMax = 2 << 20 })
	body := `{"event":"E","visitorId":"v","properties":{"a":"` + strings.Repeat("x", 200<<10) + `"}}`
	r.good("/data/track", body, integrationKey)
	if !r.server.bodies.take(2<<20, 0) {
		t.Fatal("memory is taken")
	}
	if got := r.post("/data/track", body, integrationKey); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("large: %d %s", got.status, got.body)
	}
	if got := r.post("/data/track", deflateTo(t, "gzip", []byte(body)), integrationKey, "Content-Encoding: gzip"); got.status != 503 {
		t.Errorf("large when inflated: %d %s", got.status, got.body)
	}
	r.good("/data/track", oneEvent, integrationKey)
	r.server.bodies.give(2 << 20)
	r.good("/data/track", body, integrationKey)
	if used := r.server.bodies.used.Load(); used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
	// alone, a body may be larger than the budget
	r.server.bodies.max = 1
	r.good("/data/track", body, integrationKey)
}

// TestShutdown: requests under way are answered, then nothing listens.
func TestShutdown(t *testing.T) {
	r := start(t)
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	request := rawRequest("POST", "/data/track", oneEvent, integrationKey)
	c.Write(request[:40])
	done := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- r.server.Shutdown(ctx)
	}()
	for { // until the listener is closed
		probe, err := net.Dial("tcp", r.addr)
		if err != nil {
			break
		}
		probe.Close()
	}
	c.Write(request[40:])
	got, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || got.StatusCode != 200 || !got.Close {
		t.Fatalf("%v, %v", got, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	r.stored(`trackEventReceived visitor="v" name="E" id="E" source="server" properties={}`)
}

// TestShutdownFirst: whoever stops a server that has not begun yet has stopped it.
func TestShutdownFirst(t *testing.T) {
	r := start(t)
	if err := r.server.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.server.Serve(ln); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("somebody still listens")
	}
}

// TestTLS serves with a certificate from files, and with another one after it was loaded again.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cert, key, "first")
	r := start(t, func(o *Options) { o.TLSCert, o.TLSKey = cert, key })
	f := func(want string) {
		t.Helper()
		c, err := tls.Dial("tcp", r.addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := c.ConnectionState().PeerCertificates[0].Subject.CommonName; got != want {
			t.Errorf("certificate of %q, want %q", got, want)
		}
		c.Write(rawRequest("GET", "/v1/projects/KEY/settings", ""))
		got, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(got.Body); !bytes.Contains(body, []byte(`"protocol":"https"`)) {
			t.Errorf("%d %s", got.StatusCode, body)
		}
	}
	f("first")
	writeCertificate(t, cert, key, "second")
	if err := r.server.LoadCertificate(cert, key); err != nil {
		t.Fatal(err)
	}
	f("second")
	if err := r.server.LoadCertificate(cert, "nowhere"); err == nil {
		t.Error("no error for a missing key")
	}
	f("second")
}

func writeCertificate(t *testing.T, certFile, keyFile, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
