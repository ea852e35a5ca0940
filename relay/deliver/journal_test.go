package deliver

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
	"edgerelay/relay/sign"
	"edgerelay/wal"
)

// diary is a Journal that remembers what it was told.
type diary struct {
	sample bool

	mu   sync.Mutex
	told []journal.Attempt
}

func (d *diary) Sample() bool { return d.sample }

func (d *diary) Append(queue uint32, a *journal.Attempt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	own := *a
	own.Queue = queue
	own.Request, own.Reply, own.Body = slices.Clone(a.Request), slices.Clone(a.Reply), slices.Clone(a.Body)
	d.told = append(d.told, own)
}

func (d *diary) entries() []journal.Attempt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.told)
}

// wait returns once n attempts were told of.
func (d *diary) wait(t *testing.T, n int) []journal.Attempt {
	t.Helper()
	eventually(t, func() bool { return len(d.entries()) >= n }, func() string {
		return fmt.Sprintf("told of %d attempts, want %d", len(d.entries()), n)
	})
	return d.entries()
}

// outline is what an entry says in short.
func outline(all []journal.Attempt) (lines []string) {
	for _, a := range all {
		lines = append(lines, fmt.Sprintf("%d %s %d %s", a.Number, a.Outcome, a.Status, a.Reason))
	}
	return lines
}

func TestJournalIsToldOfEachFailure(t *testing.T) {
	f := func(status []int, retries int, sample bool, want ...string) {
		t.Helper()
		r := newReceiver(t, func(n int, ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(status[min(n, len(status))-1]) })
		d := &diary{sample: sample}
		g := newRig(t, r.url, func(o *Options, w *hook.Webhook) { o.Journal, w.Retries = d, retries })
		g.send(t, "v", "e")
		g.drained(t)
		if got := outline(d.entries()); !slices.Equal(got, want) {
			t.Errorf("status %v, %d retries: told of %q, want %q", status, retries, got, want)
		}
	}
	f([]int{503, 500, 200}, 3, false, "1 retry 503 503 Service Unavailable", "2 retry 500 500 Internal Server Error")
	f([]int{503, 500, 200}, 3, true, "1 retry 503 503 Service Unavailable", "2 retry 500 500 Internal Server Error", "3 delivered 200 ")
	f([]int{503}, 1, true, "1 retry 503 503 Service Unavailable", "2 dead 503 attempt 2 was the last: 503 Service Unavailable")
	f([]int{404}, 3, true, "1 dead 404 404 Not Found")
	f([]int{410}, 3, true, "1 gone 410 410 Gone")
	f([]int{204}, 3, false)
}

// TestJournalIsToldEverything compares one entry with what the receiver saw and answered.
func TestJournalIsToldEverything(t *testing.T) {
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) {
		ctx.SetStatusCode(422)
		ctx.Response.Header.Set("X-Request-Id", "r-1")
		ctx.SetContentType("text/plain")
		ctx.SetBodyString("no such account")
	})
	d := &diary{}
	before := time.Now()
	g := newRig(t, r.url, func(o *Options, w *hook.Webhook) {
		o.Journal = d
		w.Secret, w.Schemes = "s3cret", []sign.Scheme{sign.Pendo}
		w.Header = []hook.Header{{Name: "Authorization", Value: "Bearer hunter2"}, {Name: "X-Team", Value: "growth"}}
	})
	g.send(t, "v", "e")
	got := d.wait(t, 1)[0]
	seen := r.wait(t, 1)[0]
	var lines []string
	for _, h := range got.Request {
		lines = append(lines, h.Name+": "+h.Value)
	}
	if want := strings.Split(strings.TrimSpace(seen.head), "\r\n")[1:]; !sameLines(lines, want) {
		t.Errorf("request headers %q, the receiver got %q", lines, want)
	}
	for _, h := range []journal.Header{{Name: "X-Request-Id", Value: "r-1"}, {Name: "Content-Type", Value: "text/plain"}, {Name: "Content-Length", Value: "15"}} {
		if !slices.Contains(got.Reply, h) {
			t.Errorf("reply headers %v lack %v", got.Reply, h)
		}
	}
	if got.Queue != 1 || got.Webhook != "crm" || got.Event != "trackEventReceived" || got.UniqueID != seen.id ||
		got.Size != len(seen.body) || string(got.Body) != "no such account" || got.Truncated || got.Sampled {
		t.Errorf("told of %+v", got)
	}
	if got.Time.Before(before) || got.Time.After(time.Now()) {
		t.Errorf("the attempt ended at %v, the test began at %v", got.Time, before)
	}
}

