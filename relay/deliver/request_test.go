package deliver

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/hook"
	"edgerelay/relay/sign"
	"edgerelay/wal"
)

// newTestLane is a lane of a sender that was never started.
func newTestLane(t testing.TB, w *hook.Webhook) *lane {
	t.Helper()
	o := Options{UserAgent: "edgerelay/test", Logger: slog.New(slog.DiscardHandler),
		Open: func(*hook.Webhook, func()) (Queue, error) { return newMemQueue(t), nil }}
	o.ensureDefaults()
	s, err := newSender(w, &o, newMetrics(o.Registerer, nil).of(w.Name))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.openQueue(); err != nil {
		t.Fatal(err)
	}
	signer, err := newSigner(w)
	if err != nil {
		t.Fatal(err)
	}
	return newLane(s, signer)
}

func TestRequestBytes(t *testing.T) {
	w := newWebhook(t, 1, "crm", "https://receiver.test:8443/a%20b/c?x=1&y=ä z")
	w.Schemes, w.Secret = []sign.Scheme{sign.Pendo, sign.Standard}, "s3cret"
	w.Header = []hook.Header{{Name: "Authorization", Value: "Bearer x"}, {Name: "x-team", Value: "growth"}}
	l := newTestLane(t, w)
	e := event.Sample(event.PageLoaded)
	at := time.Unix(1772366400, 0)
	entry := wal.Entry{Body: e.AppendRecord(nil), Attempts: 2}
	if err := l.encode(&entry, at); err != nil {
		t.Fatal(err)
	}
	body := format.Pendo(nil, &e, event.Note{All: true})
	signer, err := sign.New(w.Schemes, w.Secret, "")
	if err != nil {
		t.Fatal(err)
	}
	signed := ""
	for _, h := range signer.Sign([]byte("a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"), at, body) {
		signed += h.Name + ": " + string(h.Value) + "\r\n"
	}
	want := "POST /a%20b/c?x=1&y=%C3%A4%20z HTTP/1.1\r\nHost: receiver.test:8443\r\nUser-Agent: edgerelay/test\r\n" +
		"Content-Type: application/json\r\nAuthorization: Bearer x\r\nx-team: growth\r\nX-Edgerelay-Attempt: 3\r\n" +
		signed + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + string(body)
	if got := string(l.wire); got != want {
		t.Errorf("request\n%s\nwant\n%s", got, want)
	}
}

// TestRequestIsReadBack reads requests with another library: it must see what was meant.
func TestRequestIsReadBack(t *testing.T) {
	f := func(target, wantURI, wantHost string) {
		t.Helper()
		w := newWebhook(t, 1, "crm", target)
		l := newTestLane(t, w)
		e := event.Sample(event.FeatureClicked)
		if err := l.encode(&wal.Entry{Body: e.AppendRecord(nil)}, time.Now()); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(l.wire)))
		if err != nil {
			t.Errorf("%s: %v in\n%s", target, err, l.wire)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != string(l.body) || r.Method != http.MethodPost {
			t.Errorf("%s: %s with body %q, error %v", target, r.Method, body, err)
		}
		if r.RequestURI != wantURI || r.Host != wantHost {
			t.Errorf("%s goes to %q at host %q, want %q at %q", target, r.RequestURI, r.Host, wantURI, wantHost)
		}
	}
	f("http://receiver.test/hook", "/hook", "receiver.test")
	f("http://receiver.test", "/", "receiver.test")
	f("http://receiver.test?a=b", "/?a=b", "receiver.test")
	f("http://receiver.test:80/a/../b//c", "/a/../b//c", "receiver.test:80")
	f("http://receiver.test/ä/%2F/x y", "/%C3%A4/%2F/x%20y", "receiver.test")
	f("http://receiver.test/?token=a b\"c", "/?token=a%20b\"c", "receiver.test")
	f("http://127.0.0.1:9/x", "/x", "127.0.0.1:9")
	f("http://[::1]:9/x", "/x", "[::1]:9")
	f("http://[fe80::1%25eth0]:9/x", "/x", "[fe80::1]:9")
}

func TestRequestHeadersOfTheWebhookGoFirst(t *testing.T) {
	w := newWebhook(t, 1, "crm", "http://receiver.test/")
	w.Header = []hook.Header{{Name: "content-type", Value: "application/vnd.x+json"}, {Name: "USER-AGENT", Value: "mine"}}
	head := string(appendHead(nil, w, "edgerelay/test"))
	want := "POST / HTTP/1.1\r\nHost: receiver.test\r\ncontent-type: application/vnd.x+json\r\nUSER-AGENT: mine\r\n"
	if head != want {
		t.Errorf("head\n%s\nwant\n%s", head, want)
	}
}

func TestRequestOfWhatCannotBeSent(t *testing.T) {
	e := event.Sample(event.PageLoaded)
	good := e.AppendRecord(nil)
	f := func(record, note []byte, encode format.Encoder, want string) {
		t.Helper()
		w := newWebhook(t, 1, "crm", "http://receiver.test/")
		w.Plan.Body.Item = encode
		l := newTestLane(t, w)
		err := l.encode(&wal.Entry{Seq: 7, Body: record, Note: note}, time.Now())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	f(nil, nil, format.Pendo, "read record 7: ")
	f(good[:len(good)-1], nil, format.Pendo, "read record 7: ")
	f([]byte{2, 1, 1}, nil, format.Pendo, "read record 7: ")
	f(good, []byte{9}, format.Pendo, "read note of record 7: ")
	f(good, nil, func(dst []byte, _ *event.Event, _ event.Note) []byte { return dst }, "the format has no body for this event")
}

func TestRequestLetsGoOfLargeBuffers(t *testing.T) {
	l := newTestLane(t, newWebhook(t, 1, "crm", "http://receiver.test/"))
	e := event.Sample(event.TrackEventReceived)
	small := e.AppendRecord(nil)
	e.Name = []byte(`"` + strings.Repeat("x", 2*bufferKeep) + `"`)
	large := e.AppendRecord(nil)
	for _, record := range [][]byte{small, large, small} {
		if err := l.encode(&wal.Entry{Body: record}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if cap(l.body) > bufferKeep || cap(l.wire) > bufferKeep {
		t.Errorf("buffers of %d and %d bytes are kept, want at most %d", cap(l.body), cap(l.wire), bufferKeep)
	}
}

func FuzzRequestLine(f *testing.F) {
	for _, seed := range []string{"http://h/", "http://h/a b", "http://h/?a b", "http://h/\x7f?\xff", "http://[::1%25z]:1/?#f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.Parse(target)
		if err != nil || u.Scheme != "http" || u.Host == "" || u.Opaque != "" {
			return
		}
		for _, c := range []byte(u.Host) {
			if c <= ' ' || c >= 0x7f {
				return // hook.Compile refuses it
			}
		}
		w := &hook.Webhook{Target: u, Plan: urlPlan(u)}
		head := string(appendHead(nil, w, "x"))
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n")))
		if err != nil {
			t.Fatalf("%q becomes %q: %v", target, head, err)
		}
		if strings.Count(head, "\r\n") != 4 || len(r.Header) != 2 {
			t.Errorf("%q becomes %q", target, head)
		}
	})
}
