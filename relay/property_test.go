package relay

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const propertyApp = "[[app]]\nname = \"demo\"\nkey = \"k\"\nintegration_keys = [\"k1\"]\n[delivery]\nbackoff = \"10ms\"\nbackoff_max = \"50ms\"\nretries = 1000\n" +
	"disable_after = { failures = 100000, within = \"15m\" }\n"

// propertyHook is a webhook that chose properties, and one that did not.
func propertyHook(url string, events string, properties ...string) string {
	return fmt.Sprintf("[[webhook]]\nname = \"pilot\"\nurl = %q\nevents = [%s]\nenabled = true\nallow_private = true\nformat = \"userpilot\"\nproperties = [%s]\n"+
		"[[webhook]]\nname = \"plain\"\nurl = %q\nevents = [%s]\nenabled = true\nallow_private = true\nformat = \"userpilot\"\n",
		url+"/pilot", events, `"`+strings.Join(properties, `","`)+`"`, url+"/plain", events)
}

// pilotTarget is a receiver that remembers what came to each path: every attempt, and what it took.
type pilotTarget struct {
	*httptest.Server
	t      *testing.T
	mu     sync.Mutex
	closed bool // answers 503
	tries  map[string][]string
	bodies map[string][]string
}

func newPilotTarget(t *testing.T) *pilotTarget {
	g := &pilotTarget{t: t, bodies: map[string][]string{}, tries: map[string][]string{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.tries[r.URL.Path] = append(g.tries[r.URL.Path], string(body))
		if g.closed {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		g.bodies[r.URL.Path] = append(g.bodies[r.URL.Path], string(body))
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *pilotTarget) close(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = closed
}

// wait waits for a body with a text among those of a path and returns its user and company.
func (g *pilotTarget) wait(of map[string][]string, path, text string) string {
	g.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		g.mu.Lock()
		bodies := of[path]
		g.mu.Unlock()
		for _, body := range bodies {
			if strings.Contains(body, text) {
				return body[strings.Index(body, `"user":{`) : len(body)-2]
			}
		}
	}
	g.t.Fatalf("nothing with %s came to %s", text, path)
	return ""
}

func (g *pilotTarget) want(path, text, people string) {
	g.t.Helper()
	if got := g.wait(g.bodies, path, text); got != people {
		g.t.Errorf("%s with %s has\n%s, want\n%s", path, text, got, people)
	}
}

// identify says something of a visitor and the account, as Segment's SDKs do.
func (r *running) identify(path, body string) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.intake+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.SetBasicAuth("k", "")
	req.Header.Set("x-pendo-integration-key", "k1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s %s", path, resp.Status, text)
	}
}

// TestChosenProperties: the bytes of what a webhook chose, as they are when the event is accepted, from all that is known of
// visitor and account.
func TestChosenProperties(t *testing.T) {
	g := newPilotTarget(t)
	r := run(t, propertyApp+propertyHook(g.URL, `"*"`, "email", "user.role", "user.tags", "none", "company.plan", "account.seats", "name", "visitor.7", "user.firstvisit2", "score"))
	nobody := `"user":{"user_id":"v"},"company":{"id":"a"}`
	r.track("k1", "unknown")
	g.want("/pilot", `"unknown"`, nobody)
	g.want("/plain", `"unknown"`, nobody)

	r.identify("/v1/identify", `{"userId":"v","traits":{"email":"ada@example.com","role":"user","tags":["x",{"y":1}],"7":7,"name":"Ada \"A\" é","secret":"s"},"messageId":"m1"}`)
	r.identify("/v1/group", `{"userId":"v","groupId":"a","traits":{"plan":"free","name":"Acme","seats":12.50,"email":null},"messageId":"m2"}`)
	r.track("k1", "known")
	known := `"user":{"7":7,"user_id":"v","email":"ada@example.com","role":"user","tags":["x",{"y":1}],"name":"Ada \"A\" é"},` +
		`"company":{"id":"a","plan":"free","seats":12.5,"name":"Acme"}`
	g.want("/pilot", `"known"`, known)
	g.want("/plain", `"known"`, nobody)

	// The event that brings metadata is sent with it, and the metadata API's too, which names one of both.
	r.identify("/v1/identify", `{"userId":"v","traits":{"role":"admin"},"messageId":"m3"}`)
	g.want("/pilot", `"previous":{"segmentio":{"role":"user"}}`, strings.Replace(strings.Replace(known, `"user","tags"`, `"admin","tags"`, 1),
		known[strings.Index(known, `"company"`):], `"company":{"id":""}`, 1))
	r.identify("/api/v1/metadata/account/custom/value", `[{"accountId":"a","values":{"plan":"gold","score":9}}]`)
	g.want("/pilot", `"custom":{"plan":"gold"`, `"user":{"user_id":""},"company":{"id":"a","plan":"gold","seats":12.5,"name":"Acme","score":9}`)

	// Somebody new comes with all that their request says, from the first event on.
	r.identify("/v1/batch", `{"batch":[{"type":"track","event":"first","userId":"new","messageId":"b1"},`+
		`{"type":"identify","userId":"new","traits":{"email":"new@example.com"},"messageId":"b2"}]}`)
	for _, text := range []string{`"type":"visitor.created"`, `"name":"first"`, `"email":"new@example.com"}},"previous"`} {
		g.wait(g.bodies, "/pilot", text)
	}
	g.want("/pilot", `"name":"first"`, `"user":{"user_id":"new","email":"new@example.com"},"company":{"id":""}`)
	g.mu.Lock()
	defer g.mu.Unlock()
	created := 0
	for _, body := range g.bodies["/pilot"] {
		if strings.Contains(body, `"visitor.created"`) && strings.HasSuffix(body, `"user":{"user_id":"new","email":"new@example.com"},"company":{"id":""}}}`) {
			created++
		}
	}
	if created != 1 {
		t.Errorf("%d visitors were created with their address: %q", created, g.bodies["/pilot"])
	}
}

