package sink

import (
	"bytes"
	"context"
	"io"
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
