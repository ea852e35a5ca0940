package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// asker is a Live in front of a server of the test's own.
type asker struct {
	*Live
	t       *testing.T
	metrics *prometheus.Registry
	logged  bytes.Buffer
	now     atomic.Int64 // Unix nanoseconds
	asked   atomic.Int32
}

func newAsker(t *testing.T, handler http.HandlerFunc, change func(*LiveOptions)) *asker {
	t.Helper()
	a := &asker{t: t, metrics: prometheus.NewRegistry()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL + "/base")
	if err != nil {
		t.Fatal(err)
	}
	a.now.Store(1e18)
	o := LiveOptions{Name: "upstream/demo", URL: u, Metrics: NewMetrics(a.metrics), Logger: slog.New(slog.NewTextHandler(&a.logged, nil)),
		Now: func() time.Time { return time.Unix(0, a.now.Load()) }}
	if change != nil {
		change(&o)
	}
	a.Live = NewLive(o)
	t.Cleanup(a.Close)
	return a
}

func guides() *Request {
	return &Request{Method: []byte("GET"), Target: []byte("data/guide.json/KEY?id=1&jzb=eJw")}
}

// counted is how often each outcome was counted.
func (a *asker) counted(want string) {
	a.t.Helper()
	families, err := a.metrics.Gather()
	if err != nil {
		a.t.Fatal(err)
	}
	var got []string
	for _, m := range families[0].GetMetric() {
		got = append(got, fmt.Sprintf("%s %v", m.GetLabel()[0].GetValue(), m.GetCounter().GetValue()))
	}
	if g := strings.Join(got, ", "); g != want {
		a.t.Errorf("counted %s, want %s", g, want)
	}
}

// TestAskedBytes looks at what the upstream is sent, to the letter.
func TestAskedBytes(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		var head strings.Builder
		for line := ""; line != "\r\n"; head.WriteString(line) {
			if line, err = in.ReadString('\n'); err != nil {
				break
			}
		}
		body := make([]byte, len(beacon().Body))
		_, _ = io.ReadFull(in, body)
		got <- head.String() + string(body)
		_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	}()
	l := NewLive(LiveOptions{URL: &url.URL{Scheme: "http", Host: ln.Addr().String(), Path: "/base/"}, Via: "me"})
	defer l.Close()
	defer ln.Close()
	q := beacon()
	q.Target = []byte("data//guide.json/%4BEY?a b&c=%zz\xff")
	q.Header[UserAgent] = nil
	reply, err := l.Ask(q)
	if err != nil || reply.Status != 204 {
		t.Fatal(reply, err)
	}
	want := strings.ReplaceAll("POST /base/data//guide.json/%4BEY?a%20b&c=%zz\xff HTTP/1.1\nHost: "+ln.Addr().String()+`
Content-Length: 41
Accept-Language: de-AT,de;q=0.9
Content-Encoding: gzip
Content-Type: text/plain;charset=UTF-8
Origin: https://app.example.com
Referer: https://app.example.com/
X-Edgerelay-Via: another, me
X-Forwarded-For: 203.0.113.9, 10.0.0.7

`, "\n", "\r\n") + string(beacon().Body)
	if g := <-got; g != want {
		t.Errorf("got\n%s\nwant\n%s", g, want)
	}
}

func TestReplies(t *testing.T) {
	var answer http.HandlerFunc
	a := newAsker(t, func(w http.ResponseWriter, r *http.Request) { answer(w, r) }, func(o *LiveOptions) { o.ReplyMax, o.Failures = 1000, 100 })
	f := func(what string, with http.HandlerFunc, want Reply, fault string) {
		t.Helper()
		answer = with
		q := guides()
		q.Set(AcceptEncoding, []byte("gzip"))
		if what == "not modified" {
			q.Set(IfNoneMatch, []byte(`"x"`))
		}
		reply, err := a.Ask(q)
		switch {
		case fault != "":
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%s: %v, want %s", what, err, fault)
			}
		case err != nil:
			t.Errorf("%s: %v", what, err)
		case fmt.Sprint(*reply) != fmt.Sprint(want):
			t.Errorf("%s: %v, want %v", what, *reply, want)
		}
	}
	write := func(status int, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	f("all of it", write(200, "{}", "Content-Type", "application/json", "Content-Encoding", "gzip", "Cache-Control", "max-age=5", "ETag", `"x"`,
		"Set-Cookie", "a=b", "Access-Control-Allow-Origin", "*"), Reply{200, "application/json", "gzip", "max-age=5", `"x"`, []byte("{}")}, "")
	f("identity", write(200, "{}", "Content-Type", "a/b", "Content-Encoding", "identity"), Reply{200, "a/b", "", "", "", []byte("{}")}, "")
	f("do not process", write(451, "x", "Content-Type", "a/b"), Reply{451, "a/b", "", "", "", []byte("x")}, "")
	f("not modified", write(304, "", "ETag", `"x"`), Reply{304, "", "", "", `"x"`, []byte{}}, "")
	f("not modified, unasked", write(304, ""), Reply{}, "the upstream answered 304")
	f("a part", write(206, "x", "Content-Range", "bytes 0-0/2"), Reply{}, "the upstream answered 206")
	f("of unknown length", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "a/b")
		_, _ = io.WriteString(w, "one ")
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, "two")
	}, Reply{200, "a/b", "", "", "", []byte("one two")}, "")
	f("redirect", write(302, "", "Location", "/elsewhere"), Reply{}, "the upstream answered 302")
	f("refused", write(403, "x"), Reply{}, "the upstream answered 403")
	f("too many", write(429, "x"), Reply{}, "the upstream answered 429")
	f("broken", write(500, "x"), Reply{}, "the upstream answered 500")
	f("unknown encoding", write(200, "x", "Content-Encoding", "br"), Reply{}, "not asked for")
	f("too large", write(200, strings.Repeat("x", 1001)), Reply{}, errReplyTooLarge.Error())
	f("too large, of unknown length", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 900))
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, strings.Repeat("x", 900))
	}, Reply{}, errReplyTooLarge.Error())
	f("cut short", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "12345")
	}, Reply{}, "the reply broke off")
	if n := a.asked.Load(); n != 15 {
		t.Errorf("the upstream was asked %d times", n)
	}
	a.counted("declined 4, failed 6, passed 5, skipped 0")
	answer = write(200, "{}", "Content-Encoding", "gzip")
	if reply, err := a.Ask(guides()); err == nil {
		t.Errorf("gzip was taken that nobody asked for: %v", reply)
	}
}

