package sink

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgerelay/relay/sign"
)

func TestMain(m *testing.M) {
	// fasthttp has one goroutine per process for the Date header, and one per server that notices its end after ten seconds.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

// noon is when everything happens.
func noon() time.Time { return time.Date(2024, 1, 15, 12, 0, 0, 0, time.Local) }

// running is a Sink and what it printed.
type running struct {
	*Sink
	url    string
	client *http.Client
	out    bytes.Buffer
	err    bytes.Buffer
	end    func() error // stops it and waits; then out and err may be read
}

// mustRun starts a Sink on a free port; it is stopped at the end of the test.
func mustRun(t *testing.T, opts Options) *running {
	t.Helper()
	r := &running{client: &http.Client{Transport: &http.Transport{}}}
	opts.Listen, opts.Out, opts.Err = "127.0.0.1:0", &r.out, &r.err
	if opts.Now == nil {
		opts.Now = noon
	}
	var err error
	if r.Sink, err = New(opts); err != nil {
		t.Fatal(err)
	}
	r.url = "http://" + r.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.end = sync.OnceValue(func() error {
		cancel()
		r.client.CloseIdleConnections()
		return <-ended
	})
	t.Cleanup(func() {
		if err := r.end(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return r
}

// post sends body with headers, which are names and values in turn, and returns the reply and its text.
func (r *running) post(t *testing.T, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.url+"/hook?x=1", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "edgerelay/1.0")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// signed is the headers that sign body in a scheme.
func signed(t *testing.T, secret, body string, schemes ...sign.Scheme) (headers []string) {
	t.Helper()
	signer, err := sign.New(schemes, secret, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range signer.Sign([]byte("0123456789abcdef0123456789abcdef01234567"), noon(), []byte(body)) {
		headers = append(headers, h.Name, string(h.Value))
	}
	return headers
}

const (
	idA   = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"
	idB   = "b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1"
	bodyA = `{"event":"pageLoaded","properties":{},"timestamp":1705316400,"visitorId":"v-1","uniqueId":"` + idA + `"}`
	bodyB = `{"event":"featureClicked","properties":{},"timestamp":1705316400,"visitorId":"v-2","uniqueId":"` + idB + `"}`
)

func TestPrintsLines(t *testing.T) {
	r := mustRun(t, Options{Secrets: []string{"old", "new"}})
	f := func(wantStatus int, body string, headers ...string) {
		t.Helper()
		if resp, text := r.post(t, body, headers...); resp.StatusCode != wantStatus {
			t.Errorf("%.60s: %d %s, want %d", body, resp.StatusCode, text, wantStatus)
		}
	}
	f(200, bodyA, append(signed(t, "new", bodyA, sign.Pendo), "X-Edgerelay-Attempt", "1")...)
	f(200, bodyB, append(signed(t, "old", bodyB, sign.Standard, sign.GitHub), "X-Edgerelay-Attempt", "12")...)
	f(401, bodyB, signed(t, "other", bodyB, sign.Pendo)...)
	f(401, bodyB)
	f(200, "\x1b[2J", signed(t, "new", "\x1b[2J", sign.PendoBare)...)
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	want := `
12:00:00.000  pageLoaded            v-1                   ` + idA + `  ok         #1
12:00:00.000  featureClicked        v-2                   ` + idB + `  ok         #12
12:00:00.000  featureClicked        v-2                   ` + idB + `  BAD        #-  answered 401  verify X-Pendo-Signature: it does not fit the body and any of the 2 secrets: compare them with the webhook's, and make sure that nothing on the way changes the body
12:00:00.000  featureClicked        v-2                   ` + idB + `  none       #-  answered 401
12:00:00.000  -                     -                     -                                         ok         #-
`
	if got := "\n" + r.out.String(); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
	first, rest, _ := strings.Cut(r.err.String(), "\n")
	if first != "sink: listening on "+r.url {
		t.Errorf("first line %q does not tell the address %s", first, r.url)
	}
	if want := "sink: received 5 in 0.0s (0/s)  distinct 2  repeated 0  bad signatures 2  refused 2  without uniqueId 1\n"; rest != want {
		t.Errorf("summary %q, want %q", rest, want)
	}
}

func TestPrintsObjects(t *testing.T) {
	r := mustRun(t, Options{Secrets: []string{"s"}, JSON: true})
	r.post(t, bodyA, append(signed(t, "s", bodyA, sign.Pendo), "X-Edgerelay-Attempt", "2")...)
	r.post(t, "{\n \"event\" : \"<a b>\" ,\"n\": 12345678901234567890}", "X-Pendo-Signature", "zz")
	r.post(t, "no\njson\xff")
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(r.out.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want one a delivery:\n%s", len(lines), r.out.String())
	}
	f := func(line string, want map[string]any, body string) {
		t.Helper()
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		for name, value := range want {
			if fmt.Sprint(got[name]) != fmt.Sprint(value) {
				t.Errorf("%s is %v, want %v", name, got[name], value)
			}
		}
		if !strings.HasSuffix(line, `,"body":`+body+"}") {
			t.Errorf("%s\ndoes not end in the body %s", line, body)
		}
	}
	f(lines[0], map[string]any{"time": noon().Format(time.RFC3339Nano), "event": "pageLoaded", "visitor": "v-1", "uniqueId": idA,
		"signature": "ok", "scheme": "pendo", "attempt": 2, "status": 200, "path": "/hook?x=1", "reason": nil}, bodyA)
	f(lines[1], map[string]any{"event": "<a b>", "visitor": "", "signature": "BAD", "attempt": 0, "status": 401,
		"reason": `verify X-Pendo-Signature: "zz" is no HMAC-SHA256: want sha256= and 64 hex digits, or the digits alone`},
		`{"event":"<a b>","n":12345678901234567890}`)
	f(lines[2], map[string]any{"event": "", "signature": "none", "status": 401}, `"no\njson`+"\uFFFD"+`"`)
	if !strings.Contains(lines[0], `"User-Agent":"edgerelay/1.0"`) {
		t.Errorf("no headers in %s", lines[0])
	}
}

func TestSchemesWithoutSecret(t *testing.T) {
	r := mustRun(t, Options{JSON: true})
	for _, scheme := range []sign.Scheme{sign.Pendo, sign.PendoBare, sign.Standard, sign.GitHub, sign.Userpilot} {
		if resp, _ := r.post(t, bodyA, signed(t, "s", bodyA, scheme)...); resp.StatusCode != 200 {
			t.Errorf("%s: %d", scheme, resp.StatusCode)
		}
	}
	r.post(t, bodyA)
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(r.out.String(), `"signature":"unchecked"`); got != 5 {
		t.Errorf("%d signatures are unchecked, want 5:\n%s", got, r.out.String())
	}
	if got := strings.Count(r.out.String(), `"signature":"none"`); got != 1 {
		t.Errorf("%d signatures are none, want 1", got)
	}
	if c := r.Counts(); c.BadSignatures != 0 || c.Distinct != 1 || c.Repeated != 5 {
		t.Errorf("counts %+v", c)
	}
}

// TestEverySchemeVerifies: the quick way and sign.Verify agree.
func TestEverySchemeVerifies(t *testing.T) {
	r := mustRun(t, Options{Secrets: []string{"s"}, JSON: true})
	f := func(wantStatus int, wantScheme string, headers ...string) {
		t.Helper()
		resp, text := r.post(t, bodyA, headers...)
		if resp.StatusCode != wantStatus {
			t.Errorf("%q: %d %s, want %d", headers, resp.StatusCode, text, wantStatus)
		}
		r.mu.Lock()
		line := r.out.String()
		r.out.Reset()
		r.mu.Unlock()
		if want := `"scheme":"` + wantScheme + `"`; wantStatus == 200 && !strings.Contains(line, want) {
			t.Errorf("%s\nhas no %s", line, want)
		}
	}
	both := func(a, b sign.Scheme) []string { return signed(t, "s", bodyA, a, b) }
	f(200, "pendo", signed(t, "s", bodyA, sign.Pendo)...)
	f(200, "pendo-bare", signed(t, "s", bodyA, sign.PendoBare)...)
	f(200, "github", signed(t, "s", bodyA, sign.GitHub)...)
	f(200, "standard", signed(t, "s", bodyA, sign.Standard)...)
	f(200, "userpilot", signed(t, "s", bodyA, sign.Userpilot)...)
	f(200, "pendo", both(sign.Pendo, sign.GitHub)...)
	f(200, "pendo", both(sign.Userpilot, sign.Pendo)...)

	// One signature that fits does not make up for one that does not.
	wrong := "sha256=" + strings.Repeat("0", 64)
	f(401, "", append(signed(t, "s", bodyA, sign.Pendo), "X-Hub-Signature-256", wrong)...)
	f(401, "", append(signed(t, "s", bodyA, sign.Pendo), "X-Signature", "t=1,v1="+strings.Repeat("0", 64))...)
	f(401, "", append(signed(t, "s", bodyA, sign.GitHub), "X-Pendo-Signature", wrong)...)
	f(401, "", append(signed(t, "s", bodyA, sign.GitHub), "Webhook-Signature", "v1,xx")...)
}

func TestCounts(t *testing.T) {
	r := mustRun(t, Options{Count: true})
	for _, body := range []string{bodyA, bodyB, bodyA, `{}`, `{"messageId":"m"}`} {
		r.post(t, body)
	}
	r.post(t, `{"type":"x"}`, "webhook-id", "w")
	r.post(t, `{"type":"y"}`, "webhook-id", "w")
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	want := "sink: received 7 in 0.0s (0/s)  distinct 4  repeated 2  bad signatures 0  without uniqueId 1\n"
	if got := r.out.String(); got != want {
		t.Errorf("printed %q, want the summary alone %q", got, want)
	}
}

func TestShareFails(t *testing.T) {
	r := mustRun(t, Options{Count: true, Status: 503, Share: 0.1, RetryAfter: 1500 * time.Millisecond})
	failed := 0
	for range 200 {
		resp, text := r.post(t, bodyA)
		switch resp.StatusCode {
		case 503:
			failed++
			if resp.Header.Get("Retry-After") != "2" || text != "this sink was started with --status 503\n" {
				t.Fatalf("Retry-After %q, text %q", resp.Header.Get("Retry-After"), text)
			}
		case 200:
			if resp.Header.Get("Retry-After") != "" || text != "" {
				t.Fatalf("a good answer has Retry-After %q, text %q", resp.Header.Get("Retry-After"), text)
			}
		default:
			t.Fatalf("status %d", resp.StatusCode)
		}
	}
	if failed < 18 || failed > 22 {
		t.Errorf("%d of 200 failed, want 20", failed)
	}
	// What was refused may come again without being a repeat.
	if c := r.Counts(); c.Refused != uint64(failed) || c.Distinct != 1 || c.Repeated != 199-uint64(failed) {
		t.Errorf("%d failed, counts %+v", failed, c)
	}
}

func TestStatusForAll(t *testing.T) {
	f := func(status int) {
		t.Helper()
		r := mustRun(t, Options{Count: true, Status: status, Share: 1})
		if resp, _ := r.post(t, bodyA); resp.StatusCode != status {
			t.Errorf("answered %d, want %d", resp.StatusCode, status)
		}
		if refused, want := r.Counts().Refused, uint64(1); (status > 299) != (refused == want) {
			t.Errorf("status %d: refused %d", status, refused)
		}
	}
	f(204)
	f(302)
	f(304)
	f(410)
	f(500)
}

// TestDelayEndsWithRun: the answer is held back for an hour, and comes when the sink is stopped.
func TestDelayEndsWithRun(t *testing.T) {
	r := mustRun(t, Options{Count: true, Delay: time.Hour})
	status := make(chan int)
	go func() {
		resp, _ := r.post(t, bodyA)
		status <- resp.StatusCode
	}()
	for r.Counts().Received == 0 {
		select {
		case got := <-status:
			t.Fatalf("answered %d at once", got)
		case <-time.After(time.Millisecond):
		}
	}
	go func() { _ = r.end() }()
	if got := <-status; got != 200 {
		t.Errorf("answered %d, want 200", got)
	}
}

func TestBadRequests(t *testing.T) {
	r := mustRun(t, Options{})
	f := func(request, wantStatus, wantText string) {
		t.Helper()
		conn, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		if !strings.HasPrefix(resp.Status, wantStatus) || !strings.Contains(string(text), wantText) {
			t.Errorf("%.40q: %s %s, want %s %s", request, resp.Status, text, wantStatus, wantText)
		}
	}
	f("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "405", "a receiver of webhook deliveries")
	f("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "405", "POST one")
	f("nonsense\r\n\r\n", "400", "")
	f("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", "413", "")
	f("POST / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("y", headersMax)+"\r\n\r\n", "431", "")
	f("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "200", "")
	if c := r.Counts(); c.Received != 1 || c.Malformed != 3 {
		t.Errorf("counts %+v, want 1 received and 3 malformed", c)
	}
}

func TestNewNamesAllFaults(t *testing.T) {
	f := func(opts Options, want ...string) {
		t.Helper()
		opts.Listen = "127.0.0.1:0"
		s, err := New(opts)
		if len(want) == 0 {
			if err != nil {
				t.Errorf("%+v: %v", opts, err)
			} else if err := s.Close(); err != nil {
				t.Error(err)
			}
			return
		}
		if err == nil || len(strings.Split(err.Error(), "\n")) != len(want) {
			t.Errorf("%+v: %v; want %d faults", opts, err, len(want))
			return
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v: lacks %q", err, part)
			}
		}
	}
	f(Options{})
	f(Options{Share: 1}) // the flag's default
	f(Options{Status: 503, Share: 1, RetryAfter: time.Second, Delay: time.Second, Secrets: []string{"whsec_!"}})
	f(Options{Status: 99, Share: 1}, "--status 99 is no final HTTP status")
	f(Options{Status: 600, Share: 2}, "--status 600", "--share 2")
	f(Options{Status: 500}, "--share 0 leaves no request")
	f(Options{Share: 0.5}, "add --status 500")
	f(Options{Delay: -1, RetryAfter: -1, Share: -1}, "--delay", "--retry-after", "--share")
	f(Options{RetryAfter: 1}, "add --status 503")
	f(Options{Delay: 2 * time.Hour}, "use 0s to 1h0m0s")
	f(Options{Secrets: []string{""}}, "--secret is empty")
}

func TestAddressInUse(t *testing.T) {
	r := mustRun(t, Options{})
	_, err := New(Options{Listen: r.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("%v; want the next step", err)
	}
}

func TestRunBeforeAnythingIsStopped(t *testing.T) {
	s, err := New(Options{Listen: "127.0.0.1:0", Out: io.Discard, Err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
}

// full is a disk or a pipe that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestEndsWhenItCannotPrint(t *testing.T) {
	s, err := New(Options{Listen: "127.0.0.1:0", Out: full{}, Err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- s.Run(context.Background()) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post("http://"+s.Addr().String(), "", strings.NewReader(bodyA))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if err := <-ended; err == nil || err.Error() != "print deliveries: no space left" {
		t.Errorf("Run: %v", err)
	}
}