// sameLines compares headers in whatever order and case of their names.
func sameLines(a, b []string) bool {
	norm := func(lines []string) []string {
		out := make([]string, len(lines))
		for i := range lines {
			name, value, _ := strings.Cut(lines[i], ": ")
			out[i] = strings.ToLower(name) + ": " + value
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(norm(a), norm(b))
}

// TestJournalIsToldOfReplies that are long, or no text, or made up by nobody.
func TestJournalIsToldOfReplies(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 5<<10) // 80 KiB
	f := func(reply string, check func(a *journal.Attempt) bool) {
		t.Helper()
		w := newWire(t, func(_ int, c net.Conn) {
			if readRequest(c) != "" {
				_, _ = io.WriteString(c, reply)
			}
		})
		d := &diary{}
		g := newRig(t, w.url, func(o *Options, h *hook.Webhook) { o.Journal, h.Retries = d, 0 })
		g.send(t, "v", "e")
		if got := d.wait(t, 1)[0]; !check(&got) {
			t.Errorf("%.60q: told of %d headers %v, %d bytes of body, truncated %v", reply, len(got.Reply), got.Reply, len(got.Body), got.Truncated)
		}
	}
	f("HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nabc", func(a *journal.Attempt) bool {
		return string(a.Body) == "abc" && !a.Truncated && slices.Equal(a.Reply, []journal.Header{{Name: "Content-Length", Value: "3"}})
	})
	f("HTTP/1.1 500 No\r\nConnection: close\r\n\r\nuntil the end", func(a *journal.Attempt) bool {
		return string(a.Body) == "until the end" && !a.Truncated
	})
	f("HTTP/1.1 500 No\r\nContent-Length: 81920\r\n\r\n"+long, func(a *journal.Attempt) bool {
		return len(a.Body) > 0 && strings.HasPrefix(long, string(a.Body)) && a.Truncated
	})
	f("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n"+long[:4096]+"\r\nffff\r\n"+long[:65535]+"\r\n0\r\n\r\n", func(a *journal.Attempt) bool {
		return string(a.Body) == long[:4096] && a.Truncated
	})
	f("HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\nabc", func(a *journal.Attempt) bool { return a.Truncated })
	f("no HTTP at all\r\n\r\n", func(a *journal.Attempt) bool {
		return len(a.Reply) == 0 && len(a.Body) == 0 && a.Status == 0 && len(a.Request) > 0
	})
}

// TestJournalIsToldOfNoReply of the attempt before.
func TestJournalIsToldOfNoReply(t *testing.T) {
	w := newWire(t, func(n int, c net.Conn) {
		if readRequest(c) != "" && n == 1 {
			_, _ = io.WriteString(c, "HTTP/1.1 500 No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
		}
	})
	d := &diary{}
	g := newRig(t, w.url, func(o *Options, h *hook.Webhook) { o.Journal, h.Retries, h.InFlight = d, 1, 1 })
	g.send(t, "v", "e")
	told := d.wait(t, 2)
	if string(told[0].Body) != "abc" || len(told[1].Body) > 0 || len(told[1].Reply) > 0 || told[1].Status != 0 {
		t.Errorf("told of %+v and then of %+v", told[0], told[1])
	}
}

// TestJournalIsToldWhatWasNeverSent: a record that cannot be read, and a name that nobody knows.
func TestJournalIsToldWhatWasNeverSent(t *testing.T) {
	d := &diary{}
	g := newRig(t, "http://nobody.test/x", func(o *Options, w *hook.Webhook) {
		o.Journal, w.Retries, w.InFlight = d, 0, 1
		o.network.resolver = newResolver(t, nil)
	})
	g.send(t, "v", "e")
	d.wait(t, 1)
	var b wal.Batch
	b.Add(wal.Record{Body: []byte("damaged"), Receivers: []wal.Receiver{{Queue: 1}}})
	if _, err := g.log.Append(&b); err != nil {
		t.Fatal(err)
	}
	told := d.wait(t, 2)
	if a := told[0]; a.Outcome != journal.Dead || a.Event != "trackEventReceived" || len(a.Request) > 0 || a.Timing.DNS <= 0 || a.Timing.TLS != 0 ||
		a.Timing.Total < a.Timing.DNS || !strings.Contains(a.Reason, "no such host") {
		t.Errorf("an unknown name: told of %+v", a)
	}
	if a := told[1]; a.Outcome != journal.Dead || a.Event != "" || a.UniqueID != "" || len(a.Request) > 0 || a.Timing != (journal.Timing{}) ||
		!strings.Contains(a.Reason, "read record") {
		t.Errorf("a damaged record: told of %+v", a)
	}
}

// TestTimingOfAnAttempt splits the time of a first attempt, with all its parts, and of one on the same connection.
func TestTimingOfAnAttempt(t *testing.T) {
	s := newTLSReceiver(t, nil)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	d := &diary{sample: true}
	g := newRig(t, "https://example.com:"+port+"/hook", func(o *Options, w *hook.Webhook) {
		keepLanes(1)(o, w)
		o.Journal = d
		o.network.roots, o.network.resolver = roots, newResolver(t, map[string]string{"example.com.": "127.0.0.1"})
	})
	g.send(t, "v", "1")
	first := d.wait(t, 1)[0].Timing
	if first.Reused || first.DNS <= 0 || first.Connect <= 0 || first.TLS <= 0 || first.FirstByte <= 0 ||
		first.Total < first.DNS+first.Connect+first.TLS+first.FirstByte {
		t.Errorf("a new connection: %+v", first)
	}
	g.send(t, "v", "2")
	second := d.wait(t, 2)[1].Timing
	if !second.Reused || second.DNS != 0 || second.Connect != 0 || second.TLS != 0 || second.FirstByte <= 0 || second.Total < second.FirstByte {
		t.Errorf("the same connection again: %+v", second)
	}
	s.CloseClientConnections()
	g.send(t, "v", "3")
	if third := d.wait(t, 3)[2].Timing; third.Reused || third.TLS <= 0 || third.FirstByte <= 0 {
		t.Errorf("a connection in place of one that was closed: %+v", third)
	}
}

// TestTimingOfABrokenHandshake knows how far it came.
func TestTimingOfABrokenHandshake(t *testing.T) {
	s := newTLSReceiver(t, nil)
	d := &diary{}
	g := newRig(t, s.URL, func(o *Options, w *hook.Webhook) { o.Journal, w.Retries = d, 0 }) // its authority is not known
	g.send(t, "v", "1")
	if a := d.wait(t, 1)[0]; a.Timing.Connect <= 0 || a.Timing.TLS <= 0 || a.Timing.FirstByte != 0 || len(a.Request) > 0 {
		t.Errorf("told of %+v", a)
	}
}

// TestAttemptThatWasCutOffIsNotTold: it was none.
func TestAttemptThatWasCutOffIsNotTold(t *testing.T) {
	came := make(chan struct{})
	w := newWire(t, func(_ int, c net.Conn) {
		close(came)
		hold(c)
	})
	d := &diary{sample: true}
	g := newRig(t, w.url, func(o *Options, h *hook.Webhook) { o.Journal, h.InFlight = d, 1 })
	g.send(t, "v", "e")
	<-came
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if cut := g.fleet.Stop(ctx); cut != 1 {
		t.Errorf("%d attempts were cut off, want 1", cut)
	}
	if told := d.entries(); len(told) != 0 {
		t.Errorf("told of %q", outline(told))
	}
}

// TestSecretsNeverReachTheJournalsDisk reads every byte that a delivery with secrets left in the log's state.
func TestSecretsNeverReachTheJournalsDisk(t *testing.T) {
	const token, key, cookie = "Bearer hunter2-and-more", "k-0123456789", "session=abcdef0123456789"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("X-Api-Key"))
		w.Header().Set("Set-Cookie", "id=server-secret-1")
		w.WriteHeader(401)
		_, _ = fmt.Fprintf(w, "I got %v", r.Header)
	}))
	defer s.Close()
	var j *journal.Journal
	g := newRig(t, s.URL, func(o *Options, w *hook.Webhook) {
		o.Journal = later{&j}
		w.Header = []hook.Header{{Name: "Authorization", Value: token}, {Name: "Cookie", Value: cookie}, {Name: "X-Api-Key", Value: key}, {Name: "X-Team", Value: "growth"}}
	})
	var err error
	if j, err = journal.Open(journal.Options{State: g.log, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	g.send(t, "v", "e")
	g.drained(t)
	check := func() {
		t.Helper()
		list, _, err := j.List(1, journal.Query{})
		if err != nil || len(list) != 1 {
			t.Fatalf("%d entries, error %v", len(list), err)
		}
		text := fmt.Sprintf("%+v %s", list, list[0].Body)
		for _, secret := range []string{"hunter2", key, "abcdef0123456789", "server-secret-1"} {
			if strings.Contains(text, secret) {
				t.Errorf("the entry shows %q: %s", secret, text)
			}
		}
		for _, shown := range []string{"Authorization", "(not shown)", "growth", "X-Echo"} {
			if !strings.Contains(text, shown) {
				t.Errorf("the entry does not show %q: %s", shown, text)
			}
		}
	}
	check()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	check()
}

// later is a journal that is opened after the fleet.
type later struct{ j **journal.Journal }

func (l later) Sample() bool                            { return (*l.j).Sample() }
func (l later) Append(queue uint32, a *journal.Attempt) { (*l.j).Append(queue, a) }