// TestOutageCostsNoTime: an upstream that hangs is asked three times, then not at all, then once in a while.
func TestOutageCostsNoTime(t *testing.T) {
	var hangs atomic.Bool
	release := make(chan struct{})
	a := newAsker(t, func(w http.ResponseWriter, r *http.Request) {
		if hangs.Load() {
			<-release
		}
	}, func(o *LiveOptions) { o.Timeout = 30 * time.Millisecond })
	t.Cleanup(func() { close(release) })
	ask := func(ok bool, asked int32) {
		t.Helper()
		if _, err := a.Ask(guides()); (err == nil) != ok {
			t.Errorf("asking ended with %v", err)
		}
		if n := a.asked.Load(); n != asked {
			t.Errorf("the upstream was asked %d times, want %d", n, asked)
		}
	}
	ask(true, 1)
	hangs.Store(true)
	for n := range int32(3) {
		ask(false, 2+n)
	}
	for range 100 {
		if _, err := a.Ask(guides()); err != errOpen {
			t.Fatalf("asking ended with %v", err)
		}
	}
	a.now.Add(5e9)
	ask(false, 5)
	hangs.Store(false)
	ask(false, 5)
	a.now.Add(5e9)
	ask(true, 6)
	ask(true, 7)
	a.counted("declined 0, failed 4, passed 3, skipped 101")
	if got := a.logged.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "does not answer") || !strings.Contains(got, "answers again") {
		t.Errorf("logged\n%s", got)
	}
}

func TestNobodyListens(t *testing.T) {
	a := newAsker(t, nil, func(o *LiveOptions) { o.URL = &url.URL{Scheme: "http", Host: "127.0.0.1:1"} })
	for range 5 {
		if _, err := a.Ask(guides()); err == nil {
			t.Fatal("somebody answered")
		}
	}
	a.counted("declined 0, failed 3, passed 0, skipped 2")
}

// TestRequestsWaitForTheirTurn: one at a time here, and whose turn does not come goes without.
func TestRequestsWaitForTheirTurn(t *testing.T) {
	var under, most atomic.Int32
	release := make(chan struct{})
	a := newAsker(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), under.Add(1)))
		<-release
		under.Add(-1)
	}, func(o *LiveOptions) { o.InFlight, o.Timeout = 1, time.Minute })
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			if _, err := a.Ask(guides()); err != nil {
				t.Error(err)
			}
		})
	}
	close(release)
	asking.Wait()
	if most.Load() != 1 {
		t.Errorf("%d at once", most.Load())
	}
	a.seats <- struct{}{}
	a.opt.Timeout = time.Millisecond
	if _, err := a.Ask(guides()); !errors.Is(err, errNoSeat) {
		t.Error(err)
	}
	a.counted("declined 0, failed 0, passed 4, skipped 1")
}

// TestCloseAnswersThoseWhoWait: a stop need not wait for an upstream that hangs.
func TestCloseAnswersThoseWhoWait(t *testing.T) {
	release, asked := make(chan struct{}), make(chan struct{})
	a := newAsker(t, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-release
	}, func(o *LiveOptions) { o.Timeout = time.Hour })
	t.Cleanup(func() { close(release) })
	ended := make(chan error)
	go func() {
		_, err := a.Ask(guides())
		ended <- err
	}()
	<-asked
	a.Close()
	if err := <-ended; err == nil {
		t.Error("there was an answer")
	}
	if _, err := a.Ask(guides()); err == nil {
		t.Error("there was an answer after the end")
	}
	a.counted("declined 0, failed 0, passed 0, skipped 2")
}
