package relay

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// pendo is the service behind the relay: it remembers what it is sent.
type pendo struct {
	*httptest.Server
	t      *testing.T
	answer atomic.Pointer[http.HandlerFunc] // nil: 200 and a GIF

	mu  sync.Mutex
	got []string
}

func newPendo(t *testing.T) *pendo {
	p := &pendo{t: t}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text := r.Method + " " + r.RequestURI
		for _, name := range []string{"User-Agent", "Referer", "Origin", "Content-Type", "X-Forwarded-For"} {
			if value := r.Header.Get(name); value != "" {
				text += " " + name + "=" + value
			}
		}
		p.mu.Lock()
		p.got = append(p.got, strings.TrimSpace(text+" "+string(body)))
		p.mu.Unlock()
		if f := p.answer.Load(); f != nil {
			(*f)(w, r)
			return
		}
		w.Header().Set("Content-Type", "image/gif")
		_, _ = io.WriteString(w, "GIF89a")
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *pendo) answers(f http.HandlerFunc) { p.answer.Store(&f) }

// requests are those that came to an endpoint.
func (p *pendo) requests(endpoint string) (got []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.got {
		if strings.Contains(text, " /data/"+endpoint) {
			got = append(got, text)
		}
	}
	return got
}

// wait waits until n requests have come to an endpoint.
func (p *pendo) wait(endpoint string, n int) []string {
	p.t.Helper()
	for range 12000 {
		if got := p.requests(endpoint); len(got) >= n {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.t.Fatalf("%d of %d requests came to %s", len(p.requests(endpoint)), n, endpoint)
	return nil
}

// jzb encodes a payload as Pendo's agent does.
func jzb(payload string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = io.WriteString(z, payload)
	_ = z.Close()
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// agentBatch is a batch of one event.
func agentBatch(kind string, n int, props string) string {
	return jzb(fmt.Sprintf(`[{"type":%q,"browser_time":%d,"visitor_id":"v","account_id":"a","url":"https://app.example.com/","props":%s,"frameId":"f","sequence":%d}]`,
		kind, time.Now().UnixMilli(), props, n))
}

// ask sends a request as a browser does and returns status and body of the answer.
func (r *running) ask(method, path, body string) (status int, answer string) {
	r.t.Helper()
	request, err := http.NewRequest(method, r.intake+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("User-Agent", "Browser")
	request.Header.Set("Referer", "https://app.example.com/")
	if body != "" {
		request.Header.Set("Content-Type", "text/plain;charset=UTF-8")
		request.Header.Set("Origin", "https://app.example.com")
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return got.StatusCode, string(text)
}

// told sends a batch and checks that it is taken.
func (r *running) told(method, path, body string) {
	r.t.Helper()
	if status, answer := r.ask(method, path, body); status != 200 || !strings.HasPrefix(answer, "GIF89a") {
		r.t.Fatalf("%s: %d %q", path, status, answer)
	}
}

func upstreamApp(url string) string {
	return "[delivery]\ntimeout = \"500ms\"\nbackoff = \"20ms\"\nbackoff_max = \"100ms\"\n[[app]]\nname = \"demo\"\nkey = \"KEY\"\nupstream = \"" + url + "\"\n"
}

const stubbedGuides = `{"guides":[]}`

var visitor = jzb(`{"visitorId":"v","accountId":"a"}`)

// TestUpstreamGetsWhatTheAgentSends: GET and POST come through byte for byte, once, and webhooks get their events beside.
func TestUpstreamGetsWhatTheAgentSends(t *testing.T) {
	p, hooked := newPendo(t), newTarget(t)
	r := run(t, upstreamApp(p.URL)+reloadHook("a", hooked.URL, "pageLoaded"))
	get := "/data/ptm.gif/KEY?v=2.291.4_prod&ct=1795240752336&jzb=" + agentBatch("load", 1, `{}`)
	r.told("GET", "/pfx"+get, "")
	r.told("GET", "/pfx"+get+"&rt=1", "")
	post, body := "/data/ptm.gif/KEY?v=2.291.4_prod&ct=1795240752336&s=12", ` {"events":"`+agentBatch("load", 2, `{}`)+`"}`
	r.told("POST", post, body)
	r.told("GET", "/data/log.gif/KEY?msg=a%20b", "")
	const browser = " User-Agent=Browser Referer=https://app.example.com/"
	want := map[string]bool{
		"GET " + get + browser + " X-Forwarded-For=127.0.0.1":                                                                                true,
		"POST " + post + browser + " Origin=https://app.example.com Content-Type=text/plain;charset=UTF-8 X-Forwarded-For=127.0.0.1 " + body: true,
		"GET /data/log.gif/KEY?msg=a%20b" + browser + " X-Forwarded-For=127.0.0.1":                                                           true,
	}
	for _, got := range append(p.wait("ptm.gif", 2), p.wait("log.gif", 1)...) {
		if !want[got] {
			t.Errorf("the upstream got\n%s", got)
		}
		delete(want, got)
	}
	for text := range want {
		t.Errorf("the upstream did not get\n%s", text)
	}
	hooked.wait(`"pageLoaded"`)
	r.stop()
	if n := len(p.requests("")); n != 3 {
		t.Errorf("%d requests came", n)
	}
}

// TestUpstreamOutage: while the upstream hangs, fails or is away, the agent is answered as ever, and the upstream gets
// everything when it is back, over a restart of the relay as well.
func TestUpstreamOutage(t *testing.T) {
	release := make(chan struct{})
	hang := func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	fail := func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	for name, outage := range map[string]http.HandlerFunc{"hangs": hang, "fails": fail, "breaks off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPendo(t)
			p.answers(outage)
			r := run(t, upstreamApp(p.URL))
			var asking sync.WaitGroup
			for range 3 { // who has to find out, some of them by waiting
				asking.Go(func() {
					if status, answer := r.ask("GET", "/data/guide.json/KEY?jzb="+visitor, ""); status != 200 || answer != stubbedGuides {
						t.Errorf("%d %s", status, answer)
					}
				})
			}
			for n := range 5 {
				r.told("GET", "/data/ptm.gif/KEY?jzb="+agentBatch("load", n, `{}`), "")
			}
			asking.Wait()
			asked := len(p.requests("guide.json"))
			for range 20 {
				if status, answer := r.ask("GET", "/data/guide.json/KEY?jzb="+visitor, ""); status != 200 || answer != stubbedGuides {
					t.Errorf("%d %s", status, answer)
				}
			}
			if n := len(p.requests("guide.json")); n > asked+1 {
				t.Errorf("an upstream that is down was asked %d times more", n-asked)
			}
			r.stop()
			r.start()
			took := make(chan string, 100)
			p.answers(func(w http.ResponseWriter, r *http.Request) { took <- r.RequestURI })
			seen := map[string]bool{}
			for range 5 {
				select {
				case target := <-took:
					if seen[target] {
						t.Errorf("%s came twice", target)
					}
					seen[target] = true
				case <-time.After(time.Minute):
					t.Fatalf("%d of 5 requests came", len(seen))
				}
			}
			r.stop()
			if len(took) > 0 {
				t.Errorf("%s came, which was not sent or came before", <-took)
			}
		})
	}
	t.Cleanup(func() { close(release) })
}

// TestUpstreamsGuidesNameEvents: what passes on its way from the upstream is known to the events that follow.
func TestUpstreamsGuidesNameEvents(t *testing.T) {
	p, hooked := newPendo(t), newTarget(t)
	const guides = `{"guides":[{"id":"g","name":"Welcome tour","steps":[{"id":"s","type":"building-block"}]}],"other":1}`
	p.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Access-Control-Allow-Origin", "https://other.example")
		_, _ = io.WriteString(w, guides)
	})
	r := run(t, upstreamApp(p.URL)+reloadHook("a", hooked.URL, "guideDisplayed"))
	if status, answer := r.ask("GET", "/data/guide.json/KEY?id=1&jzb="+visitor, ""); status != 200 || answer != guides {
		t.Errorf("%d %s", status, answer)
	}
	if got := p.requests("guide.json"); len(got) != 1 || !strings.HasPrefix(got[0], "GET /data/guide.json/KEY?id=1&jzb="+visitor+" User-Agent=Browser") {
		t.Errorf("asked %q", got)
	}
	r.told("GET", "/data/guide.gif/KEY?jzb="+agentBatch("guideSeen", 1, `{"guide_id":"g","guide_step_id":"s"}`), "")
	if hooked.wait(`"name":"Welcome tour"`) != 1 {
		t.Error("the event came more than once")
	}
}

// TestReloadOfUpstreams: one can be set, changed, taken away and set again while the relay works. What waits for one that
// is taken away waits on.
func TestReloadOfUpstreams(t *testing.T) {
	one, two := newPendo(t), newPendo(t)
	n := 0
	tell := func(r *running) {
		t.Helper()
		n++
		r.told("GET", fmt.Sprintf("/data/ptm.gif/KEY?n=%d&jzb=%s", n, agentBatch("load", n, `{}`)), "")
	}
	load := func(r *running, url string) {
		t.Helper()
		r.write(upstreamApp(url))
		if _, err := r.Reload(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, upstreamApp(""))
	tell(r)
	load(r, one.URL)
	tell(r)
	one.wait("ptm.gif/KEY?n=2", 1)
	load(r, two.URL)
	tell(r)
	two.wait("ptm.gif/KEY?n=3", 1)
	two.answers(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	tell(r)
	two.wait("ptm.gif/KEY?n=4", 1)
	load(r, "")
	tell(r)
	if status, answer := r.ask("GET", "/data/guide.json/KEY?jzb="+visitor, ""); status != 200 || answer != stubbedGuides {
		t.Errorf("%d %s", status, answer)
	}
	load(r, one.URL)
	one.wait("ptm.gif/KEY?n=4", 1)
	load(r, one.URL)
	tell(r)
	one.wait("ptm.gif/KEY?n=6", 1)
	r.stop()
	if n := len(one.requests("")); n != 3 {
		t.Errorf("%d requests came to one: %q", n, one.requests(""))
	}
}

// TestUpstreamThatLeadsBack: an upstream set to the relay's own address, as happens when its name is moved to the relay, ends
// nothing and goes round once.
func TestUpstreamThatLeadsBack(t *testing.T) {
	p := newPendo(t)
	r := run(t, upstreamApp(p.URL))
	self, round := r.intake, make(chan string, 10)
	p.answers(func(w http.ResponseWriter, q *http.Request) { // which is what the relay's own name would lead to
		again, err := http.NewRequestWithContext(q.Context(), q.Method, self+q.RequestURI, nil)
		if err != nil {
			t.Error(err)
			return
		}
		again.Header = q.Header
		got, err := http.DefaultClient.Do(again)
		if err != nil {
			t.Error(err)
			return
		}
		defer got.Body.Close()
		w.WriteHeader(got.StatusCode)
		_, _ = io.Copy(w, got.Body)
		round <- got.Status
	})
	r.told("GET", "/data/log.gif/KEY?msg=x", "")
	if status := <-round; status != "200 OK" {
		t.Error(status)
	}
	if status, answer := r.ask("GET", "/data/guide.json/KEY", ""); status != 200 || answer != stubbedGuides {
		t.Errorf("%d %s", status, answer)
	}
	r.stop()
	if n := len(p.requests("")); n != 2 {
		t.Errorf("%d requests went round", n)
	}
}
