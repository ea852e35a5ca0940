package console

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when everything happens.
func noon() time.Time { return time.Date(2024, 1, 15, 12, 0, 0, 0, time.UTC) }

// serving is a Server on a free port.
type serving struct {
	*Server
	t      testing.TB
	base   string
	client *http.Client
	end    func() error // shuts it down; what Serve returned
}

// mustServe starts a Server; it is stopped at the end of the test. What opts leaves out is filled.
func mustServe(t testing.TB, opts Options) *serving {
	t.Helper()
	if opts.Gatherer == nil {
		opts.Gatherer = prometheus.NewRegistry()
	}
	if opts.Now == nil {
		opts.Now = noon
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &serving{Server: s, t: t, base: "http://" + listener.Addr().String()}
	r.client = &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	r.end = sync.OnceValue(func() error {
		r.client.CloseIdleConnections()
		return errors.Join(s.Shutdown(context.Background()), <-served)
	})
	t.Cleanup(func() {
		if err := r.end(); err != nil {
			t.Errorf("end: %v", err)
		}
	})
	return r
}

// do sends a request with headers, which are names and values in turn, and returns the reply and its text.
func (r *serving) do(method, path, body string, headers ...string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.base+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, string(text)
}

// refused checks that a request is answered with an error in the project's form.
func (r *serving) refused(status int, code, field, message string, method, path, body string, headers ...string) {
	r.t.Helper()
	resp, text := r.do(method, path, body, headers...)
	var got struct{ Error fault }
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		r.t.Errorf("%s %s: %s is no error: %v", method, path, text, err)
	}
	if resp.StatusCode != status || got.Error.Code != code || got.Error.Field != field || !strings.Contains(got.Error.Message, message) {
		r.t.Errorf("%s %s: %d %s, want %d %q of field %q with %q", method, path, resp.StatusCode, text, status, code, field, message)
	}
}

func TestProbes(t *testing.T) {
	var health, ready error
	r := mustServe(t, Options{Token: "secret", Health: func() error { return health }, Ready: func() error { return ready }})
	f := func(path string, wantStatus int, want string) {
		t.Helper()
		if resp, text := r.do("GET", path, ""); resp.StatusCode != wantStatus || text != want {
			t.Errorf("%s: %d %q, want %d %q", path, resp.StatusCode, text, wantStatus, want)
		}
	}
	f("/healthz", 200, "ok\n")
	f("/readyz", 200, "ok\n")
	ready = errors.New("the log is full")
	f("/healthz", 200, "ok\n")
	f("/readyz", 503, "the log is full\n")
	health = errors.New("the disk is gone")
	f("/healthz", 503, "the disk is gone\n")
	if resp, text := r.do("HEAD", "/readyz", ""); resp.StatusCode != 503 || text != "" {
		t.Errorf("HEAD /readyz: %d %q", resp.StatusCode, text)
	}
	if resp, _ := r.do("GET", "/healthz", "", "Host", "relay.example.com"); resp.StatusCode != 503 {
		t.Errorf("a probe by name is answered %d", resp.StatusCode)
	}
	r.refused(405, "method_not_allowed", "", "is answered to GET, not to POST", "POST", "/healthz", "")
}

func TestStats(t *testing.T) {
	stats := any(map[string]any{"accepted": 12, "note": "<a&b>"})
	r := mustServe(t, Options{Stats: func() any { return stats }})
	f := func(wantStatus int, want string) {
		t.Helper()
		resp, text := r.do("GET", "/api/stats", "")
		if resp.StatusCode != wantStatus || strings.TrimSpace(text) != want || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%d %s %s, want %d %s", resp.StatusCode, resp.Header.Get("Content-Type"), text, wantStatus, want)
		}
	}
	f(200, `{"accepted":12,"note":"<a&b>"}`)
	stats = func() {}
	f(500, `{"error":{"code":"internal","message":"encode the answer: json: unsupported type: func()","field":""}}`)
	if resp, text := r.do("GET", "/", ""); resp.StatusCode != 200 || !strings.Contains(text, "Where to look") {
		t.Errorf("the page does without the numbers: %d %s", resp.StatusCode, text)
	}
	if resp, text := mustServe(t, Options{}).do("GET", "/api/stats", ""); resp.StatusCode != 200 || text != "{}\n" {
		t.Errorf("without Stats: %d %s", resp.StatusCode, text)
	}
}

func TestMetricsAndProfiles(t *testing.T) {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "edge_test_total", Help: "For this test."})
	registry.MustRegister(counter)
	counter.Add(3)
	r := mustServe(t, Options{Gatherer: registry})
	f := func(path, want string) {
		t.Helper()
		if resp, text := r.do("GET", path, ""); resp.StatusCode != 200 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %.200s, want %q in it", path, resp.StatusCode, text, want)
		}
	}
	f("/metrics", "\nedge_test_total 3\n")
	f("/debug/pprof/", "heap")
	f("/debug/pprof/goroutine?debug=1", "goroutine profile:")
	f("/debug/pprof/heap?debug=1", "heap profile:")
	f("/debug/pprof/cmdline", "console.test")
	f("/asset/console.css", "prefers-color-scheme: dark")
	f("/asset/inspect.js", "merge")
	f("/asset/overview.js", "live-part")
	f("/asset/icon.svg", "<svg")
}

func TestUnknownPathsAndMethods(t *testing.T) {
	r := mustServe(t, Options{})
	r.refused(404, "not_found", "", "/nothing", "GET", "/nothing", "")
	r.refused(404, "not_found", "", "/api/nothing", "POST", "/api/nothing", "{}")
	r.refused(404, "not_found", "", "/inspector", "POST", "/inspector", "{}")
	for path, allow := range map[string]string{"/": "GET", "/api/stats": "GET", "/metrics": "GET", "/asset/console.css": "GET", "/inspect": "DELETE, GET, POST"} {
		r.refused(405, "method_not_allowed", "", "not to PATCH", "PATCH", path, "")
		if resp, _ := r.do("PATCH", path, ""); resp.Header.Get("Allow") != allow {
			t.Errorf("%s: Allow %q, want %q", path, resp.Header.Get("Allow"), allow)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	f := func(opts Options, want string) {
		t.Helper()
		if _, err := New(opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(Options{}, "Gatherer")
	f(Options{Gatherer: prometheus.NewRegistry(), Token: "two words"}, "the token has a character")
	f(Options{Gatherer: prometheus.NewRegistry(), Token: "ü"}, "the token has a character")
}

func TestServeRefusesToBeOpenWithoutToken(t *testing.T) {
	f := func(address, token string, refused bool) {
		t.Helper()
		s, err := New(Options{Gatherer: prometheus.NewRegistry(), Token: token})
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve(listener) }()
		if !refused {
			if err := s.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}
		if err := <-served; (err != nil) != refused || refused && !strings.Contains(err.Error(), "set [console] token") {
			t.Errorf("%s with token %q: %v", address, token, err)
		}
		if _, err := listener.Accept(); err == nil {
			t.Errorf("%s is still open", address)
		}
	}
	f("0.0.0.0:0", "", true)
	f("0.0.0.0:0", "secret", false)
	f("127.0.0.1:0", "", false)
}

func TestShutdownCutsOffWhatDoesNotEnd(t *testing.T) {
	r := mustServe(t, Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /inspect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, line); err != nil || !strings.Contains(string(line), "100 Continue") {
		t.Fatalf("%q: %v", line, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Shutdown(ctx); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("Shutdown: %v", err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}