// TestPropertiesStayAsTheyWere: attempts of one event are the same bytes, though its visitor changes between them, the relay
// restarts, or the machine dies.
func TestPropertiesStayAsTheyWere(t *testing.T) {
	g := newPilotTarget(t)
	config := propertyApp + propertyHook(g.URL, `"trackEventReceived"`, "user.role", "company.plan")
	r := run(t, config)
	r.identify("/v1/identify", `{"userId":"v","traits":{"role":"user"},"messageId":"m1"}`)
	r.identify("/v1/group", `{"userId":"v","groupId":"a","traits":{"plan":"free"},"messageId":"m2"}`)
	g.close(true)
	r.track("k1", "early")
	then := `"user":{"user_id":"v","role":"user"},"company":{"id":"a","plan":"free"}`
	if got := g.wait(g.tries, "/pilot", `"early"`); got != then {
		t.Fatalf("the first attempt has %s", got)
	}
	r.identify("/v1/identify", `{"userId":"v","traits":{"role":"admin"},"messageId":"m3"}`)
	r.identify("/v1/group", `{"userId":"v","groupId":"a","traits":{"plan":"gold"},"messageId":"m4"}`)
	r.track("k1", "late")

	// What a power cut leaves is what is on disk: a copy of the folder, taken while the relay works.
	dead := t.TempDir()
	if err := os.CopyFS(dead, os.DirFS(filepath.Join(r.dir, "data"))); err != nil {
		t.Fatal(err)
	}
	r.stop()
	r.start()
	g.close(false)
	g.want("/pilot", `"early"`, then)
	g.want("/pilot", `"late"`, `"user":{"user_id":"v","role":"admin"},"company":{"id":"a","plan":"gold"}`)
	r.stop()
	g.oneBody(`"early"`)

	g.mu.Lock()
	clear(g.bodies)
	g.mu.Unlock()
	again := &running{t: t, dir: t.TempDir()}
	again.file = filepath.Join(again.dir, "config.toml")
	if err := os.Rename(dead, filepath.Join(again.dir, "data")); err != nil {
		t.Fatal(err)
	}
	again.write(config)
	again.start()
	g.want("/pilot", `"early"`, then)
	g.want("/pilot", `"late"`, `"user":{"user_id":"v","role":"admin"},"company":{"id":"a","plan":"gold"}`)
	g.oneBody(`"early"`)
}

// oneBody holds that all attempts with a text are the same bytes.
func (g *pilotTarget) oneBody(text string) {
	g.t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	different := map[string]int{}
	for _, body := range g.tries["/pilot"] {
		if strings.Contains(body, text) {
			different[body]++
		}
	}
	if len(different) != 1 {
		g.t.Errorf("bodies with %s: %v", text, different)
	}
}
